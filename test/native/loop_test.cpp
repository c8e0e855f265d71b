// The event loop: what it is told, that it is told once, and that it sleeps when nothing happens.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

#include "channel.hpp"
#include "child.hpp"
#include "raw_peer.hpp"
#include "stage.hpp"

using check::RawPeer;
using check::Stage;

namespace {

// Polls and dispatches as an application does; the processor time that this took.
int64_t idle_cost(es_context* context, int64_t milliseconds) {
  const int64_t busy = check::processor_ms();
  const int64_t start = es_now();
  while (check::elapsed_ms(start) < milliseconds) {
    pollfd ready{es_fd(context), POLLIN, 0};
    if (poll(&ready, 1, 20) > 0) es_dispatch(context);
    es_event event;
    while (es_next_event(context, &event) != 0) {
    }
  }
  return check::processor_ms() - busy;
}

constexpr int64_t kIdleMax = 100;  // ms of processor time in 300 ms: a loop that spins takes all of it

}  // namespace

TEST("a loop sleeps while nothing happens") {
  Stage stage;
  stage.join(check::fifo(2));
  CHECK(idle_cost(stage.here, 300) < kIdleMax);
  CHECK(idle_cost(stage.there, 300) < kIdleMax);
}

TEST("a consumer's loop sleeps after its producer closed, with frames still to drain") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(4));
  stage.post_many(2);
  es_producer_close(stage.producer);
  stage.settle();
  CHECK_EQUAL(es_consumer_state(consumer), ES_STATE_NEW_FRAME_AVAILABLE);
  CHECK(idle_cost(stage.there, 300) < kIdleMax);
  CHECK_EQUAL(stage.take(consumer).number, 1);
}

TEST("a producer's loop sleeps when a consumer closes its end of the wake pipe and stays") {
  Stage stage;
  es_consumer* good = stage.join(check::fifo(2));
  RawPeer peer("stage");
  peer.hello(check::mailbox());
  stage.settle();
  peer.attach();
  stage.settle();
  peer.wake_socket.reset();
  peer.page->consumer_waiting.store(1);  // asks for a wake that it cannot get
  stage.post();
  CHECK(idle_cost(stage.here, 300) < kIdleMax);
  CHECK_EQUAL(stage.take(good).number, 1);
}

TEST("a hand-shake in progress and a stalled queue together do not hang the producer") {
  Stage stage;
  stage.join(check::fifo(1, 50));
  RawPeer peer("stage");
  peer.hello(check::mailbox());  // and never attaches
  stage.settle();
  stage.post();
  const int64_t start = es_now();
  CHECK_OK(stage.try_post(5'000'000));
  CHECK(check::elapsed_ms(start) >= 50);
  CHECK(check::elapsed_ms(start) < 2000);
}

TEST("a producer's loop sleeps after a tryPost that found a full queue, whoever else is attaching") {
  Stage stage;
  stage.join(check::fifo(1, 30));
  RawPeer peer("stage");
  peer.hello(check::mailbox());
  stage.settle();
  stage.post();
  CHECK_RESULT(stage.try_post(), ES_WOULD_BLOCK);
  CHECK(idle_cost(stage.here, 300) < kIdleMax);
}

