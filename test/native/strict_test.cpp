// strict: EGL to the letter. One consumer, consumer first, and the stream ends when either end goes.
#include "stage.hpp"

using check::Stage;

namespace {

void make_strict(es_stream_options* stream, es_producer_options*) { stream->strict = 1; }

es_producer_options gray_options() {
  es_producer_options options{};
  CHECK_OK(es_format_init(&options.format, "GRAY8", 64, 8));
  return options;
}

}  // namespace

TEST("strict: the producer must find a consumer connected") {
  Stage stage(make_strict);
  const es_producer_options options = gray_options();
  CHECK_RESULT(es_stream_connect_producer(stage.stream, &options, &stage.producer), ES_BAD_STATE);
  es_consumer* consumer = stage.join(check::mailbox());
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_CONNECTING);
  CHECK_OK(es_stream_connect_producer(stage.stream, &options, &stage.producer));
  stage.settle();
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_EMPTY);
  CHECK_EQUAL(stage.post(), 1);
  CHECK_EQUAL(stage.take(consumer).number, 1);
  es_producer* second = nullptr;
  CHECK_RESULT(es_stream_connect_producer(stage.stream, &options, &second), ES_BAD_STATE);
}

TEST("strict: a second consumer is refused, in process and through the socket") {
  Stage stage(make_strict);
  stage.join_in_process(check::mailbox());
  es_consumer_options options{};
  options.policy = check::mailbox();
  es_consumer* second = nullptr;
  CHECK_RESULT(es_stream_connect_consumer(stage.stream, &options, &second), ES_BAD_STATE);
  second = stage.join(check::mailbox());
  CHECK_EQUAL(es_consumer_state(second), ES_STATE_DISCONNECTED);
  CHECK_EQUAL(Stage::seen_by_consumer(second).cause, ES_CAUSE_REFUSED);
  es_frame frame;
  CHECK_RESULT(es_consumer_acquire(second, 0, 0, &frame), ES_BAD_STATE);
}

TEST("strict: the consumer's end is the stream's end") {
  Stage stage(make_strict);
  es_consumer* consumer = stage.join(check::mailbox());
  const es_producer_options options = gray_options();
  CHECK_OK(es_stream_connect_producer(stage.stream, &options, &stage.producer));
  stage.settle();
  stage.post();
  es_consumer_close(consumer);
  stage.settle();
  es_writable slot;
  CHECK_RESULT(es_producer_acquire(stage.producer, 0, &slot), ES_CLOSED);
  CHECK_EQUAL(es_consumer_state(stage.join(check::mailbox())), ES_STATE_DISCONNECTED);
}

TEST("strict: the producer's end is the stream's end, and pending frames are dropped") {
  Stage stage(make_strict);
  es_consumer* consumer = stage.join(check::mailbox());
  const es_producer_options options = gray_options();
  CHECK_OK(es_stream_connect_producer(stage.stream, &options, &stage.producer));
  stage.settle();
  stage.post();
  es_producer_close(stage.producer);
  stage.settle();
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_DISCONNECTED);
  CHECK_RESULT(es_stream_connect_producer(stage.stream, &options, &stage.producer), ES_BAD_STATE);
}

TEST("strict: a consumer that closes before there is a producer ends the stream too") {
  Stage stage(make_strict);
  es_consumer* consumer = stage.join(check::mailbox());
  es_consumer_close(consumer);
  stage.settle();
  es_consumer* next = stage.join(check::mailbox());
  CHECK_EQUAL(es_consumer_state(next), ES_STATE_DISCONNECTED);
  const es_producer_options options = gray_options();
  CHECK_RESULT(es_stream_connect_producer(stage.stream, &options, &stage.producer), ES_BAD_STATE);
}

TEST("without strict, producers and consumers come in any order, leave and come back") {
  Stage stage;
  es_consumer* consumer = stage.join(check::mailbox());
  stage.post();
  CHECK_EQUAL(stage.take(consumer).number, 1);
  const uint64_t first_epoch = stage.info().epoch;
  es_producer_close(stage.producer);
  stage.settle();
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_DISCONNECTED);
  es_consumer* waiting = stage.join(check::mailbox());
  CHECK_EQUAL(es_consumer_state(waiting), ES_STATE_CONNECTING);
  const es_producer_options options = gray_options();
  CHECK_OK(es_stream_connect_producer(stage.stream, &options, &stage.producer));
  es_producer* second = nullptr;
  CHECK_RESULT(es_stream_connect_producer(stage.stream, &options, &second), ES_RESOURCE_BUSY);
  stage.settle();
  CHECK_EQUAL(es_consumer_state(waiting), ES_STATE_EMPTY);
  CHECK(stage.info().epoch > first_epoch);
  CHECK_EQUAL(stage.post(), 1);
  CHECK_EQUAL(stage.take(waiting).epoch, stage.info().epoch);
}
