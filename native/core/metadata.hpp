// Sticky metadata: blocks that a producer sets once and that every frame from then on carries a snapshot of.
#pragma once

#include <vector>

#include "protocol.hpp"

namespace es {

class MetadataBlocks {
 public:
  // The block grows to hold the bytes. ES_BAD_PARAMETER: no such block, or more than a frame can carry.
  int set(uint32_t block, uint32_t offset, const void* bytes, uint32_t size);
  // Of all blocks together.
  uint32_t bytes() const { return bytes_; }
  // Writes all of them to `to`, one behind the other.
  void write(uint8_t* to, uint16_t (&sizes)[ES_METADATA_BLOCKS]) const;

 private:
  std::vector<uint8_t> blocks_[ES_METADATA_BLOCKS];
  uint32_t bytes_ = 0;
};

// Where a block of a frame lies in its slot's metadata. A producer is not believed: what does not fit is empty.
struct BlockPlace {
  uint32_t offset = 0, size = 0;
};
BlockPlace find_block(const SlotDescriptor& descriptor, uint32_t block);

}  // namespace es
