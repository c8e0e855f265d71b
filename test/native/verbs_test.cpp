// The verbs of edgestream_verbs.h, as a C program calls them.
#include <cstring>

#include "stage.hpp"

using check::Stage;

namespace {

void make_resettable(es_stream_options*, es_producer_options* producer) { producer->support_reset = 1; }

// Acquires and posts with this time; the result of the post. The slot is given back unless it was posted.
int post_at(Stage* stage, int64_t pts) {
  es_writable slot;
  CHECK_OK(es_producer_acquire(stage->producer, ES_NO_WAIT, &slot));
  es_post_info info{};
  info.pts = pts;
  const int result = es_producer_post(stage->producer, slot.lease, &info, ES_NO_WAIT, nullptr);
  if (result != ES_OK) CHECK_OK(es_producer_discard(stage->producer, slot.lease));
  return result;
}

}  // namespace

TEST("reset: without support_reset it is ES_BAD_ACCESS, after close_input ES_BAD_STATE") {
  {
    Stage plain;
    CHECK_RESULT(es_producer_reset(plain.producer), ES_BAD_ACCESS);
  }
  Stage stage(make_resettable);
  CHECK_OK(es_producer_reset(stage.producer));
  CHECK_OK(es_producer_close_input(stage.producer));
  CHECK_RESULT(es_producer_reset(stage.producer), ES_BAD_STATE);
}

TEST("reset: waiting frames are discarded, the old frame is gone, a held one stays, numbers go on") {
  Stage stage(make_resettable);
  es_policy policy = check::fifo(4);
  policy.max_held = 2;
  es_consumer* consumer = stage.join(policy);
  stage.post_many(3);
  const es_frame held = stage.take(consumer);
  CHECK_OK(es_producer_reset(stage.producer));
  stage.check_counts(consumer, 3, 1, 0, 2, 0);
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_EMPTY);
  CHECK_EQUAL(stage.seen_by_producer(consumer).state, ES_STATE_EMPTY);
  es_frame frame;
  CHECK_RESULT(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &frame), ES_WOULD_BLOCK);
  stage.post_many(4);
  CHECK_EQUAL(held.data[0], 1);
  CHECK_EQUAL(stage.seen_by_producer(consumer).held, 1);
  CHECK_OK(es_consumer_release(consumer, held.lease));
  CHECK_EQUAL(stage.seen_by_producer(consumer).held, 0);
  CHECK_EQUAL(stage.take(consumer).number, 4);
}

TEST("reset: a frame kept for a second acquire is given up at the next look, and the next one can be old again") {
  Stage stage(make_resettable);
  es_consumer* consumer = stage.join(check::mailbox());
  stage.post();
  CHECK_OK(es_consumer_release(consumer, stage.take(consumer).lease));
  CHECK_EQUAL(stage.seen_by_producer(consumer).held, 1);
  CHECK_OK(es_producer_reset(stage.producer));
  es_frame frame;
  CHECK_RESULT(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &frame), ES_WOULD_BLOCK);
  CHECK_EQUAL(stage.seen_by_producer(consumer).held, 0);
  stage.post();
  CHECK_OK(es_consumer_release(consumer, stage.take(consumer).lease));
  CHECK_OK(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &frame));
  CHECK_EQUAL(frame.number, 2);
  CHECK_EQUAL(frame.is_new, 0);
}

TEST("reset: a full queue has places again") {
  Stage stage(make_resettable);
  es_consumer* consumer = stage.join(check::fifo(2));
  stage.post_many(2);
  CHECK_RESULT(stage.try_post(), ES_WOULD_BLOCK);
  CHECK_OK(es_producer_reset(stage.producer));
  CHECK_EQUAL(stage.post(), 3);
  CHECK_EQUAL(stage.take(consumer).number, 3);
}

