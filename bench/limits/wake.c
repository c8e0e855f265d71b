/*
 * The floor of a wake-up: two processes play ping-pong, each asleep in epoll_wait() until the other writes its
 * eventfd. One-way time = the receiver's clock after its read minus the sender's clock before its write.
 *
 * With a pause each side waits that long before it writes, so that the other processor is deeply asleep.
 *
 * wake <cpu a> <cpu b> <round trips> <pause in microseconds>   ->   {"p50Us": 1.35, "p99Us": 1.84}
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUND_TRIPS_MAX = 1000000 };

struct shared {
  _Alignas(128) atomic_llong sent_ns;
  _Alignas(128) int64_t one_way_ns[2][ROUND_TRIPS_MAX];
};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET((size_t)cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) fail("sched_setaffinity");
}

static void wake(struct shared *shared, int peer) {
  const uint64_t one = 1;
  atomic_store(&shared->sent_ns, now_ns());
  if (write(peer, &one, sizeof one) != sizeof one) fail("write");
}

/** Sleeps until woken; returns how long the wake-up took. */
static int64_t sleep_until_woken(struct shared *shared, int epoll, int own) {
  struct epoll_event event;
  uint64_t count = 0;
  if (epoll_wait(epoll, &event, 1, -1) != 1) fail("epoll_wait");
  if (read(own, &count, sizeof count) != sizeof count) fail("read");
  return now_ns() - atomic_load(&shared->sent_ns);
}

static void play(struct shared *shared, int side, int own, int peer, int round_trips, useconds_t pause_us) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN};
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, own, &event) != 0) fail("epoll");
  for (int i = 0; i < round_trips; i++) {
    if (side == 1) shared->one_way_ns[side][i] = sleep_until_woken(shared, epoll, own);
    if (pause_us != 0) usleep(pause_us);
    wake(shared, peer);
    if (side == 0) shared->one_way_ns[side][i] = sleep_until_woken(shared, epoll, own);
  }
}

static int by_value(const void *left, const void *right) {
  const int64_t a = *(const int64_t *)left;
  const int64_t b = *(const int64_t *)right;
  return a < b ? -1 : a > b;
}

int main(int argc, char **argv) {
  const int round_trips = argc == 5 ? atoi(argv[3]) : 0;
  if (round_trips < 10 || round_trips > ROUND_TRIPS_MAX) {
    fprintf(stderr, "usage: wake <cpu a> <cpu b> <round trips, 10..%d> <pause in us>\n", ROUND_TRIPS_MAX);
    return 2;
  }
  struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  const int fds[2] = {eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  if (shared == MAP_FAILED || fds[0] < 0 || fds[1] < 0) fail("set-up");

  const pid_t child = fork();
  if (child < 0) fail("fork");
  const int side = child == 0;
  pin(atoi(argv[1 + side]));
  play(shared, side, fds[side], fds[!side], round_trips, (useconds_t)atoi(argv[4]));
  if (side == 1) _exit(0);
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) fail("the other side");

  // The first tenth warms caches and maps pages. Both directions count.
  const int skipped = round_trips / 10;
  const int count = 2 * (round_trips - skipped);
  int64_t *all = malloc((size_t)count * sizeof *all);
  if (all == NULL) fail("malloc");
  for (int i = 0; i < count; i++) all[i] = shared->one_way_ns[i & 1][skipped + i / 2];
  qsort(all, (size_t)count, sizeof *all, by_value);
  printf("{\"p50Us\": %.3f, \"p99Us\": %.3f}\n", (double)all[count / 2] / 1e3, (double)all[count * 99L / 100] / 1e3);
  free(all);
  return 0;
}
