/*
 * link_emulator [options] <left namespace> <right namespace>: a link that is slow, lossy and can be cut, between two
 * network namespaces. It opens a tun device in each and carries IP packets from one to the other, late or not at all.
 * The devices are without an address: whoever started it sets that. They are gone when it ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define PACKET_BYTES_MAX 65536
#define PACKETS_MAX 65536     /* under way in one direction: 100 MB/s of full packets for a second */
#define PACKETS_PER_TURN 64   /* from one end before the other has its turn */
#define COMMAND_BYTES_MAX 256
#define NS_PER_MS 1000000

static const char usage[] =
    "usage: link_emulator [options] <left namespace> <right namespace>\n"
    "\n"
    "A namespace is a path: /proc/<pid>/ns/net or /run/netns/<name>. What holds in each direction:\n"
    "  --delay-ms N      how long a packet is under way, 0 to 60000 (default 0)\n"
    "  --jitter-ms N     it takes up to so much less or more, at most the delay (default 0)\n"
    "  --loss-percent N  packets that are lost at random, 0 to 100 (default 0)\n"
    "  --rate-mbit N     million bits per second, 0.001 to 100000; 0: no limit (default 0)\n"
    "  --queue-bytes N   what may wait to be sent at that rate, from 1500; more is dropped (default 262144)\n"
    "  --reorder         jitter lets packets overtake each other; without it they keep their order\n"
    "  --device NAME     name of both tun devices (default link0)\n"
    "  --seed N          for the random numbers, at least 1 (default: of the clock)\n"
    "  --help            this text\n"
    "\n"
    "Commands, one a line on stdin; answers are JSON lines on stdout, the first one is \"ready\":\n"
    "  cut MS            from now on nothing arrives, for so long; then it says \"mended\"\n"
    "  down, up          nothing arrives and both ends see that the cable is out; and in again\n"
    "  stats             packets and bytes that arrived, packets that were lost, cut off, dropped, and are under way\n"
    "  quit              ends it, as the end of stdin does\n";

struct packet {
  int64_t due;
  uint64_t order; /* in which they came; decides between two that are due at once */
  size_t size;
  uint8_t bytes[];
};

/* One way across the link. What is under way is a heap with the packet that is due first on top. */
struct direction {
  int from, to;
  int64_t sender_free; /* when what waits has been sent at the link's rate */
  int64_t last_due;
  uint64_t taken, packets, bytes, lost, cut, dropped;
  size_t under_way;
  struct packet *heap[PACKETS_MAX];
};

static int64_t delay_ns, jitter_ns;
static double loss, bytes_per_ns; /* 0: no limit */
static int64_t queue_bytes = 262144;
static int may_reorder;
static int64_t cut_until;
static int is_cut, is_down;
static uint64_t seed;