TEST("a stall that is due is told although a newcomer sets the timer anew in the same turn") {
  Stage stage;
  stage.join(check::fifo(1, 50));
  stage.post();
  CHECK_RESULT(stage.try_post(), ES_WOULD_BLOCK);
  stage.settle();
  RawPeer peer("stage");
  peer.hello(check::mailbox());  // waits at the door before the timer runs out, so it is served first
  usleep(80'000);
  const size_t before = stage.events(ES_EVENT_WRITABLE).size();
  stage.settle();
  CHECK(stage.events(ES_EVENT_WRITABLE).size() > before);
  CHECK_OK(stage.try_post());  // which judges the queue: its consumer goes
  stage.settle();
  CHECK_EQUAL(stage.events(ES_EVENT_STALLED).size(), 1);
}

TEST("a blocked post sleeps when one queue in its way has a place again and another has not") {
  Stage stage;
  es_consumer* quick = stage.join(check::fifo(1, 60));
  stage.join(check::fifo(1, 5000));
  stage.post();
  CHECK_RESULT(stage.try_post(), ES_WOULD_BLOCK);
  stage.take(quick);
  const int64_t busy = check::processor_ms();
  CHECK_RESULT(stage.try_post(400'000), ES_TIMEOUT);
  CHECK(check::processor_ms() - busy < 150);
  stage.settle();
  CHECK_EQUAL(stage.events(ES_EVENT_STALLED).size(), 0);
}

TEST("every event is told once, also when an object is closed in between") {
  Stage stage;
  es_consumer* consumers[3];
  es_consumer_options options{};
  options.policy = check::mailbox();
  for (es_consumer*& consumer : consumers) CHECK_OK(es_open_consumer(stage.there, "stage", &options, &consumer));
  for (int round = 0; round < 10; round++) {
    es_dispatch(stage.here);
    es_dispatch(stage.there);
  }
  es_event event;
  int changes[3] = {};
  int taken = 0;
  while (es_next_event(stage.there, &event) != 0) {
    for (int index = 0; index < 2; index++) {
      if (event.kind == ES_EVENT_STATE && event.object == es_consumer_id(consumers[index])) changes[index]++;
    }
    if (++taken == 4) es_consumer_close(consumers[2]);
  }
  CHECK_EQUAL(changes[0], 3);  // created, connecting, empty
  CHECK_EQUAL(changes[1], 3);
}

TEST("a queue of events that nobody takes is bounded, and the newest are kept") {
  Stage stage;
  es_consumer_options options{};
  options.policy = check::mailbox();
  for (int round = 0; round < 2500; round++) {
    es_consumer* consumer = nullptr;
    CHECK_OK(es_stream_connect_consumer(stage.stream, &options, &consumer));
    es_dispatch(stage.here);
    es_dispatch(stage.here);
    es_dispatch(stage.here);
    es_consumer_close(consumer);
  }
  int count = 0;
  es_event event, last{};
  es_dispatch(stage.here);
  while (es_next_event(stage.here, &event) != 0) {
    if (event.kind == ES_EVENT_DISCONNECTED) last = event;
    count++;
  }
  CHECK(count > 1000 && count <= 4096);
  CHECK_EQUAL(last.connection, 2500);
}

TEST("a consumer that floods the producer with signals does not keep its loop") {
  Stage stage;
  es_consumer* good = stage.join(check::fifo(2));
  RawPeer peer("stage");
  peer.hello(check::mailbox());
  stage.settle();
  peer.attach();
  stage.settle();
  const int socket = peer.socket.get();
  check::Child flood([socket](check::Line) {
    const auto signal = es::make_message<es::SignalMessage>(es::MessageType::signal);
    while (send(socket, &signal, sizeof signal, MSG_NOSIGNAL) > 0) {
    }
  });
  const int64_t start = es_now();
  for (uint64_t number = 1; check::elapsed_ms(start) < 400; number++) {
    stage.post();
    const int64_t turn = es_now();
    es_dispatch(stage.here);
    CHECK(check::elapsed_ms(turn) < 200);
    CHECK_EQUAL(stage.take(good).number, number);
  }
}

TEST("descriptors that a stranger sends are closed at once, whether its message was good or bad") {
  Stage stage;
  for (const bool good : {true, false}) {
    RawPeer peer("stage");
    int cargo[2];
    CHECK(pipe2(cargo, O_CLOEXEC | O_NONBLOCK) == 0);
    auto hello = es::make_message<es::HelloMessage>(es::MessageType::hello);
    hello.kind = static_cast<uint32_t>(es::Kind::consume);
    hello.version_min = hello.version_max = es::kVersionMax;
    hello.policy = check::mailbox();
    hello.header.magic = good ? es::kMagic : 0;
    const int sent[] = {cargo[1], cargo[1]};
    // Linux 6.16 and newer turn the sender away (SO_PASSRIGHTS), older ones deliver.
    const int result = es::send_message(peer.socket.get(), hello, sent, 2);
    CHECK(result == ES_OK || errno == EPERM);
    close(cargo[1]);
    stage.settle();
    char byte;
    CHECK_EQUAL(read(cargo[0], &byte, 1), 0);  // nobody has the other end any more
    close(cargo[0]);
  }
}

TEST("a seat keeps four descriptors open, two at either end, and none afterwards") {
  Stage stage;
  stage.join(check::mailbox());
  es_consumer_close(stage.join(check::mailbox()));  // the pool is large enough for two now
  stage.settle();
  const int before = check::open_descriptors();
  es_consumer* consumer = stage.join(check::mailbox());
  CHECK_EQUAL(check::open_descriptors() - before, 4);
  es_consumer_close(consumer);
  stage.settle();
  CHECK_EQUAL(check::open_descriptors(), before);
}
