// What every fuzz target shares: a runtime directory of its own, and descriptors that are counted around each case.
#pragma once

#include <cstdint>
#include <vector>

#include "check.hpp"
#include "fd.hpp"
#include "input.hpp"
#include "protocol.hpp"

namespace fuzz {

constexpr int kStepsMax = 64;  // of one case; longer inputs end there

// A target's body: one case. A broken rule ends the process by abort(), which libFuzzer and the replay both report.
void run_case(Input input);

// Descriptors to send along with a message, chosen by one byte: sealed and unsealed memory, sockets, none, too many.
class Luggage {
 public:
  Luggage(uint8_t choice, int page, int pool);

  const int* fds() const { return fds_.data(); }
  uint32_t count() const { return static_cast<uint32_t>(fds_.size()); }

 private:
  void own(int fd);
  std::vector<es::Fd> owned_;
  std::vector<int> fds_;
};

// Sends bytes as one datagram with descriptors; what does not go through is lost.
void send_datagram(int socket, const void* bytes, size_t size, const Luggage& luggage);

// Sends a message of the protocol: a sound header, the body of this size zero but for what the input says.
void send_typed(int socket, uint16_t type, Input* input, const Luggage& luggage);

}  // namespace fuzz