static __attribute__((noreturn, format(printf, 2, 3))) void fail(int code, const char *format, ...) {
  va_list values;
  va_start(values, format);
  fputs("link_emulator: ", stderr);
  vfprintf(stderr, format, values);
  fputc('\n', stderr);
  va_end(values);
  exit(code);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* From 0 up to, but not including, 1: xorshift64*. */
static double chance(void) {
  seed ^= seed >> 12;
  seed ^= seed << 25;
  seed ^= seed >> 27;
  return (double)((seed * UINT64_C(0x2545F4914F6CDD1D)) >> 11) / 9007199254740992.0;
}

/* ---- packets under way ---------------------------------------------------------------------------------------- */

static int is_before(const struct packet *a, const struct packet *b) {
  return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void push(struct direction *way, struct packet *packet) {
  size_t at = way->under_way++;
  while (at > 0 && is_before(packet, way->heap[(at - 1) / 2])) {
    way->heap[at] = way->heap[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  way->heap[at] = packet;
}

static struct packet *pop(struct direction *way) {
  struct packet *first = way->heap[0];
  struct packet *last = way->heap[--way->under_way];
  size_t at = 0;
  for (size_t child; (child = 2 * at + 1) < way->under_way; at = child) {
    if (child + 1 < way->under_way && is_before(way->heap[child + 1], way->heap[child])) child++;
    if (!is_before(way->heap[child], last)) break;
    way->heap[at] = way->heap[child];
  }
  way->heap[at] = last;
  return first;
}

/* ---- the link -------------------------------------------------------------------------------------------------- */

/* When a packet that comes now has left the sender; -1: the queue has no room for it. */
static int64_t sent_at(struct direction *way, size_t size, int64_t now) {
  if (bytes_per_ns == 0) return now;
  if (way->sender_free < now) way->sender_free = now;
  const double waiting = (double)(way->sender_free - now) * bytes_per_ns;
  if (waiting + (double)size > (double)queue_bytes) return -1;
  way->sender_free += (int64_t)((double)size / bytes_per_ns);
  return way->sender_free;
}

static void take(struct direction *way, const uint8_t *bytes, size_t size, int64_t now) {
  const uint64_t order = way->taken++;
  if (is_cut || is_down) {
    way->cut++;
    return;
  }
  const int64_t sent = sent_at(way, size, now);
  if (sent < 0 || way->under_way == PACKETS_MAX) {
    way->dropped++;
    return;
  }
  if (chance() < loss) { /* on its way: it took its part of the rate */
    way->lost++;
    return;
  }
  struct packet *packet = malloc(sizeof *packet + size);
  if (packet == NULL) fail(1, "out of memory");
  packet->due = sent + delay_ns + (int64_t)((2 * chance() - 1) * (double)jitter_ns);
  if (!may_reorder && packet->due < way->last_due) packet->due = way->last_due;
  way->last_due = packet->due;
  packet->order = order;
  packet->size = size;
  memcpy(packet->bytes, bytes, size);
  push(way, packet);
}

static void take_all(struct direction *way) {
  static uint8_t bytes[PACKET_BYTES_MAX];
  for (int count = 0; count < PACKETS_PER_TURN; count++) {
    const ssize_t size = read(way->from, bytes, sizeof bytes);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size < 0) fail(1, "reading a tun device: %s", strerror(errno));
    take(way, bytes, (size_t)size, now_ns());
  }
}

static void deliver_due(struct direction *way) {
  const int64_t now = now_ns();
  while (way->under_way > 0 && way->heap[0]->due <= now) {
    struct packet *packet = pop(way);
    if (is_cut || is_down) {
      way->cut++;
    } else if (write(way->to, packet->bytes, packet->size) == (ssize_t)packet->size) {
      way->packets++;
      way->bytes += packet->size;
    } else {
      way->dropped++; /* the device is not up, or its namespace is out of memory */
    }
    free(packet);
  }
}

/* ---- commands --------------------------------------------------------------------------------------------------- */

static void print_direction(const char *name, const struct direction *way) {
  printf(",\"%s\":{\"packets\":%llu,\"bytes\":%llu,\"lost\":%llu,\"cut\":%llu,\"dropped\":%llu,\"underWay\":%zu,"
         "\"taken\":%llu}",
         name, (unsigned long long)way->packets, (unsigned long long)way->bytes, (unsigned long long)way->lost,
         (unsigned long long)way->cut, (unsigned long long)way->dropped, way->under_way,
         (unsigned long long)way->taken);
}

static void plug(const struct direction *there, int carrier) {
  is_down = !carrier;
  if (ioctl(there->from, TUNSETCARRIER, &carrier) != 0 || ioctl(there->to, TUNSETCARRIER, &carrier) != 0) {
    fail(1, "TUNSETCARRIER: %s", strerror(errno));
  }
  printf("{\"kind\":\"%s\"}\n", carrier ? "up" : "down");
}

static void obey(const char *command, const struct direction *there, const struct direction *back) {
  double ms;
  char rest;
  if (sscanf(command, "cut %lf%c", &ms, &rest) == 1 && ms > 0 && ms <= 3600000) {
    cut_until = now_ns() + (int64_t)(ms * NS_PER_MS);
    is_cut = 1;
    printf("{\"kind\":\"cut\"}\n");
  } else if (strcmp(command, "down") == 0 || strcmp(command, "up") == 0) {
    plug(there, command[0] == 'u');
  } else if (strcmp(command, "stats") == 0) {
    printf("{\"kind\":\"stats\"");
    print_direction("leftToRight", there);
    print_direction("rightToLeft", back);
    puts("}");
  } else if (strcmp(command, "quit") == 0) {
    exit(0);
  } else {
    fail(2, "no such command: cut MS, down, up, stats or quit");
  }
}

static void read_commands(const struct direction *there, const struct direction *back) {
  static char text[COMMAND_BYTES_MAX];
  static size_t length;
  const ssize_t size = read(STDIN_FILENO, text + length, sizeof text - length);
  if (size < 0 && errno == EINTR) return;
  if (size <= 0) exit(0);
  length += (size_t)size;
  for (char *end; (end = memchr(text, '\n', length)) != NULL;) {
    *end = '\0';
    obey(text, there, back);
    length -= (size_t)(end + 1 - text);
    memmove(text, end + 1, length);
  }
  if (length == sizeof text) fail(2, "a command has less than %d bytes", COMMAND_BYTES_MAX);
}

/* ---- start ------------------------------------------------------------------------------------------------------ */

static double number(const char *option, const char *text, double min, double max) {
  char *end;
  const double value = strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= min && value <= max)) { /* so neither is NaN */
    fail(2, "--%s takes a number from %g to %g, not \"%s\"", option, min, max, text);
  }
  return value;
}

/* A device lives in the namespace that this thread was in when it was made. */
static int open_tun(const char *namespace, const char *device) {
  struct ifreq request;
  const int place = open(namespace, O_RDONLY | O_CLOEXEC);
  if (place < 0) fail(1, "%s: %s", namespace, strerror(errno));
  if (setns(place, CLONE_NEWNET) != 0) fail(1, "entering %s: %s", namespace, strerror(errno));
  close(place);
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) fail(1, "/dev/net/tun: %s", strerror(errno));
  memset(&request, 0, sizeof request);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  strcpy(request.ifr_name, device); /* main() has looked at its length */
  if (ioctl(fd, TUNSETIFF, &request) != 0) fail(1, "TUNSETIFF %s: %s", device, strerror(errno));
  return fd;
}

