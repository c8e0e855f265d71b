/*
 * The ceiling of a filled frame: one private picture copied by memcpy into a ring of slots in a memfd, on one core,
 * with nobody to hand it to. What a producer reaches below this is what handing over costs.
 *
 * With a second cpu, a process there sleeps in epoll_wait() and is woken through an eventfd after each copy. That is
 * a ceiling too: the wake-up of another processor costs the producer time, more so while its stores drain.
 *
 * memcpy_ring <slots> <bytes> <milliseconds> <cpu> [<cpu to wake>]   ->   {"copiesPerSecond": 4717.0}
 */
#define _GNU_SOURCE
#include "measure.h"

#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

/** Starts a process that sleeps on `cpu` until woken by `bell`, over and over, at most as long as this one lives. */
static pid_t start_sleeper(int cpu, int bell) {
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pin(cpu);
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN};
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, bell, &event) != 0) fail("epoll");
  for (;;) {
    uint64_t count = 0;
    if (epoll_wait(epoll, &event, 1, -1) != 1 || read(bell, &count, sizeof count) != sizeof count) fail("sleep");
  }
}

/** Copies until `limit_ns` have passed; returns how many times in a second. */
static double copy_for(int64_t limit_ns, uint8_t *ring, size_t slots, size_t stride, const uint8_t *source,
                       size_t bytes, int bell) {
  const uint64_t one = 1;
  const int64_t start = now_ns();
  int64_t copies = 0;
  int64_t elapsed = 0;
  do {
    memcpy(ring + ((size_t)copies % slots) * stride, source, bytes);
    if (bell >= 0 && write(bell, &one, sizeof one) != sizeof one) fail("write");
    copies++;
    elapsed = now_ns() - start;
  } while (elapsed < limit_ns);
  return (double)copies * 1e9 / (double)elapsed;
}

int main(int argc, char **argv) {
  if (argc != 5 && argc != 6) {
    fputs("usage: memcpy_ring <slots> <bytes> <milliseconds> <cpu> [<cpu to wake>]\n", stderr);
    return 2;
  }
  const size_t slots = strtoul(argv[1], NULL, 10);
  const size_t bytes = strtoul(argv[2], NULL, 10);
  const int64_t limit_ns = strtoll(argv[3], NULL, 10) * 1000000;
  const size_t stride = (bytes + PAGE - 1) / PAGE * PAGE;
  const int bell = argc == 6 ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
  const pid_t sleeper = argc == 6 ? start_sleeper(atoi(argv[5]), bell) : 0;
  pin(atoi(argv[4]));

  const int fd = memfd_create("memcpy-ring", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, (off_t)(slots * stride)) != 0) fail("memfd");
  uint8_t *ring = mmap(NULL, slots * stride, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  uint8_t *source = mmap(NULL, stride, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (ring == MAP_FAILED || source == MAP_FAILED) fail("mmap");
  memset(source, 1, stride);
  for (size_t slot = 0; slot < slots; slot++) memcpy(ring + slot * stride, source, bytes);
  const double rate = copy_for(limit_ns, ring, slots, stride, source, bytes, bell);
  printf("{\"copiesPerSecond\": %.1f}\n", rate);
  if (sleeper != 0) {
    kill(sleeper, SIGKILL);
    waitpid(sleeper, NULL, 0); /* so that its time counts as ours */
  }
  return 0;
}
