// Who gets which frame: mailbox, fifo, broadcast, drop, and what they have in common.
#include <cstring>

#include "stage.hpp"

using check::Stage;

TEST("mailbox: the consumer gets the newest frame, what it missed is counted, the producer never waits") {
  Stage stage;
  es_consumer* consumer = stage.join(check::mailbox());
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_EMPTY);
  stage.post_many(5);
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_NEW_FRAME_AVAILABLE);
  stage.check_counts(consumer, 5, 0, 4, 0, 1);
  const es_frame frame = stage.take(consumer);
  CHECK_EQUAL(frame.number, 5);
  CHECK_EQUAL(frame.skipped, 4);
  CHECK_EQUAL(frame.is_new, 1);
  CHECK_EQUAL(frame.epoch, stage.info().epoch);
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_OLD_FRAME_AVAILABLE);
  stage.post_many(300);  // it holds frame 5 all the while
  for (uint64_t index = 0; index < frame.size; index++) CHECK_EQUAL(frame.data[index], 5);
  const es_frame next = stage.take(consumer);
  CHECK_EQUAL(next.number, 305);
  CHECK_EQUAL(next.skipped, 299);
  stage.check_counts(consumer, 305, 2, 303, 0, 0);
}

TEST("fifo: every frame comes in order, and a full queue makes post wait") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(3));
  stage.post_many(3);
  CHECK_RESULT(stage.try_post(), ES_WOULD_BLOCK);
  const int64_t start = es_now();
  CHECK_RESULT(stage.try_post(30'000), ES_TIMEOUT);
  CHECK(check::elapsed_ms(start) >= 30);
  for (uint64_t number = 1; number <= 100; number++) {
    const es_frame frame = stage.take(consumer);
    CHECK_EQUAL(frame.number, number);
    CHECK_EQUAL(frame.skipped, 0);
    stage.post();
  }
  stage.check_counts(consumer, 103, 100, 0, 0, 3);
}

TEST("fifo: acquire frees the place, release does not matter") {
  Stage stage;
  es_policy policy = check::fifo(1);
  policy.max_held = 3;
  es_consumer* consumer = stage.join(policy);
  stage.post();
  CHECK_RESULT(stage.try_post(), ES_WOULD_BLOCK);
  const es_frame frame = stage.take(consumer);
  stage.post();  // frame 1 is held, its place is free
  CHECK_OK(es_consumer_release(consumer, frame.lease));
  CHECK_RESULT(stage.try_post(), ES_WOULD_BLOCK);
}

TEST("fifo: a post that would block leaves the frame with the caller and uses up no number") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(1));
  stage.post();
  es_writable slot;
  CHECK_OK(es_producer_acquire(stage.producer, ES_NO_WAIT, &slot));
  memset(slot.data, 2, slot.size);
  CHECK_RESULT(es_producer_post(stage.producer, slot.lease, nullptr, ES_NO_WAIT, nullptr), ES_WOULD_BLOCK);
  CHECK_EQUAL(stage.take(consumer).number, 1);
  uint64_t number = 0;
  CHECK_OK(es_producer_post(stage.producer, slot.lease, nullptr, ES_NO_WAIT, &number));
  CHECK_EQUAL(number, 2);
  CHECK_EQUAL(stage.take(consumer).number, 2);
}

TEST("post is all or nothing: one full queue holds the frame back from everybody") {
  Stage stage;
  es_consumer* slow = stage.join(check::fifo(1));
  es_consumer* fast = stage.join(check::mailbox());
  stage.post();
  CHECK_EQUAL(stage.take(fast).number, 1);
  CHECK_RESULT(stage.try_post(), ES_WOULD_BLOCK);
  es_frame frame;
  CHECK_RESULT(es_consumer_acquire(fast, ES_ACQUIRE_NEW_ONLY, ES_NO_WAIT, &frame), ES_WOULD_BLOCK);
  CHECK_EQUAL(stage.take(slow).number, 1);
  CHECK_EQUAL(stage.post(), 2);
  CHECK_EQUAL(stage.take(fast).number, 2);
}

TEST("broadcast: a laggard skips forward over the oldest and is told how far") {
  Stage stage;
  es_consumer* consumer = stage.join(check::broadcast(3));
  stage.post_many(5);
  es_frame frame = stage.take(consumer);
  CHECK_EQUAL(frame.number, 3);
  CHECK_EQUAL(frame.skipped, 2);
  stage.check_counts(consumer, 5, 1, 2, 0, 2);
  CHECK_EQUAL(stage.take(consumer).number, 4);
  frame = stage.take(consumer);
  CHECK_EQUAL(frame.number, 5);
  CHECK_EQUAL(frame.skipped, 0);
  stage.check_counts(consumer, 5, 3, 2, 0, 0);
}

