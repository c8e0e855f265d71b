// A consumer that does not keep up: how long it may hold up the producer, and what happens then.
#include <unistd.h>

#include "stage.hpp"

using check::Stage;

TEST("a full queue holds up the producer for max_wait_ms, then its consumer is evicted") {
  Stage stage;
  es_consumer* slow = stage.join(check::fifo(2, 60));
  es_consumer* other = stage.join(check::fifo(8));
  stage.post_many(2);
  const int64_t start = es_now();
  CHECK_OK(stage.try_post(5'000'000));
  CHECK(check::elapsed_ms(start) >= 60);
  stage.settle();
  const auto stalled = stage.events(ES_EVENT_STALLED);
  CHECK_EQUAL(stalled.size(), 1);
  CHECK(stalled[0].value >= 60);
  const auto gone = stage.events(ES_EVENT_DISCONNECTED);
  CHECK_EQUAL(gone.size(), 1);
  CHECK_EQUAL(gone[0].code, ES_CAUSE_EVICTED_STALL);
  CHECK_EQUAL(gone[0].value, 2);
  CHECK_EQUAL(gone[0].connection, Stage::seen_by_consumer(slow).connection);
  es_frame frame;
  CHECK_RESULT(es_consumer_acquire(slow, 0, ES_NO_WAIT, &frame), ES_EVICTED);
  stage.check_counts(slow, 2, 0, 0, 2, 0);
  for (uint64_t number = 1; number <= 3; number++) CHECK_EQUAL(stage.take(other).number, number);
}

TEST("on_stall overwrite: the oldest waiting frame gives way and the consumer stays") {
  Stage stage;
  es_policy policy = check::fifo(2, 40);
  policy.on_stall = ES_STALL_OVERWRITE;
  es_consumer* slow = stage.join(policy);
  stage.post_many(2);
  const int64_t start = es_now();
  CHECK_OK(stage.try_post(5'000'000));
  CHECK(check::elapsed_ms(start) >= 40);
  stage.check_counts(slow, 3, 0, 1, 0, 2);
  const es_frame frame = stage.take(slow);
  CHECK_EQUAL(frame.number, 2);
  CHECK_EQUAL(frame.skipped, 1);
  CHECK_EQUAL(stage.take(slow).number, 3);
  stage.settle();
  CHECK_EQUAL(stage.events(ES_EVENT_STALLED).size(), 1);
  CHECK_EQUAL(stage.events(ES_EVENT_DISCONNECTED).size(), 0);
}

TEST("a stalled consumer that takes a frame again has recovered: told once, also when nobody posts") {
  Stage stage;
  es_policy policy = check::fifo(1, 20);
  policy.on_stall = ES_STALL_OVERWRITE;
  es_consumer* slow = stage.join(policy);
  const int64_t start = es_now();
  stage.post();
  for (int round = 0; round < 2; round++) CHECK_OK(stage.try_post(5'000'000));
  stage.settle();
  CHECK_EQUAL(stage.events(ES_EVENT_STALLED).size(), 2);
  CHECK_EQUAL(stage.events(ES_EVENT_RECOVERED).size(), 0);
  CHECK_EQUAL(stage.take(slow).number, 3);
  stage.settle();
  const auto recovered = stage.events(ES_EVENT_RECOVERED);
  CHECK_EQUAL(recovered.size(), 1);
  CHECK_EQUAL(recovered[0].connection, Stage::seen_by_consumer(slow).connection);
  CHECK(recovered[0].value >= 40);
  CHECK(recovered[0].value <= static_cast<uint64_t>(check::elapsed_ms(start)));
  stage.post();
  stage.take(slow);
  stage.settle();
  CHECK_EQUAL(stage.events(ES_EVENT_RECOVERED).size(), 1);
}

TEST("a consumer of another process is bound to the producer's max_wait_ms, one in process is not") {
  Stage stage([](es_stream_options*, es_producer_options* options) { options->accept.max_wait_ms = 70; });
  CHECK_EQUAL(Stage::seen_by_consumer(stage.join(check::fifo(2, -1))).policy.max_wait_ms, 70);
  CHECK_EQUAL(Stage::seen_by_consumer(stage.join(check::fifo(2, 9000))).policy.max_wait_ms, 70);
  CHECK_EQUAL(Stage::seen_by_consumer(stage.join(check::fifo(2, 30))).policy.max_wait_ms, 30);
  CHECK_EQUAL(Stage::seen_by_consumer(stage.join_in_process(check::fifo(2, -1))).policy.max_wait_ms, -1);
}

