#include "metadata.hpp"

#include <cstring>

#include "status.hpp"

namespace es {

int MetadataBlocks::set(uint32_t block, uint32_t offset, const void* bytes, uint32_t size) {
  if (block >= ES_METADATA_BLOCKS) {
    return fail(ES_BAD_PARAMETER, "there are metadata blocks 0 to %u, got %u", ES_METADATA_BLOCKS - 1, block);
  }
  if (size == 0) return ES_OK;
  if (bytes == nullptr || offset > ES_METADATA_MAX || size > ES_METADATA_MAX - offset) {
    return fail(ES_BAD_PARAMETER, "%u bytes at %u of a metadata block; it has at most %u", size, offset,
                ES_METADATA_MAX);
  }
  std::vector<uint8_t>& own = blocks_[block];
  const auto before = static_cast<uint32_t>(own.size());
  const uint32_t grown = offset + size > before ? offset + size - before : 0;
  if (bytes_ + grown > ES_METADATA_MAX) {
    return fail(ES_BAD_PARAMETER, "%u bytes in all metadata blocks; a frame carries at most %u", bytes_ + grown,
                ES_METADATA_MAX);
  }
  if (grown != 0) own.resize(before + grown);
  bytes_ += grown;
  memcpy(own.data() + offset, bytes, size);
  return ES_OK;
}

void MetadataBlocks::write(uint8_t* to, uint16_t (&sizes)[ES_METADATA_BLOCKS]) const {
  for (uint32_t block = 0; block < ES_METADATA_BLOCKS; block++) {
    const std::vector<uint8_t>& own = blocks_[block];
    sizes[block] = static_cast<uint16_t>(own.size());
    if (own.empty()) continue;
    memcpy(to, own.data(), own.size());
    to += own.size();
  }
}

BlockPlace find_block(const SlotDescriptor& descriptor, uint32_t block) {
  uint64_t offset = read_once(descriptor.metadata_size);
  for (uint32_t before = 0; before < block; before++) offset += read_once(descriptor.block_size[before]);
  const uint32_t size = read_once(descriptor.block_size[block]);
  if (offset + size > ES_METADATA_MAX) return {};
  return {static_cast<uint32_t>(offset), size};
}

}  // namespace es
