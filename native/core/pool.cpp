#include "pool.hpp"

#include <unistd.h>

#include <algorithm>

#include "channel.hpp"

namespace es {

namespace {
uint64_t page_aligned(uint64_t bytes) {
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

// Of another layout than this, and nobody claims a slot of it.
bool is_over(const PoolObject& object, uint32_t layout, const SlotClaims& claims) {
  const PoolMessage& shape = object.shape;
  const uint16_t* first = claims.count + shape.first_slot;
  return shape.layout != layout &&
         std::all_of(first, first + shape.slot_count, [](uint16_t count) { return count == 0; });
}

}  // namespace

int Pool::create(uint32_t count, const es_format& format, uint32_t layout, bool shared_data, PoolObject* out) {
  PoolMessage& shape = out->shape;
  shape = make_message<PoolMessage>(MessageType::pool);
  shape.layout = layout;
  shape.slot_count = count;
  shape.metadata_offset = page_aligned(sizeof(SlotDescriptor) * count);
  shape.data_offset = page_aligned(shape.metadata_offset + static_cast<uint64_t>(ES_METADATA_MAX) * count);
  const uint64_t frame_bytes = page_aligned(format.size);
  shape.data_stride = shared_data ? 0 : frame_bytes;
  shape.bytes = shape.data_offset + frame_bytes * (shared_data ? 1 : count);
  return create_shared("edgestream-pool", shape.bytes, Seal::owner_writes, &out->memory);
}

bool Pool::has_room(uint32_t count, uint32_t layout, const SlotClaims& claims) const {
  return find_room(count, layout, claims) >= 0;
}

// The lowest index from which `count` are unused. -1: there is none.
int Pool::find_room(uint32_t count, uint32_t layout, const SlotClaims& claims) const {
  bool used[ES_SLOTS_MAX] = {};
  for (const PoolObject& object : objects_) {
    if (!is_over(object, layout, claims)) std::fill_n(used + object.shape.first_slot, object.shape.slot_count, true);
  }
  uint32_t unused = 0;
  for (uint32_t index = 0; index < ES_SLOTS_MAX; index++) {
    unused = used[index] ? 0 : unused + 1;
    if (unused == count) return static_cast<int>(index + 1 - count);
  }
  return -1;
}

void Pool::add(PoolObject object, const SlotClaims& claims) {
  PoolMessage& shape = object.shape;
  shape.pool = next_number_++;
  shape.first_slot = static_cast<uint32_t>(find_room(shape.slot_count, layout_, claims));
  slots_.resize(std::max<size_t>(slots_.size(), shape.first_slot + shape.slot_count));
  uint8_t* base = object.memory.mapping.data();
  for (uint32_t index = 0; index < shape.slot_count; index++) {
    Slot slot;
    slot.descriptor = reinterpret_cast<SlotDescriptor*>(base) + index;
    slot.metadata = base + shape.metadata_offset + static_cast<uint64_t>(ES_METADATA_MAX) * index;
    slot.data = base + shape.data_offset + shape.data_stride * index;
    slot.layout = shape.layout;
    slots_[shape.first_slot + index] = slot;
  }
  objects_.push_back(std::move(object));
}

bool Pool::retire_unclaimed(const SlotClaims& claims) {
  const auto found = std::find_if(objects_.begin(), objects_.end(),
                                  [&](const PoolObject& object) { return is_over(object, layout_, claims); });
  if (found == objects_.end()) return false;
  const PoolMessage& shape = found->shape;
  std::fill_n(slots_.begin() + shape.first_slot, shape.slot_count, Slot{});
  objects_.erase(found);
  return true;
}

uint64_t Pool::bytes_for(uint32_t count, const es_format& format) {
  const uint64_t metadata = static_cast<uint64_t>(ES_METADATA_MAX) * count;
  return page_aligned(page_aligned(sizeof(SlotDescriptor) * count) + metadata) + page_aligned(format.size) * count;
}

int Pool::find_free(const SlotClaims& claims, int avoid) const {
  int last_choice = -1;
  for (uint32_t slot = 0; slot < end(); slot++) {
    if (claims.count[slot] != 0 || slots_[slot].writing || slots_[slot].layout != layout_) continue;
    if (static_cast<int>(slot) != avoid) return static_cast<int>(slot);
    last_choice = avoid;
  }
  return last_choice;
}

uint32_t Pool::count_free(const SlotClaims& claims) const {
  uint32_t count = 0;
  for (uint32_t slot = 0; slot < end(); slot++) {
    count += claims.count[slot] == 0 && !slots_[slot].writing && slots_[slot].layout == layout_;
  }
  return count;
}

uint32_t Pool::size() const {
  uint32_t sum = 0;
  for (const PoolObject& object : objects_) sum += is_current(object) ? object.shape.slot_count : 0;
  return sum;
}

uint64_t Pool::bytes() const {
  uint64_t sum = 0;
  for (const PoolObject& object : objects_) sum += object.memory.mapping.bytes();
  return sum;
}

uint64_t Pool::bytes_in_use(uint32_t layout, const SlotClaims& claims) const {
  uint64_t sum = 0;
  for (const PoolObject& object : objects_) sum += is_over(object, layout, claims) ? 0 : object.memory.mapping.bytes();
  return sum;
}

}  // namespace es
