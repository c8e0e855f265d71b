// How a producer wakes a consumer that sleeps: without ever waiting for it.
//
// An eventfd is the cheapest way, but both ends share one open file: a hostile consumer could clear O_NONBLOCK on it,
// fill the counter, and block the producer's next write for ever. So an eventfd goes only to a consumer that could
// stop this process anyway, by a signal: the same user, in the same pid and user namespaces. Everybody else (and
// anybody before Linux 6.5, which cannot say for certain who connected) gets one end of a socket pair, which costs more
// and cannot be turned against its other end. (Nor would a pipe do: its reader can hold the pipe's lock for as long as
// it makes the kernel wait for the memory that it reads into.)
#pragma once

#include "fd.hpp"

namespace es {

// Whether the process that called connect() on this accepted socket may send signals to this one.
bool peer_may_signal_us(int socket);

class Waker {
 public:
  // `theirs` is for the consumer: it becomes readable at each ring().
  int create(bool trusted, Fd* theirs);
  void ring() const;

 private:
  Fd fd_;
  bool is_eventfd_ = false;
};

// The consumer's end. false: the other end is gone, nothing will come any more.
bool drain_wakes(int fd);

}  // namespace es