TEST("max_wait_ms counts from the frame that found the queue full, and a taken frame ends it") {
  Stage stage;
  es_consumer* slow = stage.join(check::fifo(1, 400));  // far from the 20 ms below, for a machine that is busy
  stage.post();
  usleep(450'000);  // full, but nobody is held up
  CHECK_RESULT(stage.try_post(20'000), ES_TIMEOUT);
  stage.take(slow);
  stage.post();
  CHECK_RESULT(stage.try_post(20'000), ES_TIMEOUT);
  stage.settle();
  CHECK_EQUAL(stage.events(ES_EVENT_STALLED).size(), 0);
}

TEST("a laggard is evicted when it skipped more than max_lag frames since its last delivery") {
  Stage stage;
  es_consumer* laggard = stage.join(check::broadcast(2, 3));
  stage.post_many(5);
  CHECK_EQUAL(stage.take(laggard).number, 4);
  CHECK_EQUAL(stage.take(laggard).number, 5);
  stage.post_many(5);
  stage.settle();
  CHECK_EQUAL(stage.events(ES_EVENT_LAGGED).size(), 0);
  stage.post();
  stage.settle();
  const auto lagged = stage.events(ES_EVENT_LAGGED);
  CHECK_EQUAL(lagged.size(), 1);
  CHECK_EQUAL(lagged[0].value, 4);
  es_frame frame;
  CHECK_RESULT(es_consumer_acquire(laggard, 0, ES_NO_WAIT, &frame), ES_EVICTED);
  CHECK_EQUAL(Stage::seen_by_consumer(laggard).cause, ES_CAUSE_EVICTED_LAG);
  const es_connection_info info = stage.seen_by_producer(laggard);
  CHECK_EQUAL(info.posted, info.delivered + info.skipped + info.discarded + info.waiting);
  CHECK_EQUAL(info.waiting, 0);
}

TEST("max_lag_total counts what was skipped in all, deliveries in between or not") {
  Stage stage;
  es_policy policy = check::broadcast(2);
  policy.max_lag_total = 4;
  es_consumer* laggard = stage.join(policy);
  for (uint64_t round = 1; round <= 2; round++) {
    stage.post_many(4);
    CHECK_EQUAL(stage.take(laggard).number, 4 * round - 1);
    CHECK_EQUAL(stage.take(laggard).number, 4 * round);
  }
  stage.settle();
  CHECK_EQUAL(stage.events(ES_EVENT_LAGGED).size(), 0);
  stage.post_many(3);
  stage.settle();
  const auto lagged = stage.events(ES_EVENT_LAGGED);
  CHECK_EQUAL(lagged.size(), 1);
  CHECK_EQUAL(lagged[0].value, 5);
  CHECK_EQUAL(Stage::seen_by_consumer(laggard).cause, ES_CAUSE_EVICTED_LAG);
  CHECK_TEXT(Stage::seen_by_consumer(laggard).reason, "maxLagTotal");
}

TEST("an evicted consumer's held frame stays its own until it closes") {
  Stage stage;
  es_consumer* consumer = stage.join(check::mailbox());
  stage.post();
  const es_frame held = stage.take(consumer);
  stage.post();
  const uint32_t slots = stage.info().slots;
  const uint64_t id = Stage::seen_by_consumer(consumer).connection;
  CHECK_OK(es_producer_evict(stage.producer, id, "too curious"));
  CHECK_RESULT(es_producer_evict(stage.producer, id, "again"), ES_BAD_PARAMETER);
  CHECK_RESULT(es_producer_evict(stage.producer, 999, ""), ES_BAD_PARAMETER);
  stage.settle();
  CHECK_EQUAL(Stage::seen_by_consumer(consumer).cause, ES_CAUSE_EVICTED_REQUEST);
  CHECK_TEXT(Stage::seen_by_consumer(consumer).reason, "too curious");
  CHECK_EQUAL(stage.info().slots_free, slots - 1);
  stage.post_many(20);
  for (uint64_t index = 0; index < held.size; index++) CHECK_EQUAL(held.data[index], 1);
  es_consumer_close(consumer);
  stage.settle();
  CHECK_EQUAL(stage.info().slots_free, slots);
  CHECK_EQUAL(stage.info().connections, 0);
}

TEST("when a stall leaves nobody connected the frame counts as no-consumer") {
  Stage stage;
  es_consumer* slow = stage.join(check::fifo(1, 20));
  stage.post();
  CHECK_OK(stage.try_post(5'000'000));
  stage.settle();
  CHECK_EQUAL(Stage::seen_by_consumer(slow).cause, ES_CAUSE_EVICTED_STALL);
  CHECK_EQUAL(stage.info().frames, 2);
  CHECK_EQUAL(stage.info().no_consumer, 1);
}

TEST("an eviction tells the loop that waits for a place to try again") {
  Stage stage;
  es_consumer* slow = stage.join(check::fifo(1));
  stage.post();
  CHECK_RESULT(stage.try_post(), ES_WOULD_BLOCK);
  stage.settle();
  CHECK_OK(es_producer_evict(stage.producer, Stage::seen_by_consumer(slow).connection, ""));
  es_dispatch(stage.here);  // before the consumer knows of it and closes its end
  es_event event;
  bool told = false;
  while (es_next_event(stage.here, &event) != 0) told = told || event.kind == ES_EVENT_WRITABLE;
  CHECK(told);
}
