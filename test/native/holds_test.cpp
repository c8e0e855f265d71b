// A consumer that holds a frame too long: told once per lease, evicted on demand, and its slot stays its own.
#include <poll.h>
#include <unistd.h>

#include "stage.hpp"

using check::Stage;

namespace {

constexpr uint32_t kMaxHoldMs = 40;

Stage::Edit with_limit(es_on_hold then) {
  return [then](es_stream_options*, es_producer_options* options) {
    options->accept.max_hold_ms = kMaxHoldMs;
    options->accept.on_held_too_long = then;
  };
}

// Lets both sides run until `count` such events came.
std::vector<es_event> wait_for(Stage* stage, es_event_kind kind, size_t count) {
  const int64_t start = es_now();
  while (stage->events(kind).size() < count) {
    CHECK(check::elapsed_ms(start) < 10'000);
    pollfd ready{es_fd(stage->here), POLLIN, 0};
    poll(&ready, 1, 10);
    stage->settle();
  }
  return stage->events(kind);
}

// Lets the timer of the limit ring several times.
void outlast(Stage* stage) {
  const int64_t start = es_now();
  while (check::elapsed_ms(start) < 4 * kMaxHoldMs) {
    usleep(5'000);
    stage->settle();
  }
}

}  // namespace

TEST("a frame held longer than max_hold_ms is told once per lease, and nothing else happens") {
  Stage stage(with_limit(ES_HOLD_ANNOUNCE));
  es_policy policy = check::fifo(4);
  policy.max_held = 3;
  es_consumer* holder = stage.join(policy);
  stage.post_many(2);
  const int64_t start = es_now();
  const es_frame first = stage.take(holder);
  const auto told = wait_for(&stage, ES_EVENT_HELD_TOO_LONG, 1);
  CHECK(check::elapsed_ms(start) >= kMaxHoldMs);
  CHECK(told[0].value >= kMaxHoldMs);
  CHECK_EQUAL(told[0].code, 1);
  CHECK_EQUAL(told[0].connection, Stage::seen_by_consumer(holder).connection);
  outlast(&stage);
  CHECK_EQUAL(stage.events(ES_EVENT_HELD_TOO_LONG).size(), 1);
  stage.take(holder);
  CHECK_EQUAL(wait_for(&stage, ES_EVENT_HELD_TOO_LONG, 2)[1].code, 2);
  CHECK_OK(es_consumer_release(holder, first.lease));
  CHECK_EQUAL(stage.events(ES_EVENT_DISCONNECTED).size(), 0);
  CHECK_EQUAL(stage.post(), 3);
  CHECK_EQUAL(stage.take(holder).number, 3);
}

TEST("a frame that is given back and kept for reuse is held by nobody, until it is acquired again") {
  Stage stage(with_limit(ES_HOLD_ANNOUNCE));
  es_consumer* consumer = stage.join(check::mailbox());
  stage.post();
  CHECK_OK(es_consumer_release(consumer, stage.take(consumer).lease));
  outlast(&stage);
  CHECK_EQUAL(stage.events(ES_EVENT_HELD_TOO_LONG).size(), 0);
  CHECK_EQUAL(stage.seen_by_producer(consumer).held, 1);
  es_frame again;
  CHECK_OK(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &again));
  CHECK_EQUAL(again.is_new, 0);
  wait_for(&stage, ES_EVENT_HELD_TOO_LONG, 1);
  CHECK_OK(es_consumer_release(consumer, again.lease));
  outlast(&stage);
  CHECK_OK(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &again));
  wait_for(&stage, ES_EVENT_HELD_TOO_LONG, 2);
}

TEST("an old frame that is acquired again and again is never held too long, whenever somebody looks") {
  Stage stage(with_limit(ES_HOLD_ANNOUNCE));
  es_consumer* consumer = stage.join(check::mailbox());
  stage.post();
  es_frame frame = stage.take(consumer);
  const int64_t start = es_now();
  while (check::elapsed_ms(start) < 5 * kMaxHoldMs) {
    // Given back for a moment only, between two looks of the producer.
    CHECK_OK(es_consumer_release(consumer, frame.lease));
    CHECK_OK(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &frame));
    CHECK_EQUAL(frame.is_new, 0);
    stage.settle();
    usleep(5'000);
  }
  CHECK_EQUAL(stage.events(ES_EVENT_HELD_TOO_LONG).size(), 0);
  wait_for(&stage, ES_EVENT_HELD_TOO_LONG, 1);
}

TEST("with ES_HOLD_EVICT the holder is sent away and its slot is not written until it lets go") {
  Stage stage(with_limit(ES_HOLD_EVICT));
  es_consumer* holder = stage.join(check::mailbox());
  es_consumer* reader = stage.join(check::mailbox());
  stage.post();
  const es_frame held = stage.take(holder);
  CHECK_OK(es_consumer_release(reader, stage.take(reader).lease));
  const auto gone = wait_for(&stage, ES_EVENT_DISCONNECTED, 1);
  CHECK_EQUAL(gone[0].code, ES_CAUSE_EVICTED_HOLD);
  CHECK_TEXT(gone[0].text, "maxHoldMs");
  CHECK_EQUAL(stage.events(ES_EVENT_HELD_TOO_LONG).size(), 1);
  CHECK_EQUAL(Stage::seen_by_consumer(holder).cause, ES_CAUSE_EVICTED_HOLD);
  es_frame none;
  CHECK_RESULT(es_consumer_acquire(holder, 0, ES_NO_WAIT, &none), ES_EVICTED);
  for (int round = 0; round < 2000; round++) {
    const uint64_t number = stage.post();
    const es_frame frame = stage.take(reader);
    CHECK_EQUAL(frame.number, number);
    CHECK(frame.slot != held.slot);
    CHECK_OK(es_consumer_release(reader, frame.lease));
  }
  for (uint64_t index = 0; index < held.size; index++) CHECK_EQUAL(held.data[index], 1);
  const uint32_t free_before = stage.info().slots_free;
  CHECK_OK(es_consumer_release(holder, held.lease));
  stage.settle();
  CHECK_EQUAL(stage.info().slots_free, free_before + 1);
  CHECK_EQUAL(stage.events(ES_EVENT_DISCONNECTED).size(), 1);
}

TEST("without max_hold_ms nobody looks") {
  Stage stage;
  es_consumer* holder = stage.join(check::mailbox());
  stage.post();
  stage.take(holder);
  outlast(&stage);
  CHECK_EQUAL(stage.events(ES_EVENT_HELD_TOO_LONG).size(), 0);
}
