// What an endpoint tells the other side about itself, and what it was told.
#pragma once

#include <vector>

#include "channel.hpp"

namespace es {

class UserInfo {
 public:
  // ES_BAD_PARAMETER: too long.
  int set(const void* bytes, uint32_t size);
  // As a peer sent it. false: it does not fit its own message.
  bool take(const Received& received);
  // Nothing is said where there is nothing to say.
  int send(int socket) const;
  // Returns the size.
  int copy(uint8_t* out) const;

 private:
  std::vector<uint8_t> bytes_;
};

}  // namespace es
