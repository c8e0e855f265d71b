/* Workers as the parent sees them: start with isolation, order and answer with time limits, kill, reap. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define CALL_TIMEOUT_MS 60000
#define START_TIMEOUT_MS 10000
#define REAP_TIMEOUT_MS 20000
#define CONTAINER_UID_BASE 100000u

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  close(fd);
  return done;
}

/* Written from outside: a new user namespace cannot give itself more than one user. Without root only the caller
 * itself can be mapped, and then the kernel wants setgroups denied first. */
static bool map_users(pid_t pid, bool container) {
  char path[64], map[64];
  uid_t uid = geteuid();
  gid_t gid = getegid();
  snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
  if (uid != 0 && !write_file(path, "deny")) return false;
  for (int group = 0; group < 2; group++) {
    if (uid == 0) {
      snprintf(map, sizeof map, "0 %u 65536", container ? CONTAINER_UID_BASE : 0u);
    } else {
      snprintf(map, sizeof map, "0 %u 1", group ? (unsigned)gid : (unsigned)uid);
    }
    snprintf(path, sizeof path, "/proc/%d/%s_map", pid, group ? "gid" : "uid");
    if (!write_file(path, map)) return false;
  }
  return true;
}

/* A descriptor inherited from the parent would keep exported memory alive behind the back of the lifetime checks. */
static void close_all_but(int kept) {
  for (int fd = 3; fd < 1024; fd++) {
    if (fd != kept) close(fd);
  }
}

/* Stands between the parent and the first process of a new pid namespace, and ends the way that process ends. */
static int mirror(pid_t pid) {
  int status;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return WORKER_PARENT_GONE;
  }
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  signal(WTERMSIG(status), SIG_DFL);
  raise(WTERMSIG(status));
  return WORKER_PARENT_GONE;
}

static int become_user(const struct isolation *isolation) {
  if (isolation->clone_flags & CLONE_NEWUSER && (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0)) return -1;
  if (isolation->uid == 0) return 0;
  gid_t gid = isolation->uid;
  if (syscall(SYS_setgroups, 0, NULL) != 0 || setresgid(gid, gid, gid) != 0) return -1;
  return setresuid(isolation->uid, isolation->uid, isolation->uid);
}

/* The child: enters its namespaces, reports that (0 or errno), waits until its users are mapped, then works. */
static int run_worker(int socket, const struct isolation *isolation) {
  close_all_but(socket);
  signal(SIGALRM, SIG_DFL);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  int error = isolation->clone_flags != 0 && unshare(isolation->clone_flags) != 0 ? errno : 0;
  char go;
  if (send(socket, &error, sizeof error, MSG_NOSIGNAL) != (ssize_t)sizeof error) return WORKER_PARENT_GONE;
  if (error != 0) return WORKER_PARENT_GONE;
  if (recv(socket, &go, 1, 0) != 1) return WORKER_PARENT_GONE;
  if (isolation->clone_flags & CLONE_NEWPID) { /* only children of this process enter the new pid namespace */
    pid_t pid = fork();
    if (pid != 0) close(socket);
    if (pid < 0) return WORKER_PARENT_GONE;
    if (pid > 0) return mirror(pid);
  }
  if (become_user(isolation) != 0) return WORKER_CANNOT_CHANGE_USER;
  /* A change of user and a fork clear these. */
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  return worker_main(socket);
}

/* 0, or errno of what failed. */
static int finish_start(struct worker *worker, const struct isolation *isolation) {
  struct pollfd wait = {worker->socket, POLLIN, 0};
  int error = 0;
  if (poll(&wait, 1, START_TIMEOUT_MS) != 1) return ETIMEDOUT;
  if (recv(worker->socket, &error, sizeof error, 0) != (ssize_t)sizeof error) return ECHILD;
  if (error != 0) return error;
  if (isolation->clone_flags & CLONE_NEWUSER && !map_users(worker->pid, isolation->container)) return errno;
  return send(worker->socket, "g", 1, MSG_NOSIGNAL) == 1 ? 0 : errno;
}

bool worker_start(struct worker *worker, const struct isolation *isolation) {
  static const struct isolation none = {"none", 0, false, 0};
  if (isolation == NULL) isolation = &none;
  memset(worker, 0, sizeof *worker);
  worker->pid = -1;
  worker->socket = -1;
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return false;
  fflush(NULL);
  pid_t pid = fork();
  if (pid == 0) _exit(run_worker(pair[1], isolation));
  int error = errno;
  close(pair[1]);
  worker->socket = pair[0];
  if (pid > 0) {
    worker->pid = pid;
    error = finish_start(worker, isolation);
    if (error == 0) return true;
  }
  worker_kill(worker);
  errno = error;
  return false;
}

