// hostile_consumer <socket path> <act>: attaches properly through the protocol itself, then does one evil thing.
// Exits 0 when the system or the producer answered as documented (docs/protocol.md), 1 with a sentence when not. The
// producer must go on posting all the while; steady_producer does, and says whether it was disturbed.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "check.hpp"
#include "raw_peer.hpp"
#include "stage.hpp"

namespace check {

void fail(const char* file, int line, const char* format, ...) {
  fprintf(stderr, "%s:%d: ", file, line);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  _exit(1);
}

void equal(const char* file, int line, const char* text, uint64_t actual, uint64_t expected) {
  if (actual != expected) {
    fail(file, line, "%s is %lld, not %lld", text, static_cast<long long>(actual), static_cast<long long>(expected));
  }
}

void result(const char* file, int line, const char* text, int actual, int expected) {
  if (actual != expected) fail(file, line, "%s gave %s", text, es_error_string(actual));
}

}  // namespace check

namespace {

using check::RawPeer;

constexpr int kAnswerMs = 3000;

struct Taken {
  uint64_t position = 0;
  uint32_t slot = 0;
};

Taken take(RawPeer* peer) {
  Taken taken;
  if (!peer->take(&taken.position, &taken.slot, kAnswerMs)) check::fail(__FILE__, __LINE__, "no frame came");
  return taken;
}

// A child that writes one byte there; the signal that ended it, or 0.
int signal_of_write(const void* address) {
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_DUMPABLE, 0);
    *static_cast<volatile uint8_t*>(const_cast<void*>(address)) = 0x66;
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

void must_fail(long result, int expected, const char* what) {
  if (result >= 0) check::fail(__FILE__, __LINE__, "%s worked", what);
  if (errno != expected) check::fail(__FILE__, __LINE__, "%s failed with %s", what, strerror(errno));
}

void map_writable_must_fail(int fd, size_t bytes, int expected) {
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  must_fail(address == MAP_FAILED ? -1 : 0, expected, "mapping the pool read-write");
}

void write_pixels(RawPeer* peer) { CHECK_EQUAL(signal_of_write(peer->data_of(take(peer).slot)), SIGSEGV); }

void write_descriptor(RawPeer* peer) { CHECK_EQUAL(signal_of_write(peer->descriptor_of(take(peer).slot)), SIGSEGV); }

void make_pool_writable(RawPeer* peer) {
  const check::RawPool& pool = peer->pools.front();
  map_writable_must_fail(pool.fd.get(), pool.shape.bytes, EPERM);
  must_fail(mprotect(pool.mapping.data(), pool.mapping.bytes(), PROT_READ | PROT_WRITE), EACCES, "mprotect");
  const std::string again = "/proc/self/fd/" + std::to_string(pool.fd.get());
  const es::Fd reopened(open(again.c_str(), O_RDWR | O_CLOEXEC));
  if (reopened) map_writable_must_fail(reopened.get(), pool.shape.bytes, EPERM);
}

void write_to_pool(RawPeer* peer) {
  const check::RawPool& pool = peer->pools.front();
  const auto offset = static_cast<off_t>(pool.shape.data_offset);
  must_fail(pwrite(pool.fd.get(), "evil", 4, offset), EPERM, "pwrite to the pool");
  must_fail(fallocate(pool.fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, 4096), EPERM,
            "punching a hole into the pool");
  must_fail(madvise(pool.mapping.data(), pool.mapping.bytes(), MADV_REMOVE), EACCES, "MADV_REMOVE on the pool");
}

void truncate_all(RawPeer* peer) {
  must_fail(ftruncate(peer->page_fd.get(), 0), EPERM, "shrinking the page");
  must_fail(ftruncate(peer->page_fd.get(), 1 << 20), EPERM, "growing the page");
  must_fail(fcntl(peer->page_fd.get(), F_ADD_SEALS, F_SEAL_WRITE), EPERM, "sealing the page against writes");
  for (const check::RawPool& pool : peer->pools) {
    must_fail(ftruncate(pool.fd.get(), 0), EPERM, "shrinking a pool");
    must_fail(ftruncate(pool.fd.get(), static_cast<off_t>(pool.shape.bytes) * 2), EPERM, "growing a pool");
  }
  take(peer);
}

void scribble(RawPeer* peer) {
  uint32_t seed = static_cast<uint32_t>(es_now());
  printf("seed %u\n", seed);
  auto* bytes = reinterpret_cast<uint8_t*>(peer->page);
  const int64_t start = es_now();
  for (uint32_t step = 0; check::elapsed_ms(start) < 2000; step++) {
    bytes[static_cast<size_t>(rand_r(&seed)) % es::kSeatPageBytes] = static_cast<uint8_t>(rand_r(&seed));
    if (step % 1000 == 0) usleep(100);
  }
  CHECK_EQUAL(peer->goodbye(kAnswerMs), ES_CAUSE_EVICTED_VIOLATION);
}

void punch_page(RawPeer* peer) {
  take(peer);
  usleep(100'000);  // until a frame waits whose position is not the 0 that a hole reads as
  CHECK(fallocate(peer->page_fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, es::kSeatPageBytes) == 0);
  CHECK_EQUAL(peer->goodbye(kAnswerMs), ES_CAUSE_EVICTED_VIOLATION);
}

void mark_illegally(RawPeer* peer) {
  const Taken taken = take(peer);
  peer->page->word[taken.slot].store(es::pack_word(taken.position + 1, es::SlotState::held));
  CHECK_EQUAL(peer->goodbye(kAnswerMs), ES_CAUSE_EVICTED_VIOLATION);
}

void free_places_never_taken(RawPeer* peer) {
  take(peer);
  peer->page->places_kept.store(UINT64_MAX / 2);
  CHECK_EQUAL(peer->goodbye(kAnswerMs), ES_CAUSE_EVICTED_VIOLATION);
}

// What is held is nobody's to write: the frame stays as it is while the producer posts hundreds of others.
void hold_for_ever(RawPeer* peer) {
  const Taken taken = take(peer);
  const uint64_t number = peer->descriptor_of(taken.slot)->number;
  const uint64_t posted = peer->page->posted.load();
  const int64_t start = es_now();
  while (check::elapsed_ms(start) < 1500) {
    CHECK_EQUAL(peer->descriptor_of(taken.slot)->number, number);
    const uint8_t* data = peer->data_of(taken.slot);
    for (uint64_t index = 0; index < peer->format.size; index++) CHECK_EQUAL(data[index], static_cast<uint8_t>(number));
    usleep(5000);
  }
  CHECK(peer->page->posted.load() > posted + 10);
  CHECK_EQUAL(peer->goodbye(0), ES_CAUSE_NONE);
}

void hold_too_many(RawPeer* peer) {
  take(peer);
  take(peer);
  CHECK_EQUAL(peer->goodbye(kAnswerMs), ES_CAUSE_EVICTED_VIOLATION);
}

// Asks to be woken for every frame and reads none of the wakes, with its end set to block.
void never_read_wakes(RawPeer* peer) {
  fcntl(peer->wake_socket.get(), F_SETFL, 0);
  const int64_t start = es_now();
  while (check::elapsed_ms(start) < 1000) {
    peer->page->consumer_waiting.store(1);
    usleep(500);
  }
  CHECK_EQUAL(peer->goodbye(0), ES_CAUSE_NONE);
}

void close_wake_socket(RawPeer* peer) {
  peer->wake_socket.reset();
  const int64_t start = es_now();
  while (check::elapsed_ms(start) < 500) {
    peer->page->consumer_waiting.store(1);
    usleep(500);
  }
  take(peer);
}

void flood_signals(RawPeer* peer) {
  const auto signal = es::make_message<es::SignalMessage>(es::MessageType::signal);
  const int64_t start = es_now();
  while (check::elapsed_ms(start) < 1000) es::send_message(peer->socket.get(), signal);
  take(peer);
}

// Says things that no attached consumer says: the producer takes it for gone.
void talk_nonsense(RawPeer* peer) {
  auto hello = es::make_message<es::WelcomeMessage>(es::MessageType::welcome);
  CHECK_OK(es::send_message(peer->socket.get(), hello));
  while (peer->read(kAnswerMs) == ES_OK) {
  }
  CHECK_EQUAL(peer->read(kAnswerMs), ES_CLOSED);
}

void stop_for_ever(RawPeer* peer) {
  take(peer);
  const pid_t parent = getpid();
  if (fork() == 0) {
    usleep(800'000);
    kill(parent, SIGCONT);
    _exit(0);
  }
  raise(SIGSTOP);
  take(peer);
}

struct Act {
  const char* name;
  void (*run)(RawPeer* peer);
};

constexpr Act kActs[] = {
    {"write-pixels", write_pixels},
    {"write-descriptor", write_descriptor},
    {"make-pool-writable", make_pool_writable},
    {"write-to-pool", write_to_pool},
    {"truncate", truncate_all},
    {"scribble", scribble},
    {"punch-page", punch_page},
    {"mark-illegally", mark_illegally},
    {"free-places", free_places_never_taken},
    {"hold-for-ever", hold_for_ever},
    {"hold-too-many", hold_too_many},
    {"never-read-wakes", never_read_wakes},
    {"close-wake-socket", close_wake_socket},
    {"flood-signals", flood_signals},
    {"talk-nonsense", talk_nonsense},
    {"stop", stop_for_ever},
};

}  // namespace

int main(int argc, char** argv) {
  for (const Act& act : kActs) {
    if (argc != 3 || strcmp(argv[2], act.name) != 0) continue;
    alarm(15);
    RawPeer peer(argv[1]);
    peer.hello(check::mailbox());
    peer.attach(kAnswerMs);
    act.run(&peer);
    printf("%s: as documented\n", act.name);
    return 0;
  }
  fprintf(stderr, "usage: hostile_consumer <socket path> <act>\nacts:");
  for (const Act& act : kActs) fprintf(stderr, " %s", act.name);
  fputc('\n', stderr);
  return 2;
}
