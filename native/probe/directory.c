/* Whether a directory can hold streams: a lock that excludes others, and a socket that takes a connection. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

static char lock_path[4096], socket_path[4096];

/* As a producer takes a name. Two open files stand for two processes: flock does not tell them apart. */
static void ask_lock(void) {
  const int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock < 0) {
    answer_errno("lock", "open");
    return;
  }
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    answer_errno("lock", "flock");
    return;
  }
  const int other = open(lock_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (other < 0) {
    answer_errno("lock", "open again");
  } else if (flock(other, LOCK_EX | LOCK_NB) == 0) {
    answer_wrong("lock", "flock let two owners have the same file");
  } else if (errno != EWOULDBLOCK) {
    answer_errno("lock", "flock again");
  } else {
    answer_ok("lock", "%s", "");
  }
}

static void ask_socket(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  const int calling = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (listening < 0 || calling < 0) {
    answer_errno("socket", "socket(SOCK_SEQPACKET)");
    return;
  }
  if (strlen(socket_path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    answer_errno("socket", "bind");
    return;
  }
  memcpy(address.sun_path, socket_path, strlen(socket_path));
  fchmod(listening, 0600);
  if (bind(listening, (struct sockaddr *)&address, sizeof address) != 0) {
    answer_errno("socket", "bind");
  } else if (chmod(socket_path, 0600) != 0) {
    answer_errno("socket", "chmod");
  } else if (listen(listening, 1) != 0) {
    answer_errno("socket", "listen");
  } else if (connect(calling, (struct sockaddr *)&address, sizeof address) != 0) {
    answer_errno("socket", "connect");
  } else if (send(calling, "", 1, MSG_NOSIGNAL) != 1) {
    answer_errno("socket", "send");
  } else {
    answer_ok("socket", "%s", "");
  }
}

void ask_directory(const char *directory, const char *name) {
  const struct question questions[] = {{"lock", ask_lock}, {"socket", ask_socket}};
  const int lock_length = snprintf(lock_path, sizeof lock_path, "%s/%s.l", directory, name);
  const int socket_length = snprintf(socket_path, sizeof socket_path, "%s/%s.s", directory, name);
  if (lock_length < 0 || socket_length < 0 || (size_t)lock_length >= sizeof lock_path) {
    answer_wrong("lock", "the path is too long");
    return;
  }
  ask_all(questions, 2);
  /* Also after a question that was killed. */
  unlink(lock_path);
  unlink(socket_path);
}
