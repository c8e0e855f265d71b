/*
 * The floor of reading a decoder: takes raw pictures from a pipe at a steady rate, into a ring of slots, and looks at
 * none of them. Whoever wants ffmpeg's pictures in another process pays at least this.
 *
 * The program is started with the pictures' pipe as descriptor 3 and a second pipe, which is emptied, as descriptor 4.
 *
 * pipe_sink <frame bytes> <frames per second> <seconds> <program> [arguments]
 *   ->   {"frames": 150, "seconds": 5.0, "cpuSeconds": 0.07, "programCpuSeconds": 1.05}
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 8, PIPE_BYTES = 1 << 20 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void sleep_until(int64_t at_ns) {
  const struct timespec at = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) continue;
}

static double cpu_seconds(int who) {
  struct rusage usage;
  getrusage(who, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/** Starts the program; `ends` are the read ends of its descriptors 3 and 4. */
static pid_t start(char **program, int ends[2]) {
  int pipes[2][2];
  for (int i = 0; i < 2; i++) {
    if (pipe2(pipes[i], O_CLOEXEC) != 0) fail("pipe2");
    ends[i] = pipes[i][0];
  }
  (void)fcntl(pipes[0][0], F_SETPIPE_SZ, PIPE_BYTES);  // as much as is granted
  if (fcntl(ends[1], F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    // Out of the way first: the pipes may have been given 3 and 4 themselves.
    const int pictures = fcntl(pipes[0][1], F_DUPFD_CLOEXEC, 10);
    const int times = fcntl(pipes[1][1], F_DUPFD_CLOEXEC, 10);
    if (dup2(pictures, 3) != 3 || dup2(times, 4) != 4) fail("dup2");
    execvp(program[0], program);
    fail(program[0]);
  }
  close(pipes[0][1]);
  close(pipes[1][1]);
  return child;
}

static int read_frame(int pictures, char *slot, size_t size) {
  for (size_t got = 0; got < size;) {
    const ssize_t count = read(pictures, slot + got, size - got);
    if (count < 0) fail("read");
    if (count == 0) return 0;
    got += (size_t)count;
  }
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr, "usage: pipe_sink <frame bytes> <frames per second> <seconds> <program> [arguments]\n");
    return 2;
  }
  const size_t size = strtoul(argv[1], NULL, 10);
  const double period_ns = 1e9 / strtod(argv[2], NULL);
  const double seconds = strtod(argv[3], NULL);
  char *ring = malloc(size * SLOTS);
  if (ring == NULL) fail("malloc");

  int ends[2];
  const pid_t child = start(argv + 4, ends);
  // The first frame and a round of the ring: memory is there and the program is at work.
  for (int slot = 0; slot < SLOTS; slot++) {
    if (!read_frame(ends[0], ring + size * (size_t)slot, size)) fail("no pictures");
  }
  const double cpu_before = cpu_seconds(RUSAGE_SELF);
  const int64_t begin = now_ns();
  long frames = 0;
  char times[4096];
  while ((double)(now_ns() - begin) < seconds * 1e9) {
    if (!read_frame(ends[0], ring + size * (size_t)(frames % SLOTS), size)) break;
    while (read(ends[1], times, sizeof times) > 0) continue;
    frames++;
    sleep_until(begin + (int64_t)((double)frames * period_ns));
  }
  const double lasted = (double)(now_ns() - begin) / 1e9;
  const double cpu = cpu_seconds(RUSAGE_SELF) - cpu_before;
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  printf("{\"frames\": %ld, \"seconds\": %.3f, ", frames, lasted);
  printf("\"cpuSeconds\": %.6f, \"programCpuSeconds\": %.6f}\n", cpu, cpu_seconds(RUSAGE_CHILDREN));
  return 0;
}
