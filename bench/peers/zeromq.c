/*
 * The same job done by ZeroMQ: PUSH to PULL over ipc:// (a unix socket), one message per frame, filled by memcpy.
 * The sender fills the message that it sends, so that it copies no more often than our producer does. An empty
 * message is the end.
 *
 * zeromq produce <endpoint> <bytes> <warm-up ms> <ms>   ->   {"framesPerSecond": 1019.0, "cpuUsPerFrame": 700.0}
 * zeromq consume <endpoint> <warm-up ms>                ->   {"framesPerSecond": 1019.0, "cpuUsPerFrame": 800.0}
 */
#define _GNU_SOURCE
#include <string.h>
#include <zmq.h>

#include "../limits/measure.h"

enum { WAITING_MAX = 6, NOTHING_HAPPENS_MS = 10000 };

static void stop_with(const char *what) {
  fprintf(stderr, "%s: %s\n", what, zmq_strerror(zmq_errno()));
  exit(1);
}

static void *open_socket(void *context, int type, int waiting_option, int timeout_option) {
  const int waiting = WAITING_MAX;
  const int timeout = NOTHING_HAPPENS_MS;
  void *socket = zmq_socket(context, type);
  if (socket == NULL) stop_with("zmq_socket");
  zmq_setsockopt(socket, waiting_option, &waiting, sizeof waiting);
  zmq_setsockopt(socket, timeout_option, &timeout, sizeof timeout);
  zmq_setsockopt(socket, ZMQ_LINGER, &timeout, sizeof timeout);
  return socket;
}

struct window {
  int64_t start_ns, frames;
  double start_cpu;
};

static void open_window(struct window *window) {
  window->start_ns = now_ns();
  window->start_cpu = cpu_us();
}

static void print_window(const struct window *window) {
  const double seconds = (double)(now_ns() - window->start_ns) / 1e9;
  const double cpu = (cpu_us() - window->start_cpu) / (double)window->frames;
  printf("{\"framesPerSecond\": %.1f, \"cpuUsPerFrame\": %.3f}\n", (double)window->frames / seconds, cpu);
}

static void send_filled(void *socket, const char *picture, size_t bytes) {
  zmq_msg_t message;
  if (zmq_msg_init_size(&message, bytes) != 0) stop_with("zmq_msg_init_size");
  memcpy(zmq_msg_data(&message), picture, bytes);
  if (zmq_msg_send(&message, socket, 0) < 0) stop_with("zmq_msg_send");
}

static int64_t send_for(void *socket, const char *picture, size_t bytes, int64_t ms) {
  const int64_t end = now_ns() + ms * 1000000;
  int64_t sent = 0;
  for (; now_ns() < end; sent++) send_filled(socket, picture, bytes);
  return sent;
}

static void produce(void *context, char **argv) {
  const size_t bytes = strtoul(argv[3], NULL, 10);
  void *socket = open_socket(context, ZMQ_PUSH, ZMQ_SNDHWM, ZMQ_SNDTIMEO);
  char *picture = (char *)malloc(bytes);
  if (picture == NULL || zmq_bind(socket, argv[2]) != 0) stop_with(argv[2]);
  memset(picture, 1, bytes);
  send_filled(socket, picture, bytes); /* waits for the consumer */
  send_for(socket, picture, bytes, strtoll(argv[4], NULL, 10));
  struct window window = {0};
  open_window(&window);
  window.frames = send_for(socket, picture, bytes, strtoll(argv[5], NULL, 10));
  print_window(&window);
  if (zmq_send(socket, "", 0, 0) < 0) stop_with("zmq_send");
  zmq_close(socket);
}

/** Returns how many bytes came. */
static size_t receive(void *socket) {
  zmq_msg_t message;
  zmq_msg_init(&message);
  if (zmq_msg_recv(&message, socket, 0) < 0) stop_with("zmq_msg_recv");
  const size_t bytes = zmq_msg_size(&message);
  zmq_msg_close(&message);
  return bytes;
}

static void consume(void *context, char **argv) {
  const int64_t warm_up_ns = strtoll(argv[3], NULL, 10) * 1000000;
  void *socket = open_socket(context, ZMQ_PULL, ZMQ_RCVHWM, ZMQ_RCVTIMEO);
  if (zmq_connect(socket, argv[2]) != 0) stop_with(argv[2]);
  receive(socket);
  for (const int64_t first = now_ns(); now_ns() - first < warm_up_ns;) receive(socket);
  struct window window = {0};
  open_window(&window);
  while (receive(socket) > 0) window.frames++;
  if (window.frames == 0) stop_with("the run ended within its warm-up");
  print_window(&window);
  zmq_close(socket);
}

int main(int argc, char **argv) {
  void *context = zmq_ctx_new();
  if (argc == 6 && strcmp(argv[1], "produce") == 0) {
    produce(context, argv);
  } else if (argc == 4 && strcmp(argv[1], "consume") == 0) {
    consume(context, argv);
  } else {
    fputs("usage: zeromq produce|consume ...; see the first lines of zeromq.c\n", stderr);
    return 2;
  }
  zmq_ctx_term(context); /* waits until the last message is out */
  return 0;
}
