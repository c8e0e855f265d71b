// The latency ledger: which bucket a time falls into, percentiles, and what one frame's way counts.
#include "latency.hpp"

#include <time.h>

#include <cstring>

#include "stage.hpp"

using check::Stage;

namespace {

void sleep_ms(long ms) {
  const timespec time{0, ms * 1'000'000};
  nanosleep(&time, nullptr);
}

uint64_t frames_of(const es_latency& latency, int step) {
  uint64_t frames = 0;
  for (const uint64_t count : latency.bucket[step]) frames += count;
  return frames;
}

es_latency latency_of(es_consumer* consumer) {
  es_latency latency{};
  CHECK_OK(es_consumer_latency(consumer, &latency));
  return latency;
}

}  // namespace

TEST("every latency bucket starts where the one before it ends") {
  CHECK_EQUAL(es_latency_bucket_start(0), 0);
  CHECK_EQUAL(es_latency_bucket_start(1), 128);
  for (uint32_t bucket = 0; bucket + 1 < ES_LATENCY_BUCKETS; bucket++) {
    const uint64_t start = es_latency_bucket_start(bucket);
    const uint64_t next = es_latency_bucket_start(bucket + 1);
    CHECK(start < next);
    CHECK_EQUAL(es::latency_bucket(start), bucket);
    CHECK_EQUAL(es::latency_bucket(next - 1), bucket);
  }
  CHECK_EQUAL(es::latency_bucket(UINT64_MAX), ES_LATENCY_BUCKETS - 1);
}

TEST("a latency percentile is within a bucket of the truth") {
  es_latency latency{};
  CHECK_EQUAL(es_latency_percentile(&latency, ES_STEP_WAKE, 0.5), 0);
  for (uint64_t us = 1; us <= 1000; us++) latency.bucket[ES_STEP_WAKE][es::latency_bucket(us * 1000)]++;
  latency.max[ES_STEP_WAKE] = 1'000'000;
  for (const double part : {0.01, 0.5, 0.9, 0.99, 1.0}) {
    const double expected = part * 1e6;
    const auto found = static_cast<double>(es_latency_percentile(&latency, ES_STEP_WAKE, part));
    CHECK(found > expected * 0.93 && found < expected * 1.07);
  }
  CHECK_EQUAL(es_latency_percentile(&latency, ES_STEPS, 0.5), 0);
}

TEST("a frame's way is counted once in each step, and both ends read the same") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(4));
  stage.post();
  sleep_ms(20);
  const es_frame frame = stage.take(consumer);
  sleep_ms(5);
  CHECK_OK(es_consumer_release(consumer, frame.lease));
  CHECK_OK(es_consumer_release(consumer, frame.lease));
  const es_latency latency = latency_of(consumer);
  for (int step = 0; step < ES_STEPS; step++) CHECK_EQUAL(frames_of(latency, step), 1);
  CHECK(latency.max[ES_STEP_DELIVER] >= 20'000'000);
  CHECK(latency.max[ES_STEP_HOLD] >= 5'000'000);
  CHECK_EQUAL(latency.max[ES_STEP_DELIVER], latency.max[ES_STEP_WAKE] + latency.max[ES_STEP_ACQUIRE]);
  const uint64_t connection = stage.seen_by_producer(consumer).id;
  es_latency seen{};
  CHECK_OK(es_producer_latency(stage.producer, connection, &seen));
  CHECK(memcmp(&seen, &latency, sizeof seen) == 0);
  CHECK_RESULT(es_producer_latency(stage.producer, connection + 1, &seen), ES_BAD_PARAMETER);
}

TEST("a lease that the next acquire ends is counted as held until then") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(4));
  stage.post_many(2);
  stage.take(consumer);
  CHECK_EQUAL(frames_of(latency_of(consumer), ES_STEP_HOLD), 0);
  sleep_ms(5);
  stage.take(consumer);
  const es_latency latency = latency_of(consumer);
  CHECK_EQUAL(frames_of(latency, ES_STEP_HOLD), 1);
  CHECK(latency.max[ES_STEP_HOLD] >= 5'000'000);
}

TEST("the old frame again is no second delivery") {
  Stage stage;
  es_consumer* consumer = stage.join(check::mailbox());
  stage.post();
  for (int again = 0; again < 3; again++) {
    const es_frame frame = stage.take(consumer, 0);
    CHECK_OK(es_consumer_release(consumer, frame.lease));
  }
  const es_latency latency = latency_of(consumer);
  CHECK_EQUAL(frames_of(latency, ES_STEP_DELIVER), 1);
  CHECK_EQUAL(frames_of(latency, ES_STEP_HOLD), 1);
}

TEST("an observer reads a connection's latency; of one that is gone it reads zeros") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(4));
  stage.post();
  stage.take(consumer);
  es_observer* observer = nullptr;
  CHECK_OK(es_open_observer(stage.there, "stage", nullptr, &observer));
  stage.settle();
  es_latency seen{};
  uint64_t about = 0;
  CHECK_RESULT(es_observer_latency(observer, &about, &seen), ES_BAD_STATE);
  const uint64_t connection = stage.seen_by_producer(consumer).id;
  CHECK_OK(es_observer_query_latency(observer, connection));
  stage.settle();
  CHECK_EQUAL(stage.events(ES_EVENT_REPORT).back().connection, connection);
  CHECK_OK(es_observer_latency(observer, &about, &seen));
  CHECK_EQUAL(about, connection);
  const es_latency own = latency_of(consumer);
  CHECK(memcmp(&seen, &own, sizeof seen) == 0);
  CHECK_OK(es_observer_query_latency(observer, connection + 7));
  stage.settle();
  CHECK_OK(es_observer_latency(observer, &about, &seen));
  CHECK_EQUAL(about, connection + 7);
  CHECK_EQUAL(frames_of(seen, ES_STEP_DELIVER), 0);
  CHECK_RESULT(es_observer_query_latency(observer, 0), ES_BAD_PARAMETER);
}