TEST("pause: posts are dropped and numbered, consumers keep what waits, resume goes on") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(1));
  stage.post();
  CHECK_OK(es_producer_pause(stage.producer, 1));
  CHECK_OK(stage.try_post());
  CHECK_OK(stage.try_post());
  uint64_t dropped = 0;
  CHECK_EQUAL(es_producer_paused(stage.producer, &dropped), 1);
  CHECK_EQUAL(dropped, 2);
  stage.check_counts(consumer, 1, 0, 0, 0, 1);
  CHECK_OK(es_producer_pause(stage.producer, 0));
  CHECK_EQUAL(es_producer_paused(stage.producer, nullptr), 0);
  CHECK_EQUAL(stage.take(consumer).number, 1);
  CHECK_EQUAL(stage.post(), 4);
  const es_frame frame = stage.take(consumer);
  CHECK_EQUAL(frame.skipped, 2);
}

TEST("pause: a consumer that starts with the newest frame has skipped nothing, whatever was dropped since") {
  Stage stage;
  stage.post();
  CHECK_OK(es_producer_pause(stage.producer, 1));
  for (int drop = 0; drop < 3; drop++) CHECK_OK(stage.try_post());
  es_policy policy = check::fifo(4);
  policy.start = ES_START_NEWEST;
  es_consumer* consumer = stage.join(policy);
  const es_frame newest = stage.take(consumer);
  CHECK_EQUAL(newest.number, 1);
  CHECK_EQUAL(newest.skipped, 0);
  CHECK_OK(es_producer_pause(stage.producer, 0));
  stage.post_many(1);
  CHECK_EQUAL(stage.take(consumer).skipped, 3);
}

TEST("watch_drops: each drop is an event with number, reason and connection, while it is watched") {
  Stage stage;
  stage.post();
  CHECK_OK(es_producer_watch_drops(stage.producer, 1));
  stage.post();
  es_consumer* consumer = stage.join(check::dropping(1));
  stage.post_many(2);
  CHECK_OK(es_producer_pause(stage.producer, 1));
  CHECK_OK(stage.try_post());
  CHECK_OK(es_producer_watch_drops(stage.producer, 0));
  CHECK_OK(stage.try_post());
  stage.settle();
  const auto told = stage.events(ES_EVENT_DROPPED);
  CHECK_EQUAL(told.size(), 3);
  const int reasons[] = {ES_DROP_NO_CONSUMER, ES_DROP_QUEUE_FULL, ES_DROP_PAUSED};
  const uint64_t numbers[] = {2, 4, 5};
  for (size_t index = 0; index < 3; index++) {
    CHECK_EQUAL(told[index].code, reasons[index]);
    CHECK_EQUAL(told[index].value, numbers[index]);
  }
  CHECK_EQUAL(told[1].connection, stage.seen_by_producer(consumer).id);
  CHECK_EQUAL(told[2].connection, 0);
}

TEST("watch_drops: a program that takes no events loses drops first, and hears of a consumer that goes") {
  Stage stage;
  CHECK_OK(es_producer_watch_drops(stage.producer, 1));
  es_consumer* consumer = stage.join(check::dropping(1));
  for (int index = 0; index < 6000; index++) CHECK_OK(stage.try_post());
  es_consumer_close(consumer);
  stage.settle();
  CHECK_EQUAL(stage.events(ES_EVENT_DISCONNECTED).size(), 1);
  CHECK(stage.events(ES_EVENT_DROPPED).size() > 1000);
}