TEST("drop: a full queue refuses the incoming frame, which counts as discarded") {
  Stage stage;
  es_consumer* consumer = stage.join(check::dropping(2));
  stage.post_many(5);
  stage.check_counts(consumer, 5, 0, 0, 3, 2);
  CHECK_EQUAL(stage.take(consumer).number, 1);
  CHECK_EQUAL(stage.take(consumer).number, 2);
  stage.post();
  const es_frame frame = stage.take(consumer);
  CHECK_EQUAL(frame.number, 6);
  CHECK_EQUAL(frame.skipped, 3);
  stage.check_counts(consumer, 6, 3, 0, 3, 0);
}

TEST("frames passed over by taking the newest are skipped, not waiting, for both sides") {
  Stage stage;
  es_policy policy = check::mailbox();
  policy.capacity = 4;
  es_consumer* consumer = stage.join(policy);
  stage.post_many(4);
  const es_frame frame = stage.take(consumer);
  CHECK_EQUAL(frame.number, 4);
  CHECK_EQUAL(frame.skipped, 3);
  stage.check_counts(consumer, 4, 1, 3, 0, 0);
}

TEST("old frame: after a release the same frame comes again, marked as old, until a newer one is there") {
  Stage stage;
  es_consumer* consumer = stage.join(check::mailbox());
  stage.post();
  const es_frame first = stage.take(consumer);
  CHECK_OK(es_consumer_release(consumer, first.lease));
  es_frame frame;
  CHECK_RESULT(es_consumer_acquire(consumer, ES_ACQUIRE_NEW_ONLY, ES_NO_WAIT, &frame), ES_WOULD_BLOCK);
  for (int again = 0; again < 3; again++) {
    const es_frame old = stage.take(consumer, 0);
    CHECK_EQUAL(old.number, 1);
    CHECK_EQUAL(old.is_new, 0);
    CHECK_EQUAL(old.skipped, 0);
    CHECK_OK(es_consumer_release(consumer, old.lease));
  }
  CHECK_EQUAL(stage.seen_by_producer(consumer).held, 1);  // a retained old frame counts as held
  stage.post();
  frame = stage.take(consumer, 0);
  CHECK_EQUAL(frame.number, 2);
  CHECK_EQUAL(frame.is_new, 1);
  stage.check_counts(consumer, 2, 2, 0, 0, 0);
}

TEST("old frame: an acquire with a timeout waits for a new frame first, then takes the old one") {
  Stage stage;
  es_consumer* consumer = stage.join(check::mailbox());
  es_frame frame;
  int64_t start = es_now();
  CHECK_RESULT(es_consumer_acquire(consumer, 0, 30'000, &frame), ES_TIMEOUT);
  CHECK(check::elapsed_ms(start) >= 30);
  stage.post();
  stage.take(consumer);
  start = es_now();
  CHECK_OK(es_consumer_acquire(consumer, 0, 30'000, &frame));
  CHECK(check::elapsed_ms(start) >= 30);
  CHECK_EQUAL(frame.is_new, 0);
  CHECK_RESULT(es_consumer_acquire(consumer, ES_ACQUIRE_NEW_ONLY, 10'000, &frame), ES_TIMEOUT);
}

TEST("no_reuse: a frame is seen once and its slot is free at its release") {
  Stage stage;
  es_policy policy = check::mailbox();
  policy.no_reuse = 1;
  es_consumer* consumer = stage.join(policy);
  const uint32_t all = stage.info().slots;
  stage.post();
  const es_frame frame = stage.take(consumer, 0);
  CHECK_EQUAL(stage.info().slots_free, all - 1);
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_EMPTY);
  CHECK_OK(es_consumer_release(consumer, frame.lease));
  CHECK_EQUAL(stage.info().slots_free, all);
  es_frame none;
  CHECK_RESULT(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &none), ES_WOULD_BLOCK);
}

TEST("max_held 1: the next acquire ends the earlier lease") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(4));
  stage.post_many(3);
  const es_frame first = stage.take(consumer);
  stage.take(consumer);
  CHECK_EQUAL(stage.seen_by_producer(consumer).held, 1);
  CHECK_OK(es_consumer_release(consumer, first.lease));  // it ended itself: a silent success
  CHECK_EQUAL(stage.seen_by_producer(consumer).held, 1);
  CHECK_EQUAL(stage.take(consumer).number, 3);
}

TEST("max_held above 1: so many frames at once, released in any order") {
  Stage stage;
  es_policy policy = check::fifo(8);
  policy.max_held = 3;
  policy.no_reuse = 1;
  es_consumer* consumer = stage.join(policy);
  stage.post_many(6);
  const es_frame one = stage.take(consumer);
  const es_frame two = stage.take(consumer);
  const es_frame three = stage.take(consumer);
  es_frame none;
  CHECK_RESULT(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &none), ES_WOULD_BLOCK);
  CHECK_OK(es_consumer_release(consumer, two.lease));
  const es_frame four = stage.take(consumer);
  CHECK_EQUAL(four.number, 4);
  CHECK_RESULT(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &none), ES_WOULD_BLOCK);
  for (const es_frame& frame : {four, one, three}) {
    CHECK_EQUAL(frame.data[0], frame.number);
    CHECK_OK(es_consumer_release(consumer, frame.lease));
    CHECK_OK(es_consumer_release(consumer, frame.lease));
  }
  CHECK_EQUAL(stage.seen_by_producer(consumer).held, 0);
  CHECK_EQUAL(stage.take(consumer).number, 5);
}

