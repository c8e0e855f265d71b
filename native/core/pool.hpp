// The producer's slots: memory objects that only grow, and which slot is free.
#pragma once

#include <vector>

#include "memory.hpp"
#include "protocol.hpp"
#include "seat.hpp"

namespace es {

struct Slot {
  SlotDescriptor* descriptor = nullptr;
  uint8_t* metadata = nullptr;
  uint8_t* data = nullptr;
  bool writing = false;
  uint64_t lease = 0;      // of the producer, while writing
  int64_t acquired_at = 0;
};

class Pool {
 public:
  // Adds one memory object of `count` slots. `shared_data` (test builds): all slots are the same bytes, so that a frame
  // somebody reads is written over. The control that shows what leases are for.
  int grow(uint32_t count, const es_format& format, uint32_t layout, bool shared_data);
  uint32_t size() const { return static_cast<uint32_t>(slots_.size()); }
  Slot& at(uint32_t slot) { return slots_[slot]; }
  // The lowest slot nobody claims, so that the part of the pool in use stays small and warm; `avoid` only when it is
  // the last choice. -1: none.
  int find_free(const SlotClaims& claims, int avoid) const;
  uint32_t count_free(const SlotClaims& claims) const;
  uint64_t bytes() const;
  // What `count` more slots would take.
  static uint64_t bytes_for(uint32_t count, const es_format& format);

  uint32_t object_count() const { return static_cast<uint32_t>(objects_.size()); }
  // The message that hands object `index` to a consumer; its descriptor goes with it.
  PoolMessage describe(uint32_t index) const;
  int object_fd(uint32_t index) const { return objects_[index].memory.fd.get(); }

 private:
  struct Object {
    SharedMemory memory;
    PoolMessage shape;
  };
  std::vector<Object> objects_;
  std::vector<Slot> slots_;
};

}  // namespace es
