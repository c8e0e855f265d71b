#include "wake.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "status.hpp"
#include "step.hpp"

namespace es {

namespace {

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

// /proc/<pid>/ns/<kind> can be looked at only by a user who may trace that process.
bool shares_namespace(int pid, const char* kind) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, kind);
  struct stat theirs, ours;
  if (stat(path, &theirs) != 0) return false;
  snprintf(path, sizeof path, "/proc/self/ns/%s", kind);
  return stat(path, &ours) == 0 && theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev;
}

// A pidfd is readable once its process has ended.
bool is_alive(int pidfd) {
  pollfd ended{pidfd, POLLIN, 0};
  return poll(&ended, 1, 0) == 0;
}

bool distrusts_everybody() {
#ifdef ES_TEST_HOOKS
  return getenv("ES_TEST_DISTRUST") != nullptr;
#else
  return false;
#endif
}

}  // namespace

bool peer_may_signal_us(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (distrusts_everybody() || getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  // A pid of 0: it lives in a pid namespace that cannot be seen from here.
  if (peer.pid <= 0 || peer.uid != getuid() || peer.uid != geteuid()) return false;
  // The pid may be another's by now. Linux 6.5 can name the process itself; an older one is not asked further.
  int name = -1;
  size = sizeof name;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &name, &size) != 0) return false;
  const Fd process(name);
  const bool shares = shares_namespace(peer.pid, "pid") && shares_namespace(peer.pid, "user");
  return shares && is_alive(process.get());  // it lived until now, so what was looked at was its own
}

int Waker::create(bool trusted, Fd* theirs) {
  is_eventfd_ = trusted;
  if (trusted) {
    fd_ = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    *theirs = Fd(fd_ ? fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0) : -1);
    return fd_ && *theirs ? ES_OK : fail_errno(ES_BAD_ALLOC, "cannot create an eventfd");
  }
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return fail_errno(ES_BAD_ALLOC, "cannot create a socket pair");
  }
  fd_ = Fd(ends[0]);
  *theirs = Fd(ends[1]);
  return ES_OK;
}

void Waker::ring() const {
  ES_STEP("producer.wake.taken");
  const uint64_t one = 1;  // a full socket is a consumer that has wake-ups enough
  if (is_eventfd_) {
    if (write(fd_.get(), &one, sizeof one) < 0) return;
  } else {
    send(fd_.get(), &one, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  ES_STEP("producer.wake.rung");
}

bool drain_wakes(int fd) {
  uint64_t count;
  iovec part{&count, sizeof count};
  // RWF_NOWAIT: an eventfd's O_NONBLOCK is the other end's as well. Before Linux 5.8 an eventfd knows no such flag, and
  // some sandboxes do not know the call.
  ssize_t got = preadv2(fd, &part, 1, -1, RWF_NOWAIT);
  if (got < 0 && errno != EAGAIN && errno != EINTR) got = read(fd, &count, sizeof count);
  return got != 0;
}

}  // namespace es
