// The producer's slots: memory objects that grow with the consumers and change with the layout, and which slot is free.
//
// An object serves one layout. After a change the old objects get no new frames; each is retired, and its slots'
// indices are free for another, when the last claim on it is gone.
#pragma once

#include <vector>

#include "memory.hpp"
#include "protocol.hpp"
#include "seat.hpp"

namespace es {

struct Slot {
  SlotDescriptor* descriptor = nullptr;  // null: no object has this index
  uint8_t* metadata = nullptr;
  uint8_t* data = nullptr;
  uint32_t layout = 0;
  bool writing = false;
  uint64_t lease = 0;      // of the producer, while writing
  int64_t acquired_at = 0;
};

// One memory object: slots with neighbouring indices. Its shape is the message that hands it to a consumer.
struct PoolObject {
  SharedMemory memory;
  PoolMessage shape;
};

class Pool {
 public:
  // Makes an object of `count` slots that is not part of the pool yet. `shared_data` (test builds): all slots are the
  // same bytes, so that a frame somebody reads is written over. The control that shows what leases are for.
  static int create(uint32_t count, const es_format& format, uint32_t layout, bool shared_data, PoolObject* out);
  // From here on this is the layout of new frames, and objects of other layouts are old.
  void begin_layout(uint32_t layout) { layout_ = layout; }
  // Whether the indices have room for `count` slots more in one piece, and what bytes there are, if objects that are
  // old for `layout` and that nobody claims count as gone: retire_unclaimed() makes it so.
  bool has_room(uint32_t count, uint32_t layout, const SlotClaims& claims) const;
  uint64_t bytes_in_use(uint32_t layout, const SlotClaims& claims) const;
  // Takes the object in; has_room() has said yes.
  void add(PoolObject object, const SlotClaims& claims);
  // Frees one old object that nobody claims. false: there is none.
  bool retire_unclaimed(const SlotClaims& claims);
  bool has_old_objects() const { return !objects_.empty() && !is_current(objects_.front()); }

  // How many indices are in use or have been: all of them are below this.
  uint32_t end() const { return static_cast<uint32_t>(slots_.size()); }
  Slot& at(uint32_t slot) { return slots_[slot]; }
  // The lowest slot nobody claims, so that the part of the pool in use stays small and warm; `avoid` only when it is
  // the last choice. -1: none. As everything below: of the current layout.
  int find_free(const SlotClaims& claims, int avoid) const;
  uint32_t count_free(const SlotClaims& claims) const;
  uint32_t size() const;

  // All objects.
  uint64_t bytes() const;
  // What `count` more slots would take.
  static uint64_t bytes_for(uint32_t count, const es_format& format);
  const std::vector<PoolObject>& objects() const { return objects_; }
  bool is_current(const PoolObject& object) const { return object.shape.layout == layout_; }

 private:
  int find_room(uint32_t count, uint32_t layout, const SlotClaims& claims) const;

  uint32_t layout_ = 0;
  uint32_t next_number_ = 0;
  std::vector<PoolObject> objects_;
  std::vector<Slot> slots_;
};

}  // namespace es
