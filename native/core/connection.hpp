// A connection: one consumer's seat at a producer, its sockets, and where it is in its life.
#pragma once

#include <vector>

#include "guest.hpp"
#include "memory.hpp"
#include "seat.hpp"
#include "user_info.hpp"
#include "wake.hpp"

namespace es {

class Connection final : public Pollable {
 public:
  enum class Phase : uint8_t {
    attaching,  // it has its seat and maps the memory; gets no frames yet
    active,
    leaving,    // told goodbye after everything was posted; it may still drain
    evicted,    // told to go; what it holds stays its own until its socket closes
  };

  explicit Connection(Producer* producer_in) : producer(producer_in) {}
  void on_ready(int fd) override;

  // Wakes the consumer if it sleeps. Whether it slept.
  bool wake() {
    const bool slept = seat.take_wake_request();
    if (slept) waker.ring();
    return slept;
  }

  Producer* producer;
  uint64_t id = 0;
  Phase phase = Phase::attaching;
  bool announced = false;  // the application heard of it, so it must hear of its end
  Guest guest;
  es_policy policy{};
  UserInfo user_info;  // its consumer's
  uint64_t info_told = 0;  // the edition of the stream info that it has
  uint64_t previous = 0;   // the ended connection that it follows
  SharedMemory page;
  ProducerSeat seat;
  Waker waker;
  Watch socket_watch;
  uint32_t known_layout = 0;             // what it was told of the memory, see Producer::tell_memory
  std::vector<uint32_t> known_objects;
  es_cause cause = ES_CAUSE_NONE;  // as said by it, or decided here
  int64_t attach_by = 0;
  int64_t since = 0;
  int64_t blocked_since = 0;  // since when its full queue holds up the producer
  int64_t stalled_since = 0;  // the same, of a stall that was announced and is not over
  uint64_t stalled_delivered = 0;  // what it had taken by then
  int64_t idle_since = 0;     // the reaper saw something waiting then, and nothing taken since; 0: nothing waits
  uint64_t taken = 0;         // frames, when the reaper looked last
};

}  // namespace es
