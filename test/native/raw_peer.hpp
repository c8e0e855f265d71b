// A peer that speaks the protocol itself, without the consumer of the core: for what the core would never do.
#pragma once

#include <vector>

#include "channel.hpp"
#include "fd.hpp"
#include "seat.hpp"

namespace check {

struct RawPool {
  es::PoolMessage shape{};
  es::Fd fd;
  es::Mapping mapping;  // read-only, as the SDK maps it
};

class RawPeer {
 public:
  // Connects to the stream of this name in the runtime directory, or to the socket at this path (with a slash).
  explicit RawPeer(const char* name_or_path);
  ~RawPeer();
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  void hello(const es_policy& policy);
  // Reads what the producer answered, maps it, says that it is attached. The producer must have had its turn, or
  // have it within `timeout_ms`.
  void attach(int timeout_ms = 0);
  // The next message. ES_TIMEOUT, ES_CLOSED.
  int read(int timeout_ms);
  // Waits for the goodbye; its cause, or ES_CAUSE_NONE when none came.
  uint32_t goodbye(int timeout_ms);

  const uint8_t* data_of(uint32_t slot) const;
  const es::SlotDescriptor* descriptor_of(uint32_t slot) const;
  // Takes the next frame; waits for one. false: none came.
  bool take(uint64_t* position, uint32_t* slot, int timeout_ms);

  es::Fd socket, page_fd, wake_socket;
  es::Mapping page_mapping;
  es::SeatPage* page = nullptr;
  es::ConsumerSeat seat;
  es::WelcomeMessage welcome{};
  es_format format{};
  std::vector<RawPool> pools;
  es::Received* received;

 private:
  void take_message();
};

}  // namespace check
