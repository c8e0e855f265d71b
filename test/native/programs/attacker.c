/*
 * attacker <socket path> <attack> [count]: one bad peer, as a stranger to the library would write it.
 * Prints the answer that came to each attempt: "refused <error> <text>", "closed", "bye", "pending", "welcome", or
 * "silence" when nothing came in time. Exits 0 when the attack could be carried out, whatever the answer; it always
 * ends by itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "edgestream.h"

#define COUNT_MAX 5000
#define ANSWER_MS 8000   /* longer than the 2 s for a hello and the 5 s for an attach */
#define HELLO_BYTES 200u

/* docs/protocol.md, byte by byte; nothing of the core is used here. */
struct hello {
  uint32_t magic;
  uint16_t version, type;
  uint32_t size, reserved;
  uint32_t kind, format_mask;
  uint16_t version_min, version_max;
  int32_t pid;
  es_policy policy;
  char stream[64], client[64];
};

struct refused {
  uint32_t magic;
  uint16_t version, type;
  uint32_t size, reserved;
  int32_t code;
  uint32_t reserved2;
  char text[ES_TEXT_MAX];
};

enum { TYPE_HELLO = 1, TYPE_PENDING = 2, TYPE_WELCOME = 3, TYPE_REFUSED = 7, TYPE_BYE = 8 };

static const char *socket_path;

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int connect_once(void) {
  struct sockaddr_un address;
  const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, socket_path, sizeof address.sun_path - 1);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

static struct hello proper_hello(void) {
  struct hello hello;
  memset(&hello, 0, sizeof hello);
  hello.magic = 0x314d5345u;
  hello.version = 1;
  hello.type = TYPE_HELLO;
  hello.size = HELLO_BYTES;
  hello.kind = 1;
  hello.version_min = hello.version_max = 1;
  hello.pid = (int32_t)getpid();
  hello.policy.capacity = 1;
  hello.policy.when_full = ES_FULL_OVERWRITE;
  hello.policy.pick = ES_PICK_NEWEST;
  hello.policy.max_held = 1;
  strcpy(hello.policy.label, "attack");
  strcpy(hello.client, "attacker");
  return hello;
}

/* Prints the first answer on `fd`, closing descriptors that come with it by not taking them. */
static void print_answer(int fd, int wait_ms) {
  union {
    char bytes[65536];
    struct refused refused;
  } answer;
  struct pollfd ready = {fd, POLLIN, 0};
  ssize_t size;
  if (poll(&ready, 1, wait_ms) <= 0) {
    puts("silence");
    return;
  }
  size = recv(fd, answer.bytes, sizeof answer.bytes, 0);
  if (size <= 0) {
    puts("closed");
  } else if ((size_t)size >= sizeof answer.refused && answer.refused.type == TYPE_REFUSED) {
    printf("refused %s %.*s\n", es_error_string(answer.refused.code), (int)sizeof answer.refused.text,
           answer.refused.text);
  } else {
    const int type = answer.refused.type;
    puts(type == TYPE_WELCOME ? "welcome" : type == TYPE_PENDING ? "pending" : type == TYPE_BYE ? "bye" : "other");
  }
}

/* Waits until the other side hangs up. */
static void print_end(int fd, int wait_ms) {
  char bytes[4096];
  const int64_t until = now_ms() + wait_ms;
  for (;;) {
    const int64_t left = until - now_ms();
    struct pollfd ready = {fd, POLLIN, 0};
    if (left <= 0 || poll(&ready, 1, (int)left) <= 0) {
      puts("still connected");
      return;
    }
    if (recv(fd, bytes, sizeof bytes, 0) <= 0) {
      puts("closed");
      return;
    }
  }
}

static int send_with_fds(int fd, const void *data, size_t size, int fd_count) {
  const int cargo = open("/dev/null", O_RDONLY | O_CLOEXEC);
  char control[CMSG_SPACE(sizeof(int) * 250)];
  struct iovec part = {(void *)data, size};
  struct msghdr header;
  struct cmsghdr *message;
  int index, sent;
  memset(&header, 0, sizeof header);
  memset(control, 0, sizeof control);
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)fd_count);
  message = CMSG_FIRSTHDR(&header);
  message->cmsg_level = SOL_SOCKET;
  message->cmsg_type = SCM_RIGHTS;
  message->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)fd_count);
  for (index = 0; index < fd_count; index++) ((int *)(void *)CMSG_DATA(message))[index] = cargo;
  sent = sendmsg(fd, &header, MSG_NOSIGNAL) == (ssize_t)size;
  close(cargo);
  return sent ? 0 : -1;
}

/* Sends `size` bytes and prints what comes back. */
static int attempt(const void *data, size_t size) {
  const int fd = connect_once();
  if (fd < 0) return -1;
  if (send(fd, data, size, MSG_NOSIGNAL) < 0 && errno != EPIPE) {
    printf("not sent: %s\n", strerror(errno));
  } else {
    print_answer(fd, ANSWER_MS);
  }
  close(fd);
  return 0;
}

static int garbage(int round) {
  unsigned char bytes[777];
  size_t index;
  srand((unsigned)round);
  for (index = 0; index < sizeof bytes; index++) bytes[index] = (unsigned char)rand();
  return attempt(bytes, 1 + (size_t)(rand() % (int)sizeof bytes));
}

