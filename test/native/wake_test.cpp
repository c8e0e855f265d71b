// Wake-ups: who gets which kind of descriptor, and loops that watch a consumer's descriptor themselves.
#include "wake.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "child.hpp"
#include "raw_peer.hpp"
#include "stage.hpp"

using check::RawPeer;
using check::Stage;

namespace {

bool is_socket(int fd) {
  struct stat status{};
  CHECK(fstat(fd, &status) == 0);
  return S_ISSOCK(status.st_mode);
}

bool readable(int fd, int timeout_ms = 0) {
  pollfd ready{fd, POLLIN, 0};
  return poll(&ready, 1, timeout_ms) == 1;
}

void attach(Stage* stage, RawPeer* peer) {
  peer->hello(check::mailbox());
  stage->settle();
  peer->attach();
  stage->settle();
}

constexpr char kNoNamespaces = 'n', kSocket = 's', kEventfd = 'e', kFailed = 'f';

// Connects from a pid namespace of its own, as a container does, and says what it was given.
char kind_given_to_a_container(check::Line line) {
  if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {  // not allowed here; never allowed to a process with threads
    line.hear();
    return kNoNamespaces;
  }
  const pid_t inside = fork();  // the first process of the new namespace
  if (inside == 0) {
    line.hear();
    RawPeer peer("stage");
    peer.hello(check::mailbox());
    peer.attach(5000);
    _exit(is_socket(peer.wake_socket.get()) ? kSocket : kEventfd);
  }
  int status = 0;
  waitpid(inside, &status, 0);
  return WIFEXITED(status) ? static_cast<char>(WEXITSTATUS(status)) : kFailed;
}

}  // namespace

TEST("a consumer that may signal the producer is woken by an eventfd") {
  Stage stage;
  RawPeer peer("stage");
  attach(&stage, &peer);
  CHECK(!is_socket(peer.wake_socket.get()));
  peer.page->consumer_waiting.store(1);
  stage.post();
  CHECK(readable(peer.wake_socket.get()));
  CHECK(es::drain_wakes(peer.wake_socket.get()));
  CHECK(!readable(peer.wake_socket.get()));
  fcntl(peer.wake_socket.get(), F_SETFL, 0);  // the other end's flag as well; taking nothing must not wait all the same
  CHECK(es::drain_wakes(peer.wake_socket.get()));
}

TEST("a consumer from another pid namespace is woken over a socket, whose other end it cannot reach") {
  check::Child container([](check::Line line) { line.say(kind_given_to_a_container(line)); });
  Stage stage;
  container.line.say('g');
  for (int turn = 0; turn < 500 && !readable(container.line.in, 10); turn++) stage.settle();
  const char given = container.line.hear();
  if (given == kNoNamespaces) check::skip("no user namespaces here");
  CHECK_EQUAL(given, kSocket);
}

TEST("a loop that watches a consumer's own descriptor hears of each frame that came while it slept") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(4));
  const int fd = es_consumer_wake_fd(consumer);
  CHECK(fd >= 0);
  CHECK(!readable(fd));
  for (uint64_t number = 1; number <= 3; number++) {
    es_frame frame{};
    CHECK_RESULT(es_consumer_acquire(consumer, ES_ACQUIRE_NEW_ONLY, ES_NO_WAIT, &frame), ES_WOULD_BLOCK);
    stage.post();
    CHECK(readable(fd));
    CHECK_OK(es_consumer_woken(consumer));
    CHECK(!readable(fd));
    CHECK_EQUAL(stage.take(consumer).number, number);
  }
}

TEST("an acquire that asks for no wake-up gets none") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(4));
  const int fd = es_consumer_wake_fd(consumer);
  es_frame frame{};
  const uint32_t flags = ES_ACQUIRE_NEW_ONLY | ES_ACQUIRE_NO_WAKE | ES_ACQUIRE_SPIN;
  CHECK_RESULT(es_consumer_acquire(consumer, flags, ES_NO_WAIT, &frame), ES_WOULD_BLOCK);
  stage.post();
  CHECK(!readable(fd));
  CHECK_EQUAL(stage.take(consumer, flags).number, 1);
}

TEST("a sleep ends with a frame, with a word of the producer, and with its time") {
  Stage stage;
  es_consumer* consumer = stage.join(check::fifo(4));
  CHECK_RESULT(es_consumer_sleep(consumer, 20'000), ES_TIMEOUT);
  std::thread poster([&stage] {
    usleep(20'000);
    stage.post();
  });
  CHECK_OK(es_consumer_sleep(consumer, 5'000'000));
  poster.join();
  CHECK_RESULT(es_consumer_sleep(consumer, 5'000'000), ES_WOULD_BLOCK);  // it waits already
  CHECK_EQUAL(stage.take(consumer).number, 1);
  CHECK_OK(es_producer_close_input(stage.producer));
  CHECK_OK(es_consumer_sleep(consumer, 5'000'000));
  stage.settle();
  es_frame frame{};
  CHECK_RESULT(es_consumer_acquire(consumer, ES_ACQUIRE_NEW_ONLY, ES_NO_WAIT, &frame), ES_CLOSED);
  CHECK_RESULT(es_consumer_sleep(consumer, 5'000'000), ES_WOULD_BLOCK);  // there is nothing to wait for
}