static void run(struct direction *there, struct direction *back) {
  for (;;) {
    struct pollfd ready[3] = {{there->from, POLLIN, 0}, {back->from, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    int64_t next = INT64_MAX;
    if (there->under_way > 0) next = there->heap[0]->due;
    if (back->under_way > 0 && back->heap[0]->due < next) next = back->heap[0]->due;
    if (is_cut && cut_until < next) next = cut_until;
    const int64_t wait = next - now_ns();
    const struct timespec timeout = {wait > 0 ? wait / 1000000000 : 0, wait > 0 ? wait % 1000000000 : 0};
    if (ppoll(ready, 3, next == INT64_MAX ? NULL : &timeout, NULL) < 0 && errno != EINTR) {
      fail(1, "ppoll: %s", strerror(errno));
    }
    /* What became due while the link was cut is lost, also when we come to it after the cut. */
    if (ready[2].revents != 0) read_commands(there, back);
    deliver_due(there);
    deliver_due(back);
    if (is_cut && now_ns() >= cut_until) {
      is_cut = 0;
      puts("{\"kind\":\"mended\"}");
    }
    if (ready[0].revents != 0) take_all(there);
    if (ready[1].revents != 0) take_all(back);
  }
}

int main(int argc, char **argv) {
  static struct direction there, back;
  static const struct option options[] = {
      {"delay-ms", required_argument, NULL, 'd'},     {"jitter-ms", required_argument, NULL, 'j'},
      {"loss-percent", required_argument, NULL, 'l'}, {"rate-mbit", required_argument, NULL, 'r'},
      {"queue-bytes", required_argument, NULL, 'q'},  {"reorder", no_argument, NULL, 'o'},
      {"device", required_argument, NULL, 'n'},       {"seed", required_argument, NULL, 's'},
      {"help", no_argument, NULL, 'h'},               {NULL, 0, NULL, 0}};
  const char *device = "link0";
  seed = (uint64_t)now_ns() | 1;
  for (int option, index; (option = getopt_long(argc, argv, "", options, &index)) != -1;) {
    const char *name = option == '?' ? "" : options[index].name;
    if (option == 'd') delay_ns = (int64_t)(number(name, optarg, 0, 60000) * NS_PER_MS);
    else if (option == 'j') jitter_ns = (int64_t)(number(name, optarg, 0, 60000) * NS_PER_MS);
    else if (option == 'l') loss = number(name, optarg, 0, 100) / 100;
    else if (option == 'r') bytes_per_ns = number(name, optarg, 0, 100000) / 8000;
    else if (option == 'q') queue_bytes = (int64_t)number(name, optarg, 1500, 1 << 30);
    else if (option == 's') seed = (uint64_t)number(name, optarg, 1, 1 << 30);
    else if (option == 'o') may_reorder = 1;
    else if (option == 'n') device = optarg;
    else if (option == 'h') return fputs(usage, stdout) < 0;
    else return fputs(usage, stderr), 2;
  }
  if (jitter_ns > delay_ns) fail(2, "--jitter-ms is larger than --delay-ms");
  if (bytes_per_ns != 0 && bytes_per_ns < 0.001 / 8000) fail(2, "--rate-mbit is 0 or at least 0.001");
  if (device[0] == '\0' || strlen(device) >= IFNAMSIZ) fail(2, "--device takes a name of 1 to %d bytes", IFNAMSIZ - 1);
  if (argc - optind != 2) return fputs(usage, stderr), 2;

  const int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  there.from = back.to = open_tun(argv[optind], device);
  back.from = there.to = open_tun(argv[optind + 1], device);
  if (own < 0 || setns(own, CLONE_NEWNET) != 0) fail(1, "going back to the first namespace: %s", strerror(errno));
  close(own);

  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("{\"kind\":\"ready\",\"seed\":%llu}\n", (unsigned long long)seed);
  run(&there, &back);
}