TEST("a release frees a credit and says so to the loop that had none") {
  Stage stage;
  es_policy policy = check::fifo(8);
  policy.max_held = 2;
  es_consumer* consumer = stage.join(policy);
  stage.post_many(4);
  const es_frame one = stage.take(consumer);
  stage.take(consumer);
  es_frame none;
  CHECK_RESULT(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &none), ES_WOULD_BLOCK);
  stage.settle();
  const size_t before = stage.events(ES_EVENT_READABLE).size();
  CHECK_OK(es_consumer_release(consumer, one.lease));
  stage.settle();
  CHECK_EQUAL(stage.events(ES_EVENT_READABLE).size(), before + 1);
  CHECK_EQUAL(stage.take(consumer).number, 3);
}

TEST("take keeps the place until consume, whatever becomes of the slot") {
  Stage stage;
  es_policy policy = check::fifo(2);
  policy.no_reuse = 1;
  es_consumer* consumer = stage.join(policy);
  stage.post_many(2);
  const es_frame frame = stage.take(consumer, ES_ACQUIRE_NEW_ONLY | ES_ACQUIRE_KEEP_PLACE);
  CHECK_OK(es_consumer_release(consumer, frame.lease));
  CHECK_RESULT(stage.try_post(), ES_WOULD_BLOCK);
  CHECK_RESULT(es_consumer_consume(consumer, 2), ES_BAD_PARAMETER);
  CHECK_OK(es_consumer_consume(consumer, 1));
  CHECK_OK(stage.try_post());
  CHECK_RESULT(stage.try_post(), ES_WOULD_BLOCK);
}

TEST("start: a late consumer gets the next posted frame, or the newest there is") {
  Stage stage;
  stage.post_many(7);
  es_consumer* next = stage.join(check::fifo(4));
  es_policy policy = check::fifo(4);
  policy.start = ES_START_NEWEST;
  es_consumer* newest = stage.join(policy);
  es_frame none;
  CHECK_RESULT(es_consumer_acquire(next, 0, ES_NO_WAIT, &none), ES_WOULD_BLOCK);
  es_frame frame = stage.take(newest);
  CHECK_EQUAL(frame.number, 7);
  CHECK_EQUAL(frame.skipped, 0);
  stage.post();
  frame = stage.take(next);
  CHECK_EQUAL(frame.number, 8);
  CHECK_EQUAL(frame.skipped, 0);
  CHECK_EQUAL(stage.take(newest).number, 8);
  stage.check_counts(next, 1, 1, 0, 0, 0);
  stage.check_counts(newest, 2, 2, 0, 0, 0);
}

TEST("start newest on a stream without frames starts with the first") {
  Stage stage;
  es_policy policy = check::mailbox();
  policy.start = ES_START_NEWEST;
  es_consumer* consumer = stage.join(policy);
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_EMPTY);
  stage.post();
  CHECK_EQUAL(stage.take(consumer).skipped, 0);
}

TEST("modes are per connection: a fifo loses nothing beside a mailbox that sleeps") {
  Stage stage;
  es_consumer* recorder = stage.join(check::fifo(4));
  es_consumer* sleeper = stage.join(check::mailbox());
  es_consumer* viewer = stage.join_in_process(check::broadcast(2));
  for (uint64_t number = 1; number <= 500; number++) {
    stage.post();
    CHECK_EQUAL(stage.take(recorder).number, number);
    if (number % 3 == 0) stage.take(viewer);
  }
  CHECK_EQUAL(stage.take(sleeper).number, 500);
  stage.check_counts(recorder, 500, 500, 0, 0, 0);
  stage.check_counts(sleeper, 500, 1, 499, 0, 0);
  const es_connection_info info = stage.seen_by_producer(viewer);
  CHECK_EQUAL(info.posted, info.delivered + info.skipped + info.discarded + info.waiting);
}
