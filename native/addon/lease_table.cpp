#include "lease_table.hpp"

#include <algorithm>

#include "convert.hpp"

namespace es_addon {

void detach(Napi::Env env, napi_value buffer) { napi_detach_arraybuffer(env, buffer); }

void ViewGuard::prepare(Napi::Env env) {
  const Napi::Value array_buffer = env.Global().Get("ArrayBuffer");
  needed_ = array_buffer.As<Napi::Object>().Get("prototype").As<Napi::Object>().Has("transfer");
  refuse_ = Napi::Persistent(Napi::Function::New(env, [](const Napi::CallbackInfo &info) {
    throw Napi::TypeError::New(info.Env(), "a frame's bytes stay in their slot; use copy()");
  }));
}

void ViewGuard::protect(Napi::Env env, napi_value buffer) const {
  if (!needed_) return;
  const napi_value refuse = refuse_.Value();
  for (const char *name : {"transfer", "transferToFixedLength"}) napi_set_named_property(env, buffer, name, refuse);
}

void LeaseTable::add(const Lease &lease) {
  for (Lease &known : leases_) {
    if (known.id == lease.id) {
      known = lease;
      return;
    }
  }
  leases_.push_back(lease);
}

const Lease *LeaseTable::find(uint32_t handle) const {
  for (const Lease &known : leases_) {
    if (lease_handle(known.id) == handle) return &known;
  }
  return nullptr;
}

const Lease &LeaseTable::get(Napi::Env env, uint32_t handle) const {
  const Lease *lease = find(handle);
  if (lease != nullptr) return *lease;
  const std::string name = "lease " + std::to_string(handle);
  throw_bad_parameter(env, name + " is not out: it was released, posted or never acquired");
}

Napi::Value LeaseTable::view(Napi::Env env, uint32_t handle, const ViewGuard &guard) const {
  const Lease &lease = get(env, handle);
  if (lease.size == 0) return Napi::ArrayBuffer::New(env, 0);
  napi_value buffer = nullptr;
  // No finalizer: the bytes belong to the lease, not to the view. JavaScript knows no read-only ArrayBuffer; for a
  // consumer the mapping itself is read-only.
  auto *bytes = const_cast<uint8_t *>(lease.data);
  const napi_status status =
      napi_create_external_arraybuffer(env, bytes, static_cast<size_t>(lease.size), nullptr, nullptr, &buffer);
  if (status != napi_ok) throw Napi::Error::New(env);
  guard.protect(env, buffer);
  return Napi::Value(env, buffer);
}

Napi::Value LeaseTable::known_view(Napi::Env env, uint32_t handle, const ViewGuard &guard) {
  const Napi::Value buffer = view(env, handle, guard);
  napi_ref reference = nullptr;
  if (napi_create_reference(env, buffer, 0, &reference) != napi_ok) {
    detach(env, buffer);
    throw Napi::Error::New(env);
  }
  views_.push_back({handle, reference});
  return buffer;
}

template <typename Predicate>
void LeaseTable::close_views(Napi::Env env, Predicate ends) {
  if (views_.empty()) return;  // a frame that nobody looked at
  Napi::HandleScope scope(env);
  const auto close_view = [&](const View &view) {
    if (!ends(view.handle)) return false;
    napi_value buffer = nullptr;
    napi_get_reference_value(env, view.reference, &buffer);
    if (buffer != nullptr) detach(env, buffer);
    napi_delete_reference(env, view.reference);
    return true;
  };
  if (views_.size() == 1) {  // nearly always
    if (close_view(views_.front())) views_.clear();
    return;
  }
  views_.erase(std::remove_if(views_.begin(), views_.end(), close_view), views_.end());
}

void LeaseTable::forget_dead_views(Napi::Env env) {
  if (views_.empty()) return;
  Napi::HandleScope scope(env);
  const auto is_dead = [env](const View &view) {
    napi_value buffer = nullptr;
    bool detached = true;
    napi_get_reference_value(env, view.reference, &buffer);
    if (buffer != nullptr) napi_is_detached_arraybuffer(env, buffer, &detached);
    if (detached) napi_delete_reference(env, view.reference);
    return detached;
  };
  views_.erase(std::remove_if(views_.begin(), views_.end(), is_dead), views_.end());
}

void LeaseTable::end(Napi::Env env, uint32_t handle) {
  close_views(env, [handle](uint32_t view) { return view == handle; });
  for (size_t index = 0; index < leases_.size(); index++) {
    if (lease_handle(leases_[index].id) != handle) continue;
    leases_[index] = leases_.back();
    leases_.pop_back();
    return;
  }
}

void LeaseTable::replace(Napi::Env env, const Lease &lease) {
  const uint32_t handle = lease_handle(lease.id);
  close_views(env, [handle](uint32_t view) { return view != handle; });
  forget_dead_views(env);  // the old frame again: JavaScript has detached its earlier view
  leases_.assign(1, lease);
}

void LeaseTable::end_all(Napi::Env env) {
  close_views(env, [](uint32_t) { return true; });
  leases_.clear();
}

}  // namespace es_addon
