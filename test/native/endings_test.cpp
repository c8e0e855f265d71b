// How a stream ends: closeInput, stop, close, death; what becomes of frames that wait or are held.
#include <cstdio>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "child.hpp"
#include "stage.hpp"

using check::Child;
using check::Line;
using check::Stage;

namespace {

void check_ended(es_consumer* consumer, es_cause cause, int result = ES_CLOSED) {
  es_frame frame;
  CHECK_RESULT(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &frame), result);
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_DISCONNECTED);
  CHECK_EQUAL(Stage::seen_by_consumer(consumer).cause, cause);
}

es_producer_options gray_options() {
  es_producer_options options{};
  CHECK_OK(es_format_init(&options.format, "GRAY8", 64, 8));
  return options;
}

// A producer in a process of its own: 'p' posts a frame, 'e' closes the input, 's' stops, 'c' closes.
void serve(Line line) {
  es_context* context = nullptr;
  es_stream* stream = nullptr;
  es_producer* producer = nullptr;
  es_stream_options stream_options{};
  stream_options.name = "stage";
  stream_options.socket_group = -1;
  const es_producer_options options = gray_options();
  CHECK_OK(es_context_create(&context));
  CHECK_OK(es_stream_create(context, &stream_options, &stream));
  CHECK_OK(es_stream_connect_producer(stream, &options, &producer));
  CHECK_OK(es_start_service_thread(context));
  line.say('r');
  for (;;) {
    const char word = line.hear();
    if (word == 'p') {
      es_writable slot;
      uint64_t number;
      CHECK_OK(es_producer_acquire(producer, 1'000'000, &slot));
      es_producer_info info;
      CHECK_OK(es_producer_get_info(producer, &info));
      memset(slot.data, static_cast<uint8_t>(info.frames + 1), slot.size);
      CHECK_OK(es_producer_post(producer, slot.lease, nullptr, 1'000'000, &number));
    }
    if (word == 'e') CHECK_OK(es_producer_close_input(producer));
    if (word == 's') CHECK_OK(es_producer_stop(producer));
    if (word == 'c') es_producer_close(producer);
    line.say(word);
  }
}

