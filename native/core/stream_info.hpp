// What a producer tells about its stream while it runs, as both ends keep it.
#pragma once

#include <vector>

#include "channel.hpp"

namespace es {

class StreamInfo {
 public:
  // ES_BAD_PARAMETER: too long.
  int set(const void* bytes, uint32_t size);
  // As a producer sent it; `throughput` may be nullptr. false: the message does not hold what it says.
  bool take(const Received& received, es_throughput* throughput);
  int send(int socket, const es_throughput& throughput) const;
  // Returns the size.
  int copy(uint8_t* out) const;

 private:
  std::vector<uint8_t> bytes_;
};

}  // namespace es
