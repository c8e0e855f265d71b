/* Shared memory, descriptors, events and clocks of this kernel. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

enum { MEMORY_BYTES = 1 << 20, CLOCK_CALLS = 100000 };

/* As native/core/memory.cpp does it. */
static int open_memory(const char *name) {
  int fd = memfd_create("edgestream-probe", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL) fd = memfd_create("edgestream-probe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) {
    answer_errno(name, "memfd_create");
  } else if (ftruncate(fd, MEMORY_BYTES) != 0) {
    answer_errno(name, "ftruncate");
  } else if (fallocate(fd, 0, 0, MEMORY_BYTES) != 0) {
    answer_errno(name, "fallocate");
  } else {
    return fd;
  }
  return -1;
}

static unsigned char *map_memory(const char *name, int fd, int protection) {
  unsigned char *memory = mmap(NULL, MEMORY_BYTES, protection, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (memory != MAP_FAILED) return memory;
  answer_errno(name, "mmap");
  return NULL;
}

static void ask_memfd(void) {
  const int fd = open_memory("memfd");
  if (fd < 0) return;
  unsigned char *memory = map_memory("memfd", fd, PROT_READ | PROT_WRITE);
  if (memory == NULL) return;
  memory[MEMORY_BYTES - 1] = 1;
  answer_ok("memfd", "%d", MEMORY_BYTES);
}

static void ask_seals(void) {
  const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
  const int fd = open_memory("seals");
  if (fd < 0) return;
  unsigned char *memory = map_memory("seals", fd, PROT_READ | PROT_WRITE);
  if (memory == NULL) return;
  if (fcntl(fd, F_ADD_SEALS, seals) != 0) {
    answer_errno("seals", "fcntl(F_ADD_SEALS)");
    return;
  }
  const unsigned char *view = map_memory("seals", fd, PROT_READ);
  if (view == NULL) return;
  memory[0] = 7;
  if (view[0] != 7) {
    answer_wrong("seals", "the owner's mapping, made before the seal, no longer writes");
  } else if (mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED) {
    answer_wrong("seals", "a writable mapping was allowed after the seal");
  } else if (mprotect((void *)(uintptr_t)view, MEMORY_BYTES, PROT_READ | PROT_WRITE) == 0) {
    answer_wrong("seals", "a read-only mapping could be made writable after the seal");
  } else if (ftruncate(fd, 0) == 0 || ftruncate(fd, 2 * MEMORY_BYTES) == 0) {
    answer_wrong("seals", "the size could be changed after the seal");
  } else if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0) {
    answer_wrong("seals", "a further seal was allowed after the last one");
  } else {
    answer_ok("seals", "%s", "");
  }
}

static int send_descriptor(int socket, int fd) {
  char byte = 1;
  struct iovec part = {&byte, 1};
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct msghdr message = {0};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(head), &fd, sizeof fd);
  return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

static int receive_descriptor(int socket) {
  char byte = 0;
  int fd = -1;
  struct iovec part = {&byte, 1};
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct msghdr message = {0};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != 1) return -1;
  const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  if (head != NULL && head->cmsg_type == SCM_RIGHTS) memcpy(&fd, CMSG_DATA(head), sizeof fd);
  return fd;
}

/* Another process gets the descriptor and reads the memory. */
static void ask_descriptors(void) {
  int ends[2], status = 0;
  const int fd = open_memory("descriptors");
  if (fd < 0) return;
  unsigned char *memory = map_memory("descriptors", fd, PROT_READ | PROT_WRITE);
  if (memory == NULL) return;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    answer_errno("descriptors", "socketpair(SOCK_SEQPACKET)");
    return;
  }
  const pid_t reader = fork();
  if (reader < 0) {
    answer_errno("descriptors", "fork");
    return;
  }
  if (reader == 0) {
    close(ends[0]);
    const int got = receive_descriptor(ends[1]);
    const unsigned char *view = mmap(NULL, MEMORY_BYTES, PROT_READ, MAP_SHARED, got, 0);
    _exit(got >= 0 && view != MAP_FAILED && view[4096] == 42 ? 0 : 1);
  }
  close(ends[1]);
  memory[4096] = 42;
  if (send_descriptor(ends[0], fd) != 0) {
    answer_errno("descriptors", "sendmsg(SCM_RIGHTS)");
  } else if (waitpid(reader, &status, 0) != reader || status != 0) {
    answer_wrong("descriptors", "the other process did not get the descriptor, or not its memory");
  } else {
    answer_ok("descriptors", "%s", "");
  }
}

