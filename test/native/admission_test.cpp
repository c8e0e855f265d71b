// Who is let in: limits of the producer, sense of the policy, formats; and how the pool grows for those who are.
#include <cstring>

#include "stage.hpp"

using check::Stage;

namespace {

// The reason that a refused consumer is given.
void check_refused(Stage* stage, const es_policy& policy, int code, const char* reason, uint32_t format_mask = 0) {
  const size_t before = stage->events(ES_EVENT_REFUSED).size();
  es_consumer* consumer = stage->join(policy, format_mask);
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_DISCONNECTED);
  es_frame frame;
  CHECK_RESULT(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &frame), code);
  const es_consumer_info info = Stage::seen_by_consumer(consumer);
  CHECK_EQUAL(info.cause, ES_CAUSE_REFUSED);
  CHECK_TEXT(info.reason, reason);
  const auto refusals = stage->events(ES_EVENT_REFUSED);
  CHECK_EQUAL(refusals.size(), before + 1);
  CHECK_EQUAL(refusals.back().code, code);
  CHECK_TEXT(refusals.back().text, reason);
  es_consumer_close(consumer);
  stage->settle();
}

}  // namespace

TEST("consumers above maxConsumers are refused until one leaves") {
  Stage stage([](es_stream_options*, es_producer_options* options) { options->accept.max_consumers = 3; });
  es_consumer* first = stage.join(check::mailbox());
  stage.join(check::fifo(2));
  stage.join_in_process(check::mailbox());
  check_refused(&stage, check::mailbox(), ES_REFUSED, "maxConsumers");
  CHECK_EQUAL(stage.info().connections, 3);
  es_consumer_close(first);
  stage.settle();
  CHECK_EQUAL(es_consumer_state(stage.join(check::mailbox())), ES_STATE_EMPTY);
}

TEST("16 consumers are let in by default, 128 at most") {
  Stage stage;
  for (int index = 0; index < 16; index++) CHECK_EQUAL(es_consumer_state(stage.join(check::mailbox())), ES_STATE_EMPTY);
  check_refused(&stage, check::mailbox(), ES_REFUSED, "maxConsumers");
  Stage* const large = new Stage([](es_stream_options* stream, es_producer_options* options) {
    stream->name = "large";
    stream->handshakes_per_second = 1000;
    options->accept.max_consumers = 1000;
  });
  for (int index = 0; index < 128; index++) large->join_in_process(check::mailbox());
  es_consumer* refused = large->join_in_process(check::mailbox());
  CHECK_EQUAL(es_consumer_state(refused), ES_STATE_DISCONNECTED);
  CHECK_EQUAL(large->info().connections, 128);
  for (int index = 0; index < 10; index++) large->post();
  CHECK_EQUAL(large->info().frames, 10);
  delete large;
}

TEST("a policy out of range is refused, field by field") {
  Stage stage;
  void (*const damages[])(es_policy*) = {
      [](es_policy* policy) { policy->capacity = 0; },
      [](es_policy* policy) { policy->capacity = ES_CAPACITY_MAX + 1; },
      [](es_policy* policy) { policy->capacity = UINT32_MAX; },
      [](es_policy* policy) { policy->max_held = 0; },
      [](es_policy* policy) { policy->max_held = ES_HELD_MAX + 1; },
      [](es_policy* policy) { policy->max_held = UINT16_MAX; },
      [](es_policy* policy) { policy->when_full = 3; },
      [](es_policy* policy) { policy->pick = 2; },
      [](es_policy* policy) { policy->on_stall = 2; },
      [](es_policy* policy) { policy->start = 2; },
      [](es_policy* policy) { policy->on_disconnect = 2; },
      [](es_policy* policy) { policy->no_reuse = 2; },
  };
  for (const auto damage : damages) {
    es_policy policy = check::fifo(4);
    damage(&policy);
    check_refused(&stage, policy, ES_BAD_PARAMETER, "out of range");
  }
  CHECK_EQUAL(stage.info().connections, 0);
}

TEST("the producer decides on modes, queue lengths and held frames") {
  Stage stage([](es_stream_options*, es_producer_options* options) {
    options->accept.when_full_mask = 1u << ES_FULL_WAIT | 1u << ES_FULL_OVERWRITE;
    options->accept.max_wait_capacity = 4;
    options->accept.max_held = 2;
  });
  check_refused(&stage, check::dropping(2), ES_REFUSED, "accept.modes");
  check_refused(&stage, check::fifo(5), ES_REFUSED, "maxFifoLength");
  es_policy greedy = check::mailbox();
  greedy.max_held = 3;
  check_refused(&stage, greedy, ES_REFUSED, "maxHeld");
  CHECK_EQUAL(es_consumer_state(stage.join(check::fifo(4))), ES_STATE_EMPTY);
  CHECK_EQUAL(es_consumer_state(stage.join(check::broadcast(9))), ES_STATE_EMPTY);
}

TEST("a consumer that cannot take the stream's format is refused") {
  Stage stage;  // GRAY8 has index 8
  check_refused(&stage, check::mailbox(), ES_BAD_MATCH, "GRAY8", 0x2ff);
  CHECK_EQUAL(es_consumer_state(stage.join(check::mailbox(), 1u << 8)), ES_STATE_EMPTY);
  CHECK_EQUAL(es_consumer_state(stage.join(check::mailbox(), UINT32_MAX)), ES_STATE_EMPTY);
}

