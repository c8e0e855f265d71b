#include "pool.hpp"

#include <unistd.h>

#include "channel.hpp"

namespace es {

namespace {
uint64_t page_aligned(uint64_t bytes) {
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}
}  // namespace

int Pool::grow(uint32_t count, const es_format& format, uint32_t layout, bool shared_data) {
  auto shape = make_message<PoolMessage>(MessageType::pool);
  shape.pool = object_count();
  shape.layout = layout;
  shape.first_slot = size();
  shape.slot_count = count;
  shape.metadata_offset = page_aligned(sizeof(SlotDescriptor) * count);
  shape.data_offset = page_aligned(shape.metadata_offset + static_cast<uint64_t>(ES_METADATA_MAX) * count);
  const uint64_t frame_bytes = page_aligned(format.size);
  shape.data_stride = shared_data ? 0 : frame_bytes;
  shape.bytes = shape.data_offset + frame_bytes * (shared_data ? 1 : count);
  SharedMemory memory;
  const int result = create_shared("edgestream-pool", shape.bytes, Seal::owner_writes, &memory);
  if (result != ES_OK) return result;
  uint8_t* base = memory.mapping.data();
  for (uint32_t index = 0; index < count; index++) {
    Slot slot;
    slot.descriptor = reinterpret_cast<SlotDescriptor*>(base) + index;
    slot.metadata = base + shape.metadata_offset + static_cast<uint64_t>(ES_METADATA_MAX) * index;
    slot.data = base + shape.data_offset + shape.data_stride * index;
    slots_.push_back(slot);
  }
  objects_.push_back({std::move(memory), shape});
  return ES_OK;
}

uint64_t Pool::bytes_for(uint32_t count, const es_format& format) {
  const uint64_t metadata = static_cast<uint64_t>(ES_METADATA_MAX) * count;
  return page_aligned(page_aligned(sizeof(SlotDescriptor) * count) + metadata) + page_aligned(format.size) * count;
}

int Pool::find_free(const SlotClaims& claims, int avoid) const {
  int last_choice = -1;
  for (uint32_t slot = 0; slot < size(); slot++) {
    if (claims.count[slot] != 0 || slots_[slot].writing) continue;
    if (static_cast<int>(slot) != avoid) return static_cast<int>(slot);
    last_choice = avoid;
  }
  return last_choice;
}

uint32_t Pool::count_free(const SlotClaims& claims) const {
  uint32_t count = 0;
  for (uint32_t slot = 0; slot < size(); slot++) count += claims.count[slot] == 0 && !slots_[slot].writing;
  return count;
}

uint64_t Pool::bytes() const {
  uint64_t sum = 0;
  for (const Object& object : objects_) sum += object.memory.mapping.bytes();
  return sum;
}

PoolMessage Pool::describe(uint32_t index) const { return objects_[index].shape; }

}  // namespace es
