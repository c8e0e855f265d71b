/*
 * Frames through a TCP connection of this host, with as little around them as possible: 16 bytes of header, then the
 * pixels, by sendmsg() and recv() of a blocking socket with TCP_NODELAY. What a transport reaches below this is what it
 * costs. Nobody looks at the pixels; each side has a ring of `slots` frames.
 *
 * tcp <send|receive> <listen|dial> <port> <frame bytes> <slots> <frames per second> <warm-up ms> <ms>
 *   send     ->   {"framesPerSecond": 1437.0, "cpuUsPerFrame": 651.0}
 *   receive  ->   the same, and "latency": {"p50Us": 900.0, "p99Us": 2100.0}: from before the send to the last byte
 * 0 frames per second: as fast as it goes. The sender ends the run, the receiver when its peer has closed.
 */
#define _GNU_SOURCE
#include "measure.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DIAL_TRIES = 2000, SAMPLES_MAX = 65536 };

typedef struct {
  int64_t sent_ns; /* CLOCK_MONOTONIC, the same for all processes of a host */
  int64_t number;
} header;

typedef struct {
  size_t bytes, slots;
  double fps;
  int64_t warm_up_ns, measure_ns;
  uint8_t *ring;
} task;

static int accept_one(struct sockaddr_in *address) {
  const int one = 1, server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (server < 0 || setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0) fail("socket");
  if (bind(server, (struct sockaddr *)address, sizeof *address) != 0 || listen(server, 1) != 0) fail("listen");
  const int peer = accept(server, NULL, NULL);
  if (peer < 0) fail("accept");
  close(server);
  return peer;
}

static int dial(struct sockaddr_in *address) {
  for (int tries = 0; tries < DIAL_TRIES; tries++) {
    const int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (peer < 0) fail("socket");
    if (connect(peer, (struct sockaddr *)address, sizeof *address) == 0) return peer;
    close(peer);
    usleep(5000); /* the other side is not there yet */
  }
  fail("connect");
  return -1;
}

static int meet(int listens, int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int one = 1, peer = listens ? accept_one(&address) : dial(&address);
  if (setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0) fail("TCP_NODELAY");
  return peer;
}

static void send_frame(int peer, const task *task, int64_t number) {
  header head = {.sent_ns = now_ns(), .number = number};
  uint8_t *pixels = task->ring + (size_t)number % task->slots * task->bytes;
  struct iovec parts[2] = {{&head, sizeof head}, {pixels, task->bytes}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  for (size_t left = sizeof head + task->bytes; left > 0;) {
    const ssize_t sent = sendmsg(peer, &message, MSG_NOSIGNAL);
    if (sent <= 0) fail("sendmsg");
    left -= (size_t)sent;
    if (left == 0) return;
    const size_t pixels_left = left < task->bytes ? left : task->bytes;
    parts[1] = (struct iovec){pixels + task->bytes - pixels_left, pixels_left};
    parts[0] = (struct iovec){(uint8_t *)&head + sizeof head - (left - pixels_left), left - pixels_left};
  }
}

/** Sends for some time; returns how many. */
static int64_t send_for(int peer, const task *task, int64_t duration_ns, int64_t *number) {
  const int64_t first = *number, start = now_ns();
  while (now_ns() - start < duration_ns) {
    send_frame(peer, task, (*number)++);
    if (task->fps <= 0) continue;
    const int64_t next_ns = start + (int64_t)((double)(*number - first) * 1e9 / task->fps);
    const struct timespec next = {.tv_sec = next_ns / 1000000000, .tv_nsec = next_ns % 1000000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL) != 0) continue;
  }
  return *number - first;
}

static void run_sender(int peer, const task *task) {
  int64_t number = 0;
  send_for(peer, task, task->warm_up_ns, &number);
  const double cpu_before = cpu_us();
  const int64_t start = now_ns();
  const int64_t sent = send_for(peer, task, task->measure_ns, &number);
  const double seconds = (double)(now_ns() - start) / 1e9;
  const double cpu = (cpu_us() - cpu_before) / (double)sent;
  printf("{\"framesPerSecond\": %.1f, \"cpuUsPerFrame\": %.2f}\n", (double)sent / seconds, cpu);
  char rest;
  shutdown(peer, SHUT_WR);
  while (recv(peer, &rest, 1, 0) > 0) continue; /* until the other side has everything */
}

/** 0 at the end of the stream, between two frames. */
static int receive_all(int peer, void *target, size_t bytes, int may_end) {
  for (size_t got = 0; got < bytes;) {
    const ssize_t count = recv(peer, (uint8_t *)target + got, bytes - got, 0);
    if (count == 0 && got == 0 && may_end) return 0;
    if (count <= 0) fail("recv");
    got += (size_t)count;
  }
  return 1;
}

static void run_receiver(int peer, const task *task) {
  static int64_t latency_ns[SAMPLES_MAX];
  int64_t first = 0, start = 0, frames = 0, last = 0;
  double cpu_before = 0;
  header head;
  for (int64_t number = 0; receive_all(peer, &head, sizeof head, 1); number++) {
    if (head.number != number) {
      fputs("a frame is missing\n", stderr);
      exit(1);
    }
    receive_all(peer, task->ring + (size_t)number % task->slots * task->bytes, task->bytes, 0);
    last = now_ns();
    if (start != 0) {
      latency_ns[frames++ % SAMPLES_MAX] = last - head.sent_ns;
      continue;
    }
    if (first == 0) first = last;
    if (last - first < task->warm_up_ns) continue;
    start = last;
    cpu_before = cpu_us();
  }
  if (frames == 0) {
    fputs("the run ended within its warm-up\n", stderr);
    exit(1);
  }
  const double cpu = (cpu_us() - cpu_before) / (double)frames;
  const double rate = (double)frames * 1e9 / (double)(last - start);
  const size_t samples = (size_t)(frames < SAMPLES_MAX ? frames : SAMPLES_MAX);
  const double p50 = percentile_us(latency_ns, samples, 50), p99 = percentile_us(latency_ns, samples, 99);
  printf("{\"framesPerSecond\": %.1f, \"cpuUsPerFrame\": %.2f, ", rate, cpu);
  printf("\"latency\": {\"p50Us\": %.1f, \"p99Us\": %.1f}}\n", p50, p99);
}

int main(int argc, char **argv) {
  if (argc != 9) {
    fputs("usage: tcp <send|receive> <listen|dial> <port> <bytes> <slots> <fps> <warm-up ms> <ms>\n", stderr);
    return 2;
  }
  task task = {.bytes = strtoul(argv[4], NULL, 10), .slots = strtoul(argv[5], NULL, 10), .fps = strtod(argv[6], NULL)};
  task.warm_up_ns = (int64_t)(strtod(argv[7], NULL) * 1e6);
  task.measure_ns = (int64_t)(strtod(argv[8], NULL) * 1e6);
  const size_t size = task.bytes * task.slots;
  task.ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (task.ring == MAP_FAILED) fail("mmap");
  memset(task.ring, 1, size);
  const int peer = meet(strcmp(argv[2], "listen") == 0, atoi(argv[3]));
  if (strcmp(argv[1], "send") == 0) run_sender(peer, &task);
  else run_receiver(peer, &task);
  return 0;
}
