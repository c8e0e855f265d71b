// The leases of one producer or consumer, and the views that JavaScript made of them.
//
// A view is an external ArrayBuffer over a slot. It must be detached before its lease ends: afterwards the slot may
// carry another frame, or may not be mapped at all. This table knows its views (weakly), so the addon itself keeps
// that promise, whatever JavaScript kept. Where one view at a time is enough JavaScript keeps it (`kept` in
// native/binding.ts): that is cheaper, and a close finds it there.
// Thread: JS thread only.
#pragma once

#include <napi.h>

#include <cstdint>
#include <vector>

namespace es_addon {

/**
 * Keeps the bytes of a view where they are. From Node 22 on `ArrayBuffer.prototype.transfer` moves them into a new
 * ArrayBuffer that nobody can detach, and reading that one after a close would end the process. Each view therefore
 * gets methods of its own by these names, which throw.
 */
class ViewGuard {
 public:
  void prepare(Napi::Env env);
  void protect(Napi::Env env, napi_value buffer) const;

 private:
  bool needed_ = false;
  Napi::FunctionReference refuse_;
};

/**
 * A lease as JavaScript knows it: 31 bits of the core's number, because a larger number would be an object there. Two
 * leases out at the same time never share one: the low byte is the slot.
 */
constexpr uint32_t lease_handle(uint64_t lease) { return static_cast<uint32_t>(lease & 0x7fffffff); }

struct Lease {
  uint64_t id;
  const uint8_t *data;
  uint64_t size;
  const uint8_t *metadata;
  uint32_t metadata_size;
};

class LeaseTable {
 public:
  LeaseTable() = default;
  LeaseTable(const LeaseTable &) = delete;
  LeaseTable &operator=(const LeaseTable &) = delete;

  /** Remembers a lease; one with the same id (the old frame again) keeps its views. */
  void add(const Lease &lease);
  /** The lease by its handle; null when it is not out. */
  const Lease *find(uint32_t handle) const;
  /** The same, or a thrown ERR_BAD_PARAMETER. */
  const Lease &get(Napi::Env env, uint32_t handle) const;
  /** A new ArrayBuffer over the lease's bytes, which the caller must detach himself. */
  Napi::Value view(Napi::Env env, uint32_t handle, const ViewGuard &guard) const;
  /** The same; this table detaches it. */
  Napi::Value known_view(Napi::Env env, uint32_t handle, const ViewGuard &guard);
  /** Detaches the views of one lease and forgets it. Unknown: nothing happens. */
  void end(Napi::Env env, uint32_t handle);
  /** The only lease that is out from now on; all others end. */
  void replace(Napi::Env env, const Lease &lease);
  void end_all(Napi::Env env);

 private:
  struct View {
    uint32_t handle;
    napi_ref reference;  // weak: a view nobody keeps may be collected
  };

  /** Detaches the views that `ends` is true of. */
  template <typename Predicate>
  void close_views(Napi::Env env, Predicate ends);
  void forget_dead_views(Napi::Env env);

  // Both are short (at most ES_HELD_MAX leases, hardly ever more than one view each) and keep their storage.
  std::vector<Lease> leases_;
  std::vector<View> views_;
};

/** Makes every view of an ArrayBuffer length 0. Once more is harmless. */
void detach(Napi::Env env, napi_value buffer);

}  // namespace es_addon