static bool send_with_fd(int socket, const void *bytes, size_t size, int fd) {
  struct iovec part = {(void *)(uintptr_t)bytes, size};
  union {
    char space[CMSG_SPACE(sizeof(int))];
    struct cmsghdr alignment;
  } control;
  memset(&control, 0, sizeof control);
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (fd >= 0) {
    message.msg_control = control.space;
    message.msg_controllen = sizeof control.space;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)size;
}

bool worker_send(struct worker *worker, struct order order, int fd) {
  return worker->socket >= 0 && send_with_fd(worker->socket, &order, sizeof order, fd);
}

bool worker_reply(int socket, const struct answer *answer, int fd) {
  return send_with_fd(socket, answer, sizeof *answer, fd);
}

static ssize_t receive_with_fd(int socket, void *bytes, size_t size, int *fd) {
  struct iovec part = {bytes, size};
  union {
    char space[CMSG_SPACE(sizeof(int))];
    struct cmsghdr alignment;
  } control;
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
  *fd = -1;
  ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (got <= 0) return got;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header != NULL && header->cmsg_type == SCM_RIGHTS) memcpy(fd, CMSG_DATA(header), sizeof *fd);
  return got;
}

ssize_t worker_take_order(int socket, struct order *order, int *fd) {
  return receive_with_fd(socket, order, sizeof *order, fd);
}

enum call_result worker_receive(struct worker *worker, int timeout_ms, struct answer *answer, int *out_fd) {
  memset(answer, 0, sizeof *answer);
  if (out_fd != NULL) *out_fd = -1;
  if (worker->socket < 0) return worker->timed_out ? CALL_TIMEOUT : CALL_DIED;
  uint64_t end = now_ns() + (uint64_t)timeout_ms * 1000000u;
  struct pollfd wait = {worker->socket, POLLIN, 0};
  int ready;
  do {
    uint64_t now = now_ns();
    ready = now < end ? poll(&wait, 1, (int)((end - now) / 1000000u) + 1) : 0;
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) {
    worker->timed_out = true;
    worker_kill(worker);
    return CALL_TIMEOUT;
  }
  int fd = -1;
  ssize_t got = receive_with_fd(worker->socket, answer, sizeof *answer, &fd);
  if (got != (ssize_t)sizeof *answer) {
    worker_kill(worker);
    return CALL_DIED;
  }
  worker->inner_pid = answer->pid;
  worker->inner_uid = answer->uid;
  if (out_fd != NULL) {
    *out_fd = fd;
  } else if (fd >= 0) {
    close(fd);
  }
  return CALL_ANSWERED;
}

enum call_result worker_call(struct worker *worker, struct order order, int fd, struct answer *answer, int *out_fd) {
  (void)worker_send(worker, order, fd); /* a dead worker shows at the receive */
  return worker_receive(worker, CALL_TIMEOUT_MS, answer, out_fd);
}

static bool reap(struct worker *worker, int timeout_ms) {
  for (uint64_t end = now_ns() + (uint64_t)timeout_ms * 1000000u; now_ns() < end;) {
    pid_t got = waitpid(worker->pid, &worker->exit_status, WNOHANG);
    if (got == worker->pid || (got < 0 && errno == ECHILD)) {
      worker->pid = -1;
      return true;
    }
    struct timespec nap = {0, 200000};
    nanosleep(&nap, NULL);
  }
  return false;
}

bool worker_kill(struct worker *worker) {
  bool gone = true;
  if (worker->pid > 0) {
    /* One that dies by itself is given the time to, so that its own exit status is seen. */
    bool left = !worker->timed_out && worker->socket >= 0 &&
                recv(worker->socket, &(char){0}, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
    gone = left && reap(worker, 2000);
    if (!gone) {
      kill(worker->pid, SIGKILL);
      gone = reap(worker, REAP_TIMEOUT_MS);
    }
    if (!gone) {
      fprintf(stderr, "gpu-probe: process %d does not die, it is stuck in the kernel\n", worker->pid);
      worker->pid = -1;
    }
  }
  if (worker->socket >= 0) close(worker->socket);
  worker->socket = -1;
  return gone;
}

void worker_stop(struct worker *worker) {
  if (worker->pid > 0 && worker_send(worker, (struct order){.kind = ORDER_QUIT}, -1)) (void)reap(worker, 5000);
  worker_kill(worker);
}

const char *worker_end(const struct worker *worker) {
  static char text[32];
  if (worker->timed_out) return "no answer in time";
  if (WIFSIGNALED(worker->exit_status)) {
    snprintf(text, sizeof text, "signal %d", WTERMSIG(worker->exit_status));
  } else {
    snprintf(text, sizeof text, "exit %d", WEXITSTATUS(worker->exit_status));
  }
  return text;
}

bool worker_could_not_change_user(const struct worker *worker) {
  return !worker->timed_out && WIFEXITED(worker->exit_status) &&
         WEXITSTATUS(worker->exit_status) == WORKER_CANNOT_CHANGE_USER;
}
