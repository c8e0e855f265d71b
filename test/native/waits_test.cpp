// Waits: threads that block, loops that poll, and calls from another thread that must wake them.
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "stage.hpp"

using check::Stage;

namespace {

constexpr int64_t kLong = 8'000'000;  // us: longer than any wait that is woken, shorter than the test's limit

// Runs `wait` on a thread, does `act` once it surely sleeps, and expects it to return at once.
template <class Wait, class Act>
int woken(Wait wait, Act act) {
  int result = 0;
  std::thread thread([&] { result = wait(); });
  usleep(60'000);
  const int64_t start = es_now();
  act();
  thread.join();
  CHECK(check::elapsed_ms(start) < 2000);
  return result;
}

}  // namespace

TEST("an acquire that waits gets the frame that is posted") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(2));
  es_frame frame{};
  const int result = woken([&] { return es_consumer_acquire(consumer, 0, kLong, &frame); }, [&] { stage.post(); });
  CHECK_RESULT(result, ES_OK);
  CHECK_EQUAL(frame.number, 1);
}

TEST("a post that waits goes on when its consumer takes a frame") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(1));
  stage.post();
  CHECK_RESULT(woken([&] { return stage.try_post(kLong); }, [&] { stage.take(consumer); }), ES_OK);
  CHECK_EQUAL(stage.take(consumer).number, 2);
}

TEST("a post that waits goes on when the consumer in its way is evicted") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(1));
  stage.post();
  const uint64_t id = Stage::seen_by_consumer(consumer).connection;
  const int result = woken([&] { return stage.try_post(kLong); },
                           [&] { CHECK_OK(es_producer_evict(stage.producer, id, "")); });
  CHECK_RESULT(result, ES_OK);
}

TEST("a post that waits ends when another thread closes the input, stops, or closes the producer") {
  void (*const acts[])(es_producer*) = {
      [](es_producer* producer) { CHECK_OK(es_producer_close_input(producer)); },
      [](es_producer* producer) { CHECK_OK(es_producer_stop(producer)); },
      [](es_producer* producer) { es_producer_close(producer); },
  };
  const int expected[] = {ES_BAD_STATE, ES_CLOSED, ES_CLOSED};
  for (int index = 0; index < 3; index++) {
    Stage stage;
    stage.join(check::fifo(1));
    stage.post();
    es_writable slot;
    CHECK_OK(es_producer_acquire(stage.producer, 0, &slot));
    const int result = woken([&] { return es_producer_post(stage.producer, slot.lease, nullptr, kLong, nullptr); },
                             [&] { acts[index](stage.producer); });
    CHECK_RESULT(result, expected[index]);
  }
}

TEST("an acquire that waits ends when its consumer is closed or its producer stops") {
  for (const bool own : {true, false}) {
    Stage stage;
    es_consumer* consumer = stage.join(check::mailbox());
    es_frame frame;
    const int result = woken([&] { return es_consumer_acquire(consumer, 0, kLong, &frame); },
                             [&] { own ? es_consumer_close(consumer) : (void)es_producer_stop(stage.producer); });
    CHECK_RESULT(result, ES_CLOSED);
  }
}

TEST("destroying a context wakes every waiter of it") {
  es_context* context = nullptr;
  CHECK_OK(es_context_create(&context));
  es_stream_options stream_options{};
  stream_options.socket_group = -1;
  es_stream* stream = nullptr;
  CHECK_OK(es_stream_create(context, &stream_options, &stream));
  es_consumer_options options{};
  options.policy = check::mailbox();
  es_consumer* consumers[3];
  for (es_consumer*& consumer : consumers) CHECK_OK(es_stream_connect_consumer(stream, &options, &consumer));
  std::atomic<int> closed = 0;
  std::vector<std::thread> threads;
  for (es_consumer* consumer : consumers) {
    threads.emplace_back([&closed, consumer] {
      es_frame frame;
      closed += es_consumer_acquire(consumer, 0, kLong, &frame) == ES_CLOSED;
    });
  }
  usleep(60'000);
  const int64_t start = es_now();
  es_context_destroy(context);
  for (std::thread& thread : threads) thread.join();
  CHECK(check::elapsed_ms(start) < 2000);
  CHECK_EQUAL(closed.load(), 3);
}

TEST("with a service thread the hand-shake and the waits need no loop of the application") {
  Stage stage;
  CHECK_OK(es_start_service_thread(stage.here));
  CHECK_OK(es_start_service_thread(stage.there));
  CHECK_RESULT(es_start_service_thread(stage.there), ES_BAD_STATE);
  es_consumer_options options{};
  options.policy = check::fifo(2);
  es_consumer* consumer = nullptr;
  CHECK_OK(es_open_consumer(stage.there, "stage", &options, &consumer));
  const int64_t start = es_now();
  while (es_consumer_state(consumer) != ES_STATE_EMPTY) {
    CHECK(check::elapsed_ms(start) < 5000);
    usleep(500);
  }
  std::thread reader([&] {
    for (uint64_t number = 1; number <= 500; number++) {
      es_frame frame;
      CHECK_OK(es_consumer_acquire(consumer, ES_ACQUIRE_NEW_ONLY, kLong, &frame));
      CHECK_EQUAL(frame.number, number);
    }
  });
  for (int index = 0; index < 500; index++) {
    int result;
    while ((result = stage.try_post(kLong)) == ES_WOULD_BLOCK) {
    }
    CHECK_RESULT(result, ES_OK);
  }
  reader.join();
}

TEST("two threads of one context wait, each for its own consumer") {
  Stage stage;
  es_consumer* consumers[2] = {stage.join(check::fifo(4)), stage.join(check::fifo(4))};
  std::vector<std::thread> threads;
  for (es_consumer* consumer : consumers) {
    threads.emplace_back([consumer] {
      for (uint64_t number = 1; number <= 300; number++) {
        es_frame frame;
        CHECK_OK(es_consumer_acquire(consumer, ES_ACQUIRE_NEW_ONLY, kLong, &frame));
        CHECK_EQUAL(frame.number, number);
      }
    });
  }
  for (int index = 0; index < 300; index++) CHECK_OK(stage.try_post(kLong));
  for (std::thread& thread : threads) thread.join();
}

TEST("a wait of a thread and a loop on the same context do not keep each other awake") {
  Stage stage;
  es_consumer* consumer = stage.join(check::mailbox());
  std::thread waiter([&] {
    es_frame frame;
    CHECK_RESULT(es_consumer_acquire(consumer, 0, 600'000, &frame), ES_TIMEOUT);
  });
  usleep(50'000);
  stage.settle();
  es_consumer* second = stage.join(check::mailbox());  // gives the loop something to dispatch
  es_consumer_close(second);
  const int64_t busy = check::processor_ms();
  const int64_t start = es_now();
  while (check::elapsed_ms(start) < 300) {
    pollfd ready{es_fd(stage.there), POLLIN, 0};
    if (poll(&ready, 1, 50) > 0) es_dispatch(stage.there);
    es_event event;
    while (es_next_event(stage.there, &event) != 0) {
    }
  }
  CHECK(check::processor_ms() - busy < 100);
  waiter.join();
}