// The consumer's side of such a producer.
struct Watcher {
  explicit Watcher(const es_policy& policy) : child(serve) {
    CHECK_EQUAL(child.line.hear(), 'r');
    CHECK_OK(es_context_create(&context));
    es_consumer_options options{};
    options.policy = policy;
    CHECK_OK(es_open_consumer(context, "stage", &options, &consumer));
    es_frame frame;
    CHECK_RESULT(es_consumer_acquire(consumer, 0, 50'000, &frame), ES_TIMEOUT);
    wait_for_state(ES_STATE_EMPTY);
  }
  ~Watcher() { es_context_destroy(context); }
  void tell(char word) {
    child.line.say(word);
    CHECK_EQUAL(child.line.hear(), word);
  }
  void wait_for_state(int state) {
    const int64_t start = es_now();
    while (es_consumer_state(consumer) != state) {
      CHECK(check::elapsed_ms(start) < 5000);
      es_dispatch(context);
      usleep(500);
    }
  }
  es_frame take() {
    es_frame frame;
    CHECK_OK(es_consumer_acquire(consumer, ES_ACQUIRE_NEW_ONLY, 2'000'000, &frame));
    for (uint64_t index = 0; index < frame.size; index++) CHECK_EQUAL(frame.data[index], frame.number & 0xff);
    return frame;
  }
  Child child;
  es_context* context = nullptr;
  es_consumer* consumer = nullptr;
};

}  // namespace

TEST("closeInput: consumers drain in their own time, then see that it ended") {
  Stage stage;
  es_consumer* recorder = stage.join(check::fifo(4));
  es_consumer* detector = stage.join(check::mailbox());
  stage.post_many(3);
  CHECK_RESULT(es_producer_drain(stage.producer, ES_NO_WAIT), ES_WOULD_BLOCK);
  CHECK_OK(es_producer_close_input(stage.producer));
  CHECK_OK(es_producer_close_input(stage.producer));
  es_writable slot;
  CHECK_RESULT(es_producer_acquire(stage.producer, 0, &slot), ES_BAD_STATE);
  stage.settle();
  CHECK_EQUAL(es_consumer_state(recorder), ES_STATE_NEW_FRAME_AVAILABLE);
  for (uint64_t number = 1; number <= 3; number++) CHECK_EQUAL(stage.take(recorder).number, number);
  CHECK_RESULT(es_producer_drain(stage.producer, ES_NO_WAIT), ES_WOULD_BLOCK);
  CHECK_EQUAL(stage.take(detector).number, 3);
  CHECK_OK(es_producer_drain(stage.producer, ES_NO_WAIT));
  check_ended(recorder, ES_CAUSE_ENDED);
  check_ended(detector, ES_CAUSE_ENDED);
  stage.check_counts(recorder, 3, 3, 0, 0, 0);
}

TEST("closeInput: one who comes later is refused because the stream has ended") {
  Stage stage;
  CHECK_OK(es_producer_close_input(stage.producer));
  es_consumer* late = stage.join(check::mailbox());
  check_ended(late, ES_CAUSE_REFUSED);
  CHECK_TEXT(Stage::seen_by_consumer(late).reason, "ended");
}

TEST("stop: consumers end now, and what waited is discarded") {
  Stage stage;
  es_consumer* recorder = stage.join(check::fifo(4));
  stage.post_many(3);
  const es_frame held = stage.take(recorder);
  CHECK_OK(es_producer_stop(stage.producer));
  CHECK_OK(es_producer_stop(stage.producer));
  stage.settle();
  check_ended(recorder, ES_CAUSE_STOPPED);
  for (uint64_t index = 0; index < held.size; index++) CHECK_EQUAL(held.data[index], 1);
  stage.check_counts(recorder, 3, 1, 0, 2, 0);
  es_writable slot;
  CHECK_RESULT(es_producer_acquire(stage.producer, 0, &slot), ES_CLOSED);
}

TEST("close: waiting frames are drained or dropped, as the connection asked") {
  Stage stage;
  es_consumer* drains = stage.join(check::fifo(4));
  es_consumer* drops = stage.join(check::mailbox());
  stage.post_many(2);
  es_producer_close(stage.producer);
  stage.settle();
  check_ended(drops, ES_CAUSE_PRODUCER_CLOSED);
  const es_consumer_info info = Stage::seen_by_consumer(drops);
  CHECK_EQUAL(info.posted, 2);
  CHECK_EQUAL(info.skipped, 1);
  CHECK_EQUAL(info.discarded, 1);
  CHECK_EQUAL(info.waiting, 0);
  CHECK_EQUAL(stage.take(drains).number, 1);
  CHECK_EQUAL(stage.take(drains).number, 2);
  check_ended(drains, ES_CAUSE_PRODUCER_CLOSED);
}

TEST("the last frame that is drained brings the news of the end, without another acquire") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(4));
  stage.post_many(2);
  es_producer_close(stage.producer);
  stage.settle();
  const auto is_told = [&] {
    stage.settle();
    const auto changes = stage.events(ES_EVENT_STATE);
    return changes.back().new_state == ES_STATE_DISCONNECTED && changes.back().code == ES_CAUSE_PRODUCER_CLOSED;
  };
  stage.take(consumer);
  CHECK(!is_told());
  stage.take(consumer);
  CHECK(is_told());
}

TEST("past the end: the newest frame again for those who ask for it, released or not, until they close") {
  constexpr uint32_t past_end = ES_ACQUIRE_PAST_END;
  Stage stage;
  es_consumer* released_before = stage.join(check::mailbox());
  es_consumer* released_after = stage.join(check::mailbox());
  es_consumer* does_not_ask = stage.join(check::mailbox());
  es_consumer* evicted = stage.join(check::mailbox());
  stage.post();
  es_consumer_release(released_before, stage.take(released_before, past_end).lease);
  const es_frame held = stage.take(released_after, past_end);
  es_consumer_release(evicted, stage.take(evicted, past_end).lease);
  stage.take(does_not_ask);
  CHECK_OK(es_producer_evict(stage.producer, stage.seen_by_producer(evicted).id, ""));
  es_producer_close(stage.producer);
  stage.settle();
  es_consumer_release(released_after, held.lease);
  for (es_consumer* consumer : {released_before, released_after}) {
    for (int again = 0; again < 2; again++) {
      const es_frame frame = stage.take(consumer, past_end);
      CHECK_EQUAL(frame.number, 1);
      CHECK_EQUAL(frame.is_new, 0);
      es_consumer_release(consumer, frame.lease);
    }
    es_frame none;
    CHECK_RESULT(es_consumer_acquire(consumer, past_end | ES_ACQUIRE_NEW_ONLY, ES_NO_WAIT, &none), ES_CLOSED);
    check_ended(consumer, ES_CAUSE_PRODUCER_CLOSED);
  }
  check_ended(does_not_ask, ES_CAUSE_PRODUCER_CLOSED);
  es_frame none;
  CHECK_RESULT(es_consumer_acquire(evicted, past_end, ES_NO_WAIT, &none), ES_EVICTED);
}

