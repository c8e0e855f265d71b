/*
 * The ceiling of a filled frame: one private picture copied by memcpy into a ring of slots in a memfd, on one core,
 * with nobody to hand it to. What a producer reaches below this is what handing over costs.
 *
 * memcpy_ring <slots> <bytes> <milliseconds> <cpu>   ->   {"copiesPerSecond": 4717.0}
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096 };

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

int main(int argc, char **argv) {
  if (argc != 5) {
    fputs("usage: memcpy_ring <slots> <bytes> <milliseconds> <cpu>\n", stderr);
    return 2;
  }
  const size_t slots = strtoul(argv[1], NULL, 10);
  const size_t bytes = strtoul(argv[2], NULL, 10);
  const int64_t limit_ns = strtoll(argv[3], NULL, 10) * 1000000;
  const size_t stride = (bytes + PAGE - 1) / PAGE * PAGE;
  pin(atoi(argv[4]));

  const int fd = memfd_create("memcpy-ring", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, (off_t)(slots * stride)) != 0) fail("memfd");
  uint8_t *ring = mmap(NULL, slots * stride, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
  uint8_t *source = mmap(NULL, stride, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (ring == MAP_FAILED || source == MAP_FAILED) fail("mmap");
  memset(source, 1, stride);
  for (size_t slot = 0; slot < slots; slot++) memcpy(ring + slot * stride, source, bytes);

  int64_t copies = 0;
  const int64_t start = now_ns();
  int64_t elapsed = 0;
  do {
    memcpy(ring + ((size_t)copies % slots) * stride, source, bytes);
    copies++;
    elapsed = now_ns() - start;
  } while (elapsed < limit_ns);
  printf("{\"copiesPerSecond\": %.1f}\n", (double)copies * 1e9 / (double)elapsed);
  return 0;
}