TEST("peek: what acquire would give, by the mode, taken by nobody; the old frame; nothing") {
  Stage stage;
  es_consumer* fifo = stage.join(check::fifo(4));
  es_consumer* mailbox = stage.join(check::mailbox());
  es_pending pending;
  CHECK_RESULT(es_consumer_peek(fifo, &pending), ES_WOULD_BLOCK);
  for (int64_t pts = 10; pts <= 30; pts += 10) CHECK_OK(post_at(&stage, pts));
  CHECK_OK(es_consumer_peek(fifo, &pending));
  CHECK_EQUAL(pending.number, 1);
  CHECK_EQUAL(pending.pts, 10);
  CHECK_EQUAL(pending.is_new, 1);
  CHECK_OK(es_consumer_peek(mailbox, &pending));
  CHECK_EQUAL(pending.number, 3);
  stage.check_counts(fifo, 3, 0, 0, 0, 3);
  es_frame frame;
  for (int take = 0; take < 3; take++) CHECK_OK(es_consumer_acquire(fifo, 0, ES_NO_WAIT, &frame));
  CHECK_OK(es_consumer_peek(fifo, &pending));
  CHECK_EQUAL(pending.number, 3);
  CHECK_EQUAL(pending.is_new, 0);
}

TEST("arm: says that a frame waits, or asks for a wake-up") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(4));
  stage.settle();
  const size_t before = stage.events(ES_EVENT_READABLE).size();
  CHECK_RESULT(es_consumer_arm(consumer), ES_WOULD_BLOCK);
  stage.post();
  stage.settle();
  CHECK_EQUAL(stage.events(ES_EVENT_READABLE).size(), before + 1);
  CHECK_OK(es_consumer_arm(consumer));
}

TEST("arm and peek: when the last frame is taken after close_input, they say that the connection is over") {
  Stage stage;
  es_consumer* armed = stage.join(check::fifo(4));
  es_consumer* peeking = stage.join(check::fifo(4));
  stage.post();
  CHECK_OK(es_producer_close_input(stage.producer));
  stage.settle();
  es_pending pending;
  CHECK_OK(es_consumer_arm(armed));
  CHECK_OK(es_consumer_peek(peeking, &pending));
  CHECK_OK(es_consumer_release(armed, stage.take(armed).lease));
  CHECK_OK(es_consumer_release(peeking, stage.take(peeking).lease));
  CHECK_RESULT(es_consumer_arm(armed), ES_CLOSED);
  CHECK_RESULT(es_consumer_peek(peeking, &pending), ES_CLOSED);
  stage.settle();
  for (es_consumer* consumer : {armed, peeking}) {
    CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_DISCONNECTED);
    bool told = false;
    for (const es_event& event : stage.events(ES_EVENT_STATE)) {
      told = told || (event.object == es_consumer_id(consumer) && event.new_state == ES_STATE_DISCONNECTED);
    }
    CHECK(told);
  }
}

TEST("evict: the slot of a frame that was given back comes back at once, though its consumer stays connected") {
  Stage stage;
  es_consumer* consumer = stage.join(check::mailbox());
  stage.post();
  CHECK_OK(es_consumer_release(consumer, stage.take(consumer).lease));
  stage.settle();
  const uint32_t free_before = stage.info().slots_free;
  CHECK_OK(es_producer_evict(stage.producer, stage.seen_by_producer(consumer).id, "a test"));
  stage.settle();
  CHECK_EQUAL(stage.info().slots_free, free_before + 1);
}