TEST("a goodbye reaches a consumer whose last words the producer had not read yet") {
  Stage stage;
  es_consumer_options options{};
  options.policy = check::mailbox();
  es_consumer* consumer = nullptr;
  CHECK_OK(es_open_consumer(stage.there, "stage", &options, &consumer));
  es_dispatch(stage.here);   // the producer seats it
  es_dispatch(stage.there);  // it says `attached`, which stays unread
  es_producer_close(stage.producer);
  stage.settle();
  check_ended(consumer, ES_CAUSE_PRODUCER_CLOSED);
}

TEST("a consumer's goodbye reaches a producer whose last words it had not read") {
  Stage stage;
  es_consumer* consumer = stage.join(check::mailbox());
  stage.join(check::fifo(40));  // makes the pool grow: the first consumer has a message it does not read
  es_policy policy = check::fifo(100);
  es_consumer_options options{};
  options.policy = policy;
  es_consumer* third = nullptr;
  CHECK_OK(es_open_consumer(stage.there, "stage", &options, &third));
  es_dispatch(stage.here);
  const uint64_t id = Stage::seen_by_consumer(consumer).connection;
  es_consumer_close(consumer);
  stage.settle();
  const auto gone = stage.events(ES_EVENT_DISCONNECTED);
  CHECK_EQUAL(gone.size(), 1);
  CHECK_EQUAL(gone[0].connection, id);
  CHECK_EQUAL(gone[0].code, ES_CAUSE_CONSUMER_CLOSED);
}

TEST("states change in EGL's order, each change an event") {
  Stage stage;
  es_consumer* consumer = stage.join(check::mailbox());
  stage.post();
  stage.take(consumer);
  es_producer_close(stage.producer);
  stage.settle();
  const auto changes = stage.events(ES_EVENT_STATE);
  CHECK_EQUAL(changes.size(), 4);
  const uint8_t expected[] = {ES_STATE_INITIALIZING, ES_STATE_CREATED, ES_STATE_CONNECTING, ES_STATE_EMPTY,
                              ES_STATE_DISCONNECTED};
  for (size_t index = 0; index < changes.size(); index++) {
    CHECK_EQUAL(changes[index].old_state, expected[index]);
    CHECK_EQUAL(changes[index].new_state, expected[index + 1]);
    CHECK_EQUAL(changes[index].object, es_consumer_id(consumer));
  }
  CHECK_EQUAL(changes.back().code, ES_CAUSE_PRODUCER_CLOSED);
}

TEST("producer killed: a fifo drains what was posted, and a held frame stays readable and unchanged") {
  Watcher watcher(check::fifo(4));
  for (int index = 0; index < 3; index++) watcher.tell('p');
  const es_frame held = watcher.take();
  watcher.child.kill(SIGKILL);
  CHECK_EQUAL(watcher.child.wait(), -SIGKILL);
  CHECK_EQUAL(held.data[held.size - 1], 1);
  CHECK_EQUAL(watcher.take().number, 2);
  const es_frame last = watcher.take();
  CHECK_EQUAL(last.number, 3);
  es_frame frame;
  CHECK_RESULT(es_consumer_acquire(watcher.consumer, 0, 2'000'000, &frame), ES_CLOSED);
  CHECK_EQUAL(Stage::seen_by_consumer(watcher.consumer).cause, ES_CAUSE_PRODUCER_LOST);
  CHECK_EQUAL(last.data[0], 3);
}

