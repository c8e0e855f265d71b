// The producer's verbs: leases, what travels with a frame, what is refused, frames that nobody gets.
#include <cstring>

#include "stage.hpp"

using check::Stage;

TEST("pts, duration, capture time, size and metadata arrive as they were posted") {
  Stage stage([](es_stream_options*, es_producer_options* options) {
    CHECK_OK(es_format_init(&options->format, "bytes", 1000, 1));
  });
  es_consumer* consumer = stage.join(check::fifo(2));
  uint8_t metadata[ES_METADATA_MAX];
  for (size_t index = 0; index < sizeof metadata; index++) metadata[index] = static_cast<uint8_t>(index * 7);
  es_writable slot;
  CHECK_OK(es_producer_acquire(stage.producer, ES_NO_WAIT, &slot));
  CHECK_EQUAL(slot.size, 1000);
  memset(slot.data, 1, 321);
  const es_post_info info = {-5, 40'000'000, 123456, 321, metadata, sizeof metadata};
  const int64_t before = es_now();
  CHECK_OK(es_producer_post(stage.producer, slot.lease, &info, ES_NO_WAIT, nullptr));
  const es_frame frame = stage.take(consumer);
  CHECK_EQUAL(frame.pts, -5);
  CHECK_EQUAL(frame.duration, 40'000'000);
  CHECK_EQUAL(frame.captured, 123456);
  CHECK(frame.posted >= before && frame.acquired >= frame.posted && frame.acquired <= es_now());
  CHECK_EQUAL(frame.size, 321);
  CHECK_EQUAL(frame.metadata_size, sizeof metadata);
  CHECK(memcmp(frame.metadata, metadata, sizeof metadata) == 0);
  es_writable next;
  CHECK_OK(es_producer_acquire(stage.producer, ES_NO_WAIT, &next));
  memset(next.data, 2, next.size);
  CHECK_OK(es_producer_post(stage.producer, next.lease, nullptr, ES_NO_WAIT, nullptr));
  const es_frame plain = stage.take(consumer);
  CHECK(plain.pts == ES_NO_PTS);
  CHECK_EQUAL(plain.size, 1000);
  CHECK_EQUAL(plain.metadata_size, 0);
  CHECK(plain.captured >= before && plain.captured <= plain.posted);
}

TEST("too much metadata or too many bytes are refused, and the frame is still the caller's") {
  Stage stage;
  uint8_t metadata[ES_METADATA_MAX + 1] = {};
  es_writable slot;
  CHECK_OK(es_producer_acquire(stage.producer, ES_NO_WAIT, &slot));
  es_post_info info{};
  info.metadata = metadata;
  info.metadata_size = ES_METADATA_MAX + 1;
  CHECK_RESULT(es_producer_post(stage.producer, slot.lease, &info, 0, nullptr), ES_BAD_PARAMETER);
  info = {};
  info.metadata_size = 4;
  CHECK_RESULT(es_producer_post(stage.producer, slot.lease, &info, 0, nullptr), ES_BAD_PARAMETER);
  info = {};
  info.size = slot.size + 1;
  CHECK_RESULT(es_producer_post(stage.producer, slot.lease, &info, 0, nullptr), ES_BAD_PARAMETER);
  uint64_t number = 0;
  CHECK_OK(es_producer_post(stage.producer, slot.lease, nullptr, 0, &number));
  CHECK_EQUAL(number, 1);
}

TEST("a lease is good for one post or one discard") {
  Stage stage;
  es_writable slot;
  CHECK_OK(es_producer_acquire(stage.producer, 0, &slot));
  CHECK_RESULT(es_producer_post(stage.producer, slot.lease + 1, nullptr, 0, nullptr), ES_BAD_ACCESS);
  CHECK_RESULT(es_producer_post(stage.producer, slot.lease + 256, nullptr, 0, nullptr), ES_BAD_ACCESS);
  CHECK_OK(es_producer_post(stage.producer, slot.lease, nullptr, 0, nullptr));
  CHECK_RESULT(es_producer_post(stage.producer, slot.lease, nullptr, 0, nullptr), ES_BAD_ACCESS);
  CHECK_RESULT(es_producer_discard(stage.producer, slot.lease), ES_BAD_ACCESS);
  CHECK_OK(es_producer_acquire(stage.producer, 0, &slot));
  CHECK_OK(es_producer_discard(stage.producer, slot.lease));
  CHECK_RESULT(es_producer_post(stage.producer, slot.lease, nullptr, 0, nullptr), ES_BAD_ACCESS);
  CHECK_EQUAL(stage.info().frames, 1);
}