static int truncated(int round) {
  const struct hello hello = proper_hello();
  return attempt(&hello, 1 + (size_t)(round * 37) % (HELLO_BYTES - 1));
}

static int wrong_version(int round) {
  struct hello hello = proper_hello();
  hello.version = hello.version_min = hello.version_max = (uint16_t)(round % 2 == 0 ? 2 + round : 0);
  return attempt(&hello, sizeof hello);
}

static int huge_length(int round) {
  struct hello hello = proper_hello();
  char *large;
  int result;
  if (round % 2 == 0) {
    hello.size = 0xfffffff0u;
    return attempt(&hello, sizeof hello);
  }
  large = calloc(1, 200 * 1024);
  hello.size = 200 * 1024;
  memcpy(large, &hello, sizeof hello);
  result = attempt(large, 200 * 1024);
  free(large);
  return result;
}

static int silent(int round) {
  const int fd = connect_once();
  (void)round;
  if (fd < 0) return -1;
  print_answer(fd, ANSWER_MS);
  close(fd);
  return 0;
}

static int half_hello_then_die(int round) {
  const struct hello hello = proper_hello();
  const int fd = connect_once();
  (void)round;
  if (fd < 0) return -1;
  send(fd, &hello, HELLO_BYTES / 2, MSG_NOSIGNAL);
  close(fd);
  puts("gone");
  return 0;
}

static int hello_then_never_attach(int round) {
  const struct hello hello = proper_hello();
  const int fd = connect_once();
  (void)round;
  if (fd < 0) return -1;
  send(fd, &hello, sizeof hello, MSG_NOSIGNAL);
  print_answer(fd, ANSWER_MS);
  print_end(fd, ANSWER_MS);
  close(fd);
  return 0;
}

static int fd_bomb(int round) {
  const struct hello hello = proper_hello();
  const int fd = connect_once();
  (void)round;
  if (fd < 0) return -1;
  if (send_with_fds(fd, &hello, sizeof hello, 250) == 0) {
    print_answer(fd, ANSWER_MS);
  } else if (errno == EPERM) {
    puts("the kernel turned the sender away"); /* SO_PASSRIGHTS, Linux 6.16 */
  } else {
    return -1;
  }
  close(fd);
  return 0;
}

static int bad_policy(int round) {
  struct hello hello = proper_hello();
  switch (round % 6) {
    case 0: hello.policy.capacity = 0; break;
    case 1: hello.policy.capacity = 0xffffffffu; break;
    case 2: hello.policy.max_held = 0xffff; break;
    case 3: hello.policy.when_full = 200; break;
    case 4: hello.policy.pick = 7; break;
    default: hello.kind = 99; break;
  }
  return attempt(&hello, sizeof hello);
}

/* Opens `count` connections as fast as they are taken, keeps them all, and counts what became of them. */
static int flood(int count) {
  static int fds[COUNT_MAX];
  const int64_t until = now_ms() + 20000;
  int opened = 0, refused = 0, closed = 0, index;
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  while (opened < count && now_ms() < until) {
    const int fd = connect_once();
    if (fd >= 0) {
      fds[opened++] = fd;
    } else if (errno == EMFILE || errno == ENOENT || errno == ECONNREFUSED) {
      break;
    } else {
      refused++;
      usleep(2000);
    }
  }
  usleep(1500 * 1000); /* the stream has to live with them for a while */
  for (index = 0; index < opened; index++) {
    char byte;
    closed += recv(fds[index], &byte, 1, MSG_DONTWAIT) == 0;
  }
  printf("opened %d, not taken %d, closed by the stream %d\n", opened, refused, closed);
  for (index = 0; index < opened; index++) close(fds[index]);
  return opened == count ? 0 : -1;
}

static const struct {
  const char *name;
  int (*act)(int round);
} attacks[] = {
    {"garbage", garbage},
    {"truncated", truncated},
    {"wrong-version", wrong_version},
    {"huge-length", huge_length},
    {"silent", silent},
    {"half-hello-then-die", half_hello_then_die},
    {"hello-then-never-attach", hello_then_never_attach},
    {"fd-bomb", fd_bomb},
    {"bad-policy", bad_policy},
};

int main(int argc, char **argv) {
  const size_t attack_count = sizeof attacks / sizeof attacks[0];
  const int count = argc > 3 ? atoi(argv[3]) : 1;
  size_t index;
  int round;
  if (argc < 3 || count < 1 || count > COUNT_MAX) {
    fprintf(stderr, "usage: attacker <socket path> <attack> [count, 1 to %d]\nattacks: flood", COUNT_MAX);
    for (index = 0; index < attack_count; index++) fprintf(stderr, " %s", attacks[index].name);
    fputc('\n', stderr);
    return 2;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  socket_path = argv[1];
  if (strcmp(argv[2], "flood") == 0) return flood(count) == 0 ? 0 : 1;
  for (index = 0; index < attack_count; index++) {
    if (strcmp(argv[2], attacks[index].name) != 0) continue;
    for (round = 0; round < count; round++) {
      if (attacks[index].act(round) == 0) continue;
      fprintf(stderr, "cannot reach %s: %s\n", socket_path, strerror(errno));
      return 1;
    }
    return 0;
  }
  fprintf(stderr, "no attack \"%s\"\n", argv[2]);
  return 2;
}