TEST("producer killed: a mailbox drops what waits and knows of it") {
  Watcher watcher(check::mailbox());
  watcher.tell('p');
  watcher.take();
  watcher.child.kill(SIGKILL);
  const int64_t start = es_now();
  watcher.wait_for_state(ES_STATE_DISCONNECTED);
  printf("    known %lld ms after the kill; 100 are promised\n", static_cast<long long>(check::elapsed_ms(start)));
  check_ended(watcher.consumer, ES_CAUSE_PRODUCER_LOST);
}

TEST("producer killed: releasing what is held does not kill the consumer") {
  Watcher watcher(check::fifo(1));
  watcher.tell('p');
  const es_frame held = watcher.take();
  watcher.tell('p');
  watcher.child.line.say('p');  // waits for the place, so the next release or take signals
  usleep(50'000);
  watcher.child.kill(SIGKILL);
  CHECK_EQUAL(watcher.child.wait(), -SIGKILL);
  CHECK_OK(es_consumer_release(watcher.consumer, held.lease));
  watcher.take();
  es_consumer_close(watcher.consumer);
}

TEST("stop and closeInput reach a consumer of another process that sleeps") {
  for (const char word : {'s', 'e', 'c'}) {
    Watcher watcher(check::fifo(2));
    watcher.child.line.say(word);
    es_frame frame;
    CHECK_RESULT(es_consumer_acquire(watcher.consumer, 0, 5'000'000, &frame), ES_CLOSED);
    const es_cause expected = word == 's'   ? ES_CAUSE_STOPPED
                              : word == 'e' ? ES_CAUSE_ENDED
                                            : ES_CAUSE_PRODUCER_CLOSED;
    CHECK_EQUAL(Stage::seen_by_consumer(watcher.consumer).cause, expected);
  }
}

namespace {

// A consumer in a process of its own; 'a' acquires and says so, and it sleeps between words.
void hold(Line line) {
  es_context* context = nullptr;
  es_consumer* consumer = nullptr;
  line.hear();
  CHECK_OK(es_context_create(&context));
  es_consumer_options options{};
  options.policy = check::fifo(4);
  CHECK_OK(es_open_consumer(context, "stage", &options, &consumer));
  es_frame frame;
  for (;;) {
    CHECK_OK(es_consumer_acquire(consumer, ES_ACQUIRE_NEW_ONLY, 5'000'000, &frame));
    line.say('a');
  }
}

void wait_for_connections(Stage* stage, uint32_t count) {
  const int64_t start = es_now();
  while (stage->info().connections != count || (count != 0 && stage->info().state < ES_STATE_EMPTY)) {
    CHECK(check::elapsed_ms(start) < 5000);
    stage->settle();
    usleep(500);
  }
}

}  // namespace

TEST("consumer killed while it held and was owed frames: its slots are back") {
  Child child(hold);
  Stage stage;
  child.line.say('g');
  wait_for_connections(&stage, 1);
  stage.post();
  CHECK_EQUAL(child.line.hear(), 'a');
  child.kill(SIGSTOP);
  stage.post_many(4);
  CHECK_EQUAL(stage.info().slots_free, stage.info().slots - 5);
  child.kill(SIGKILL);
  const int64_t start = es_now();
  wait_for_connections(&stage, 0);
  printf("    back %lld ms after the kill; 100 are promised\n", static_cast<long long>(check::elapsed_ms(start)));
  CHECK_EQUAL(stage.info().slots_free, stage.info().slots);
  const auto gone = stage.events(ES_EVENT_DISCONNECTED);
  CHECK_EQUAL(gone.size(), 1);
  CHECK_EQUAL(gone[0].code, ES_CAUSE_CONSUMER_LOST);
  CHECK_EQUAL(gone[0].value, 4);
}

TEST("a post to a sleeping consumer that was just killed does not kill the producer") {
  Child child(hold);
  Stage stage;
  child.line.say('g');
  wait_for_connections(&stage, 1);
  stage.post();
  CHECK_EQUAL(child.line.hear(), 'a');
  usleep(50'000);  // it sleeps in its next acquire and has asked to be woken
  child.kill(SIGKILL);
  CHECK_EQUAL(child.wait(), -SIGKILL);
  stage.post();  // before the producer's loop had a turn
  wait_for_connections(&stage, 0);
}
