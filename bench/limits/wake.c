/*
 * The floor of a wake-up: two processes play ping-pong, each waiting until the other has hit. One-way time = the
 * receiver's clock after its wait minus the sender's clock before its hit. Three ways to wait:
 *
 *   epoll   asleep in epoll_wait() until the other writes its eventfd, as an event loop does
 *   futex   asleep in FUTEX_WAIT on a shared word
 *   spin    never asleep: reads the shared word until it changes
 *
 * With a pause each side waits that long before it hits, so that the other processor is deeply asleep.
 *
 * wake <epoll|futex|spin> <cpu a> <cpu b> <round trips> <pause in microseconds>   ->   {"p50Us": 1.35, "p99Us": 1.84}
 */
#define _GNU_SOURCE
#include "measure.h"

#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUND_TRIPS_MAX = 1000000 };

/** One side's inbox, on cache lines of its own. */
struct box {
  _Alignas(128) _Atomic uint32_t hits;
  atomic_llong sent_ns;
};

struct shared {
  struct box boxes[2];
  _Alignas(128) int64_t one_way_ns[2][ROUND_TRIPS_MAX];
};

struct player {
  struct box *own, *peer;
  int own_bell, peer_bell, epoll;
};

static void ring_eventfd(struct player *player) {
  const uint64_t one = 1;
  if (write(player->peer_bell, &one, sizeof one) != sizeof one) fail("write");
}

static void wait_eventfd(struct player *player, uint32_t seen) {
  struct epoll_event event;
  uint64_t count = 0;
  (void)seen;
  if (epoll_wait(player->epoll, &event, 1, -1) != 1) fail("epoll_wait");
  if (read(player->own_bell, &count, sizeof count) != sizeof count) fail("read");
}

static void ring_futex(struct player *player) { syscall(SYS_futex, &player->peer->hits, FUTEX_WAKE, 1, NULL, NULL, 0); }

static void wait_futex(struct player *player, uint32_t seen) {
  while (atomic_load(&player->own->hits) == seen) {
    syscall(SYS_futex, &player->own->hits, FUTEX_WAIT, seen, NULL, NULL, 0);
  }
}

static void ring_nothing(struct player *player) { (void)player; }

static void wait_spinning(struct player *player, uint32_t seen) {
  while (atomic_load_explicit(&player->own->hits, memory_order_acquire) == seen) relax();
}

static const struct mechanism {
  const char *name;
  void (*ring)(struct player *player);
  void (*wait)(struct player *player, uint32_t seen);
} mechanisms[] = {
    {"epoll", ring_eventfd, wait_eventfd},
    {"futex", ring_futex, wait_futex},
    {"spin", ring_nothing, wait_spinning},
};

static const struct mechanism *find_mechanism(const char *name) {
  for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
    if (strcmp(mechanisms[i].name, name) == 0) return &mechanisms[i];
  }
  return NULL;
}

static void hit(const struct mechanism *mechanism, struct player *player) {
  atomic_store_explicit(&player->peer->sent_ns, now_ns(), memory_order_relaxed);
  atomic_fetch_add(&player->peer->hits, 1);
  mechanism->ring(player);
}

/** Waits for the hit after `seen` of them; returns how long it was on its way. */
static int64_t receive(const struct mechanism *mechanism, struct player *player, uint32_t seen) {
  mechanism->wait(player, seen);
  const int64_t now = now_ns();
  return now - atomic_load_explicit(&player->own->sent_ns, memory_order_relaxed);
}

static void play(const struct mechanism *mechanism, struct player *player, int side, int64_t *one_way_ns,
                 int round_trips, useconds_t pause_us) {
  for (int i = 0; i < round_trips; i++) {
    if (side == 1) one_way_ns[i] = receive(mechanism, player, (uint32_t)i);
    if (pause_us != 0) usleep(pause_us);
    hit(mechanism, player);
    if (side == 0) one_way_ns[i] = receive(mechanism, player, (uint32_t)i);
  }
}

static struct player make_player(struct shared *shared, const int *bells, int side) {
  struct player player = {.own = &shared->boxes[side],
                          .peer = &shared->boxes[!side],
                          .own_bell = bells[side],
                          .peer_bell = bells[!side],
                          .epoll = epoll_create1(EPOLL_CLOEXEC)};
  struct epoll_event event = {.events = EPOLLIN};
  if (player.epoll < 0 || epoll_ctl(player.epoll, EPOLL_CTL_ADD, player.own_bell, &event) != 0) fail("epoll");
  return player;
}

/** The first tenth warms caches and maps pages. Both directions count. */
static void print_result(const struct shared *shared, int round_trips) {
  const int skipped = round_trips / 10;
  const size_t count = 2 * (size_t)(round_trips - skipped);
  int64_t *all = (int64_t *)malloc(count * sizeof *all);
  if (all == NULL) fail("malloc");
  for (size_t i = 0; i < count; i++) all[i] = shared->one_way_ns[i & 1][(size_t)skipped + i / 2];
  const double p50 = percentile_us(all, count, 50);
  printf("{\"p50Us\": %.3f, \"p99Us\": %.3f}\n", p50, percentile_us(all, count, 99));
  free(all);
}

int main(int argc, char **argv) {
  const struct mechanism *mechanism = argc == 6 ? find_mechanism(argv[1]) : NULL;
  const int round_trips = argc == 6 ? atoi(argv[4]) : 0;
  if (mechanism == NULL || round_trips < 10 || round_trips > ROUND_TRIPS_MAX) {
    fputs("usage: wake <epoll|futex|spin> <cpu a> <cpu b> <round trips> <pause in us>\n", stderr);
    return 2;
  }
  struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  const int bells[2] = {eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  if (shared == MAP_FAILED || bells[0] < 0 || bells[1] < 0) fail("set-up");

  const pid_t child = fork();
  if (child < 0) fail("fork");
  const int side = child == 0;
  if (side == 1) prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would hit it any more */
  pin(atoi(argv[2 + side]));
  struct player player = make_player(shared, bells, side);
  play(mechanism, &player, side, shared->one_way_ns[side], round_trips, (useconds_t)atoi(argv[5]));
  if (side == 1) _exit(0);
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) fail("the other side");
  print_result(shared, round_trips);
  return 0;
}