TEST("the producer holds as many slots for writing as it said") {
  Stage stage([](es_stream_options*, es_producer_options* options) { options->max_writing = 3; });
  es_writable slots[4];
  for (int index = 0; index < 3; index++) CHECK_OK(es_producer_acquire(stage.producer, 0, &slots[index]));
  CHECK(slots[0].data != slots[1].data && slots[1].data != slots[2].data && slots[0].data != slots[2].data);
  CHECK_RESULT(es_producer_acquire(stage.producer, 0, &slots[3]), ES_RESOURCE_BUSY);
  CHECK_OK(es_producer_discard(stage.producer, slots[1].lease));
  CHECK_OK(es_producer_acquire(stage.producer, 0, &slots[3]));
}

TEST("without a consumer a post is counted as no-consumer") {
  Stage stage;
  stage.post_many(3);
  CHECK_EQUAL(stage.info().no_consumer, 3);
  es_consumer* consumer = stage.join(check::mailbox());
  stage.post();
  CHECK_EQUAL(stage.info().no_consumer, 3);
  es_consumer_close(consumer);
  stage.settle();
  stage.post();
  CHECK_EQUAL(stage.info().no_consumer, 4);
  CHECK_EQUAL(stage.info().frames, 5);
}

TEST("wait_without_consumer: a post waits until somebody is connected") {
  Stage stage([](es_stream_options*, es_producer_options* options) { options->wait_without_consumer = 1; });
  CHECK_RESULT(stage.try_post(), ES_WOULD_BLOCK);
  CHECK_RESULT(stage.try_post(20'000), ES_TIMEOUT);
  es_consumer* consumer = stage.join(check::mailbox());
  CHECK_EQUAL(stage.post(), 1);
  CHECK_EQUAL(stage.take(consumer).number, 1);
}

TEST("a missing argument is ES_BAD_PARAMETER with the function's name") {
  Stage stage;
  es_consumer* consumer = stage.join(check::mailbox());
  es_frame frame;
  es_writable slot;
  CHECK_RESULT(es_context_create(nullptr), ES_BAD_PARAMETER);
  CHECK_RESULT(es_stream_create(stage.here, nullptr, &stage.stream), ES_BAD_PARAMETER);
  CHECK_RESULT(es_producer_acquire(nullptr, 0, &slot), ES_BAD_PARAMETER);
  CHECK_RESULT(es_producer_acquire(stage.producer, 0, nullptr), ES_BAD_PARAMETER);
  CHECK_RESULT(es_producer_post(nullptr, 0, nullptr, 0, nullptr), ES_BAD_PARAMETER);
  CHECK_RESULT(es_consumer_acquire(nullptr, 0, 0, &frame), ES_BAD_PARAMETER);
  CHECK_RESULT(es_consumer_acquire(consumer, 0, 0, nullptr), ES_BAD_PARAMETER);
  CHECK_TEXT(es_last_error(), "es_consumer_acquire");
  CHECK_RESULT(es_open_consumer(stage.there, nullptr, nullptr, nullptr), ES_BAD_PARAMETER);
  es_consumer_close(nullptr);
  es_producer_close(nullptr);
  es_stream_close(nullptr);
  es_observer_close(nullptr);
  es_context_destroy(nullptr);
}

TEST("the control: without protection a frame that is held is written over") {
  Stage stage([](es_stream_options*, es_producer_options* options) { options->unprotected = 1; });
  es_consumer* consumer = stage.join(check::mailbox());
  stage.post();
  const es_frame frame = stage.take(consumer);
  CHECK_EQUAL(frame.data[0], 1);
  stage.post();
  CHECK_EQUAL(frame.data[0], 2);
}