TEST("a consumer that would make the pool too large is refused, and the others go on") {
  Stage stage([](es_stream_options*, es_producer_options* options) { options->accept.max_slots = 10; });
  es_consumer* consumer = stage.join(check::fifo(4));  // 2 writing + 4 + 1
  check_refused(&stage, check::dropping(4), ES_REFUSED, "maxSlots");
  check_refused(&stage, check::fifo(7), ES_REFUSED, "maxSlots");
  CHECK_EQUAL(es_consumer_state(stage.join(check::fifo(6))), ES_STATE_EMPTY);  // 2 + 6 + 2
  CHECK_EQUAL(stage.info().slots, 10);
  stage.post();
  CHECK_EQUAL(stage.take(consumer).number, 1);
  CHECK_RESULT(es_producer_close_input(stage.producer), ES_OK);
}

TEST("a producer whose own slots do not fit its limit is refused") {
  Stage stage([](es_stream_options* stream, es_producer_options*) { stream->name = "other"; });
  es_stream_options stream_options{};
  stream_options.socket_group = -1;
  es_stream* stream = nullptr;
  CHECK_OK(es_stream_create(stage.here, &stream_options, &stream));
  es_producer_options options{};
  CHECK_OK(es_format_init(&options.format, "GRAY8", 8, 8));
  options.max_writing = 257;
  es_producer* producer = nullptr;
  CHECK_RESULT(es_stream_connect_producer(stream, &options, &producer), ES_REFUSED);
}

TEST("the pool grows on admission by what the new consumer needs, and never for nothing") {
  Stage stage;
  CHECK_EQUAL(stage.info().slots, 2);  // writing
  CHECK_EQUAL(stage.info().memory_objects, 1);
  stage.join(check::mailbox());  // + the longest queue 1 + held 1
  CHECK_EQUAL(stage.info().slots, 4);
  stage.join(check::mailbox());  // + held 1: a quarter more than 4 is the same
  CHECK_EQUAL(stage.info().slots, 5);
  es_consumer* recorder = stage.join(check::fifo(8));  // the longest queue 8 instead of 1, held 1
  CHECK_EQUAL(stage.info().slots, 13);
  stage.join(check::broadcast(8));  // its queue lies within the longest; a quarter more than 13
  CHECK_EQUAL(stage.info().slots, 16);
  CHECK_EQUAL(stage.info().memory_objects, 5);
  stage.join(check::dropping(3));  // 14 so far + 3 + 1
  CHECK_EQUAL(stage.info().slots, 20);
  es_consumer_close(recorder);
  stage.settle();
  stage.join(check::fifo(8));
  CHECK_EQUAL(stage.info().slots, 20);
  CHECK_EQUAL(stage.info().slots_free, 20);
}

TEST("growth leaves old leases valid, and an early consumer reads frames in the new slots") {
  Stage stage;
  es_consumer* early = stage.join(check::fifo(2));
  stage.post();
  const es_frame held = stage.take(early);
  es_policy policy = check::dropping(ES_CAPACITY_MAX);
  es_consumer* hoarder = stage.join(policy);
  const uint32_t slots = stage.info().slots;
  CHECK(slots > 130);
  uint32_t highest = 0;
  es_frame frame = held;
  for (uint32_t index = 0; index < 140; index++) {
    stage.post();
    if (index == 0) {
      for (uint64_t byte = 0; byte < held.size; byte++) CHECK_EQUAL(held.data[byte], 1);
    }
    frame = stage.take(early);
    CHECK_EQUAL(frame.number, index + 2);
    if (frame.slot > highest) highest = frame.slot;
  }
  CHECK(highest > 120);
  stage.check_counts(hoarder, 140, 0, 0, 12, 128);
}

TEST("the largest legal set of consumers gets its 256 slots and no frame waits in vain") {
  Stage stage([](es_stream_options*, es_producer_options* options) { options->max_writing = 1; });
  es_policy policy = check::fifo(ES_CAPACITY_MAX);
  policy.max_held = 63;
  es_consumer* first = stage.join(policy);
  policy.max_held = 64;
  es_consumer* second = stage.join(policy);
  CHECK_EQUAL(stage.info().slots, 256);
  check_refused(&stage, check::mailbox(), ES_REFUSED, "256");
  for (int index = 0; index < 63; index++) {
    stage.post();
    stage.take(first);
    es_frame frame = stage.take(second);
    CHECK_EQUAL(frame.number, index + 1);
  }
  stage.post_many(128);
  CHECK_EQUAL(stage.info().slots_free, 256 - 63 - 128);
  CHECK_RESULT(stage.try_post(), ES_WOULD_BLOCK);
}

TEST("formats and layouts are known once the producer is met") {
  Stage stage;
  es_consumer_options options{};
  options.policy = check::mailbox();
  es_consumer* consumer = nullptr;
  CHECK_OK(es_open_consumer(stage.there, "stage", &options, &consumer));
  es_format format;
  CHECK_RESULT(es_consumer_format(consumer, 0, &format), ES_BAD_STATE);
  stage.settle();
  CHECK_OK(es_consumer_format(consumer, 0, &format));
  CHECK(strcmp(format.name, "GRAY8") == 0);
  CHECK_EQUAL(format.size, 512);
  stage.post();
  CHECK_OK(es_consumer_format(consumer, stage.take(consumer).layout, &format));
  CHECK_RESULT(es_consumer_format(consumer, 99, &format), ES_BAD_PARAMETER);
}