TEST("metadata blocks: a snapshot per frame beside its own metadata; bounds; what does not fit is refused") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(4));
  const uint8_t bytes[4096] = {1, 2, 3};
  CHECK_RESULT(es_producer_set_metadata(stage.producer, ES_METADATA_BLOCKS, 0, bytes, 1), ES_BAD_PARAMETER);
  CHECK_RESULT(es_producer_set_metadata(stage.producer, 0, 4096, bytes, 1), ES_BAD_PARAMETER);
  CHECK_RESULT(es_producer_set_metadata(stage.producer, 0, UINT32_MAX, bytes, 1), ES_BAD_PARAMETER);
  CHECK_OK(es_producer_set_metadata(stage.producer, 2, 1, bytes, 3));
  CHECK_RESULT(es_producer_set_metadata(stage.producer, 0, 0, bytes, 4093), ES_BAD_PARAMETER);
  CHECK_OK(es_producer_set_metadata(stage.producer, 0, 0, bytes, 0));
  stage.post();
  CHECK_OK(es_producer_set_metadata(stage.producer, 2, 0, bytes, 1));
  const es_frame frame = stage.take(consumer);
  const uint8_t* data = nullptr;
  uint32_t size = 9;
  CHECK_OK(es_consumer_metadata_block(consumer, frame.lease, 0, &data, &size));
  CHECK_EQUAL(size, 0);
  CHECK_OK(es_consumer_metadata_block(consumer, frame.lease, 2, &data, &size));
  const uint8_t expected[] = {0, 1, 2, 3};
  CHECK_EQUAL(size, 4);
  CHECK(memcmp(data, expected, 4) == 0);
  CHECK_RESULT(es_consumer_metadata_block(consumer, frame.lease, ES_METADATA_BLOCKS, &data, &size), ES_BAD_PARAMETER);
  CHECK_OK(es_consumer_release(consumer, frame.lease));
  CHECK_RESULT(es_consumer_metadata_block(consumer, frame.lease, 2, &data, &size), ES_BAD_ACCESS);
}

TEST("strict: metadata wants a connected consumer, and the times of a fifo increase") {
  Stage stage([](es_stream_options* stream, es_producer_options*) { stream->strict = 1; });
  es_consumer* consumer = stage.join(check::fifo(4));
  es_producer_options options{};
  CHECK_OK(es_format_init(&options.format, "GRAY8", 64, 8));
  CHECK_OK(es_stream_connect_producer(stage.stream, &options, &stage.producer));
  const uint8_t byte = 1;
  CHECK_RESULT(es_producer_set_metadata(stage.producer, 0, 0, &byte, 1), ES_BAD_STATE);
  stage.settle();
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_EMPTY);
  CHECK_OK(es_producer_set_metadata(stage.producer, 0, 0, &byte, 1));
  CHECK_OK(post_at(&stage, 5));
  CHECK_RESULT(post_at(&stage, 5), ES_BAD_PARAMETER);
  CHECK_OK(post_at(&stage, ES_NO_PTS));
  CHECK_RESULT(post_at(&stage, 4), ES_BAD_PARAMETER);
  CHECK_OK(post_at(&stage, 6));
}

TEST("user info: both sides have it before the first frame; too late, too long, unknown connection") {
  Stage stage;
  const char camera[] = "camera";
  const uint8_t most[ES_USER_INFO_MAX + 1] = {};
  uint8_t got[ES_USER_INFO_MAX];
  CHECK_RESULT(es_producer_set_user_info(stage.producer, most, sizeof most), ES_BAD_PARAMETER);
  CHECK_OK(es_producer_set_user_info(stage.producer, camera, sizeof camera));
  es_consumer_options options{};
  options.policy = check::mailbox();
  es_consumer* consumer = nullptr;
  CHECK_OK(es_open_consumer(stage.there, "stage", &options, &consumer));
  CHECK_OK(es_consumer_set_user_info(consumer, most, ES_USER_INFO_MAX));
  CHECK_EQUAL(es_consumer_user_info(consumer, got), 0);
  stage.settle();
  CHECK_EQUAL(es_consumer_user_info(consumer, got), sizeof camera);
  CHECK(memcmp(got, camera, sizeof camera) == 0);
  const uint64_t connection = stage.seen_by_producer(consumer).id;
  CHECK_EQUAL(es_producer_user_info(stage.producer, connection, got), ES_USER_INFO_MAX);
  CHECK_RESULT(es_producer_user_info(stage.producer, connection + 1, got), ES_BAD_PARAMETER);
  CHECK_RESULT(es_producer_set_user_info(stage.producer, camera, 1), ES_BAD_STATE);
  CHECK_RESULT(es_consumer_set_user_info(consumer, camera, 1), ES_BAD_STATE);
}