static void ask_credentials(void) {
  int ends[2];
  struct ucred peer = {0};
  socklen_t size = sizeof peer;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    answer_errno("credentials", "socketpair(SOCK_SEQPACKET)");
  } else if (getsockopt(ends[0], SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    answer_errno("credentials", "getsockopt(SO_PEERCRED)");
  } else if (peer.pid != getpid() || peer.uid != geteuid()) {
    answer_wrong("credentials", "the kernel names another process or user");
  } else {
    answer_ok("credentials", "%s", "");
  }
}

static void ask_passrights(void) {
  int ends[2], off = 0;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    answer_errno("passrights", "socketpair(SOCK_SEQPACKET)");
  } else if (setsockopt(ends[1], SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off) != 0) {
    answer_errno("passrights", "setsockopt(SO_PASSRIGHTS)");
  } else if (send_descriptor(ends[0], STDIN_FILENO) == 0) {
    answer_wrong("passrights", "a descriptor was taken in spite of it");
  } else {
    answer_ok("passrights", "%s", "");
  }
}

static void ask_pidfd(void) {
  if (syscall(SYS_pidfd_open, getpid(), 0) < 0) {
    answer_errno("pidfd", "pidfd_open");
  } else {
    answer_ok("pidfd", "%s", "");
  }
}

/* A timer and a signal of another process must both end a wait. */
static void ask_events(void) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const struct itimerspec soon = {.it_value = {.tv_nsec = 1000000}};
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = timer}};
  struct epoll_event ready = {0};
  if (epoll < 0 || timer < 0 || wake < 0) {
    answer_errno("events", epoll < 0 ? "epoll_create1" : timer < 0 ? "timerfd_create" : "eventfd");
    return;
  }
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event) != 0 || timerfd_settime(timer, 0, &soon, NULL) != 0) {
    answer_errno("events", "epoll_ctl or timerfd_settime");
    return;
  }
  if (epoll_wait(epoll, &ready, 1, 1000) != 1 || ready.data.fd != timer) {
    answer_wrong("events", "a timer of 1 ms did not end a wait of 1 s");
    return;
  }
  epoll_ctl(epoll, EPOLL_CTL_DEL, timer, NULL);
  event.data.fd = wake;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event) != 0) {
    answer_errno("events", "epoll_ctl");
    return;
  }
  if (fork() == 0) _exit(eventfd_write(wake, 1));
  if (epoll_wait(epoll, &ready, 1, 1000) != 1 || ready.data.fd != wake) {
    answer_wrong("events", "an eventfd written by another process did not end a wait of 1 s");
    return;
  }
  answer_ok("events", "%s", "");
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Every frame reads the clock a few times. */
static void ask_clock(void) {
  const int64_t start = now();
  for (int call = 0; call < CLOCK_CALLS; call++) now();
  answer_ok("clock", "%.1f", (double)(now() - start) / (CLOCK_CALLS + 1));
}

void ask_kernel(void) {
  const struct question questions[] = {
    {"memfd", ask_memfd},
    {"seals", ask_seals},
    {"descriptors", ask_descriptors},
    {"credentials", ask_credentials},
    {"passrights", ask_passrights},
    {"pidfd", ask_pidfd},
    {"events", ask_events},
    {"clock", ask_clock},
  };
  ask_all(questions, (int)(sizeof questions / sizeof questions[0]));
}
