// The listening side is independent of the role: a producer connects to a stream that another context listens for.
#include <cstdlib>
#include <cstring>

#include "stage.hpp"

using check::Stage;

namespace {

// The consumers' side listens and has no producer of its own; `there` is the producer's process.
struct Listening {
  explicit Listening(bool strict = false) {
    CHECK_OK(es_context_create(&listener));
    CHECK_OK(es_context_create(&maker));
    es_stream_options options{};
    options.name = "listening";
    options.socket_group = -1;
    options.strict = strict;
    CHECK_OK(es_stream_create(listener, &options, &stream));
  }
  ~Listening() {
    es_context_destroy(maker);
    es_context_destroy(listener);
  }
  es_producer* open_producer() {
    es_producer_options options{};
    CHECK_OK(es_format_init(&options.format, "GRAY8", 64, 8));
    es_producer* producer = nullptr;
    CHECK_OK(es_open_producer(maker, "listening", nullptr, &options, &producer));
    settle();
    return producer;
  }
  void settle() {
    for (int round = 0; round < 20; round++) {
      for (es_context* context : {listener, maker}) {
        es_dispatch(context);
        es_event event;
        while (es_next_event(context, &event) != 0) events.push_back(event);
      }
    }
  }
  es_consumer* join() {
    es_consumer_options options{};
    options.policy = check::fifo(4);
    es_consumer* consumer = nullptr;
    CHECK_OK(es_stream_connect_consumer(stream, &options, &consumer));
    settle();
    return consumer;
  }
  int count(es_event_kind kind, int code) const {
    int found = 0;
    for (const es_event& event : events) found += event.kind == static_cast<uint32_t>(kind) && event.code == code;
    return found;
  }
  es_context* listener = nullptr;
  es_context* maker = nullptr;
  es_stream* stream = nullptr;
  std::vector<es_event> events;
};

void post(es_producer* producer, uint8_t value) {
  es_writable slot;
  CHECK_OK(es_producer_acquire(producer, ES_NO_WAIT, &slot));
  memset(slot.data, value, slot.size);
  CHECK_OK(es_producer_post(producer, slot.lease, nullptr, ES_NO_WAIT, nullptr));
}

}  // namespace

TEST("a producer from outside serves consumers that waited and those that come later") {
  Listening listening;
  es_consumer* early = listening.join();
  CHECK_EQUAL(es_consumer_state(early), ES_STATE_CONNECTING);
  es_producer* producer = listening.open_producer();
  CHECK_EQUAL(listening.count(ES_EVENT_PRODUCER, 1), 2);  // for the stream, and for the producer itself
  CHECK_EQUAL(es_consumer_state(early), ES_STATE_EMPTY);
  es_consumer* late = listening.join();
  CHECK_EQUAL(es_consumer_state(late), ES_STATE_EMPTY);
  post(producer, 42);
  for (es_consumer* consumer : {early, late}) {
    es_frame frame;
    CHECK_OK(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &frame));
    CHECK_EQUAL(frame.data[511], 42);
  }
  es_connection_info connections[4];
  CHECK_EQUAL(es_producer_connections(producer, connections, 4), 2);
}

TEST("a second producer is refused, whether it comes from outside or inside") {
  Listening listening;
  es_producer* first = listening.open_producer();
  es_producer* second = listening.open_producer();
  CHECK_EQUAL(listening.count(ES_EVENT_REFUSED, ES_RESOURCE_BUSY), 2);
  es_producer_options options{};
  CHECK_OK(es_format_init(&options.format, "GRAY8", 8, 8));
  es_producer* third = nullptr;
  CHECK_RESULT(es_stream_connect_producer(listening.stream, &options, &third), ES_RESOURCE_BUSY);
  es_producer_close(second);
  es_producer_close(first);
  listening.settle();
  CHECK_EQUAL(listening.count(ES_EVENT_PRODUCER, 0), 1);
  CHECK_OK(es_stream_connect_producer(listening.stream, &options, &third));
}

TEST("when the producer from outside closes, its consumers end and the stream waits for the next") {
  Listening listening;
  es_consumer* consumer = listening.join();
  es_producer* producer = listening.open_producer();
  es_producer_close(producer);
  listening.settle();
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_DISCONNECTED);
  CHECK_EQUAL(Stage::seen_by_consumer(consumer).cause, ES_CAUSE_PRODUCER_CLOSED);
  es_consumer* next = listening.join();
  CHECK_EQUAL(es_consumer_state(next), ES_STATE_CONNECTING);
  listening.open_producer();
  CHECK_EQUAL(es_consumer_state(next), ES_STATE_EMPTY);
}

TEST("a producer from outside outlives the stream that introduced it") {
  Listening listening;
  es_consumer* consumer = listening.join();
  es_producer* producer = listening.open_producer();
  es_stream_close(listening.stream);
  listening.settle();
  post(producer, 7);
  es_frame frame;
  CHECK_OK(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &frame));
  CHECK_EQUAL(frame.data[0], 7);
  es_consumer_options options{};
  options.policy = check::mailbox();
  es_consumer* nobody = nullptr;
  CHECK_RESULT(es_open_consumer(listening.maker, "listening", &options, &nobody), ES_NOT_FOUND);
}

TEST("strict holds for a producer from outside: consumer first") {
  Listening listening(true);
  listening.open_producer();
  CHECK_EQUAL(listening.count(ES_EVENT_REFUSED, ES_BAD_STATE), 2);
}

TEST("nobody listens: ES_NOT_FOUND says where it looked") {
  es_context* context = nullptr;
  CHECK_OK(es_context_create(&context));
  es_producer_options options{};
  CHECK_OK(es_format_init(&options.format, "GRAY8", 8, 8));
  es_producer* producer = nullptr;
  CHECK_RESULT(es_open_producer(context, "listening", nullptr, &options, &producer), ES_NOT_FOUND);
  CHECK_TEXT(es_last_error(), getenv("EDGESTREAM_RUNTIME_DIR"));
  es_context_destroy(context);
}
