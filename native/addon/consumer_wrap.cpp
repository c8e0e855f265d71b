#include "consumer_wrap.hpp"

namespace es_addon {

ConsumerOptions::ConsumerOptions(const Napi::Object &object)
    : client_(object.Get("client"), "client"), runtime_dir_(object.Get("runtimeDir"), "runtimeDir"), options_{} {
  options_.policy = to_policy(to_object(object.Get("policy"), "policy"));
  options_.format_mask = static_cast<uint32_t>(to_integer(object.Get("formatMask"), "formatMask", 0, UINT32_MAX));
  options_.client = client_.get();
  options_.runtime_dir = runtime_dir_.get();
}

void ConsumerWrap::define(Napi::Env env) {
  Environment::of(env).consumer_class = Napi::Persistent(DefineClass(
      env, "NativeConsumer",
      {
          InstanceAccessor<&ConsumerWrap::id>("id"),
          InstanceMethod<&ConsumerWrap::try_acquire>("tryAcquire"),
          InstanceMethod<&ConsumerWrap::view>("view"),
          InstanceMethod<&ConsumerWrap::metadata>("metadata"),
          InstanceMethod<&ConsumerWrap::release>("release"),
          InstanceMethod<&ConsumerWrap::consume>("consume"),
          InstanceMethod<&ConsumerWrap::state>("state"),
          InstanceMethod<&ConsumerWrap::info>("info"),
          InstanceMethod<&ConsumerWrap::latency>("latency"),
          InstanceMethod<&ConsumerWrap::format>("format"),
          InstanceMethod<&ConsumerWrap::close>("close"),
      }));
}

ConsumerWrap::ConsumerWrap(const Napi::CallbackInfo &info)
    : ObjectWrap(info),
      OpenObject(Environment::of(info.Env())),
      handle_(wrapped_handle<es_consumer>(info)),
      id_(es_consumer_id(handle_)) {}

es_consumer *ConsumerWrap::alive(Napi::Env env) const {
  if (handle_ == nullptr) throw_error(env, es_error_string(ES_BAD_STREAM), "the consumer is closed");
  return handle_;
}

void ConsumerWrap::close_handle() {
  if (handle_ == nullptr) return;
  leases_.end_all(Env());
  es_consumer_close(handle_);
  handle_ = nullptr;
}

// C:  int es_open_consumer(es_context *context, const char *name, const es_consumer_options *options,
//                          es_consumer **out);
// TS: openConsumer(name: string, options: NativeConsumerOptions): NativeConsumer        Thread: JS thread only.
Napi::Value ConsumerWrap::open(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Environment &environment = Environment::of(env);
  const std::string name = to_string(info[0], "name");
  const ConsumerOptions options(to_object(info[1], "options"));
  es_consumer *handle = nullptr;
  checked(env, es_open_consumer(environment.context(), name.c_str(), options.get(), &handle));
  return wrap(env, environment.consumer_class, handle, es_consumer_close);
}

// C:  uint32_t es_consumer_id(const es_consumer *consumer);
// TS: readonly id: number        Thread: JS thread only.
Napi::Value ConsumerWrap::id(const Napi::CallbackInfo &info) { return Napi::Number::New(info.Env(), id_); }

// C:  int es_consumer_acquire(es_consumer *consumer, uint32_t flags, int64_t timeout_us, es_frame *out);
// TS: tryAcquire(flags: number): number        Thread: JS thread only; never waits.
Napi::Value ConsumerWrap::try_acquire(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  const auto flags = static_cast<uint32_t>(to_integer(info[0], "flags", 0, UINT32_MAX));
  es_frame frame{};
  const int result = checked(env, es_consumer_acquire(alive(env), flags, ES_NO_WAIT, &frame));
  if (result == ES_OK) remember(env, frame);
  return Napi::Number::New(env, result);
}

void ConsumerWrap::remember(Napi::Env env, const es_frame &frame) {
  if (max_held_ == 0) {
    es_consumer_info granted{};
    checked(env, es_consumer_get_info(handle_, &granted));
    max_held_ = granted.policy.max_held;
  }
  leases_.add({frame.lease, frame.data, frame.size, frame.metadata, frame.metadata_size});
  // With one lease at a time the core ended the earlier one when it handed this frame over.
  if (max_held_ == 1) leases_.end_others(env, frame.lease);
  // In the order of FrameInfo in native/binding.ts.
  const int64_t fields[] = {
      static_cast<int64_t>(frame.lease),
      static_cast<int64_t>(frame.number),
      static_cast<int64_t>(frame.skipped),
      static_cast<int64_t>(frame.epoch),
      frame.pts,
      frame.duration,
      frame.captured,
      frame.posted,
      frame.acquired,
      static_cast<int64_t>(frame.size),
      frame.metadata_size,
      frame.layout,
      frame.slot,
      frame.is_new,
  };
  static_assert(std::size(fields) <= kFrameInfoLength);
  std::copy(std::begin(fields), std::end(fields), environment_->frame_info);
}

// C:  es_frame.data and es_frame.size
// TS: view(lease: number): ArrayBuffer        Thread: JS thread only; the view dies with its lease.
Napi::Value ConsumerWrap::view(const Napi::CallbackInfo &info) {
  alive(info.Env());
  return leases_.view(info.Env(), to_lease(info[0]), environment_->view_guard);
}

// C:  es_frame.metadata and es_frame.metadata_size
// TS: metadata(lease: number): Uint8Array        Thread: JS thread only.
Napi::Value ConsumerWrap::metadata(const Napi::CallbackInfo &info) {
  alive(info.Env());
  const Lease &lease = leases_.get(info.Env(), to_lease(info[0]));
  Napi::Uint8Array copy = Napi::Uint8Array::New(info.Env(), lease.metadata_size);
  std::copy_n(lease.metadata, lease.metadata_size, copy.Data());
  return copy;
}

// C:  int es_consumer_release(es_consumer *consumer, uint64_t lease);
// TS: release(lease: number): void        Thread: JS thread only. Once more is a silent success.
void ConsumerWrap::release(const Napi::CallbackInfo &info) {
  const uint64_t lease = to_lease(info[0]);
  es_consumer *consumer = alive(info.Env());
  leases_.end(info.Env(), lease);
  checked(info.Env(), es_consumer_release(consumer, lease));
}

// C:  int es_consumer_consume(es_consumer *consumer, uint32_t count);
// TS: consume(count: number): void        Thread: JS thread only.
void ConsumerWrap::consume(const Napi::CallbackInfo &info) {
  const auto count = static_cast<uint32_t>(to_integer(info[0], "count", 0, UINT32_MAX));
  checked(info.Env(), es_consumer_consume(alive(info.Env()), count));
}

// C:  int es_consumer_state(es_consumer *consumer);
// TS: state(): number        Thread: JS thread only.
Napi::Value ConsumerWrap::state(const Napi::CallbackInfo &info) {
  return Napi::Number::New(info.Env(), checked(info.Env(), es_consumer_state(alive(info.Env()))));
}

// C:  int es_consumer_get_info(es_consumer *consumer, es_consumer_info *out);
// TS: info(): NativeConsumerInfo        Thread: JS thread only.
Napi::Value ConsumerWrap::info(const Napi::CallbackInfo &info) {
  es_consumer_info result{};
  checked(info.Env(), es_consumer_get_info(alive(info.Env()), &result));
  return from_consumer_info(info.Env(), result);
}

// C:  int es_consumer_latency(es_consumer *consumer, es_latency *out);
// TS: latency(): BigUint64Array | undefined        Thread: JS thread only.
Napi::Value ConsumerWrap::latency(const Napi::CallbackInfo &info) {
  es_latency result{};
  if (es_consumer_latency(alive(info.Env()), &result) != ES_OK) return info.Env().Undefined();
  return from_latency(info.Env(), result);
}

// C:  int es_consumer_format(es_consumer *consumer, uint32_t layout, es_format *out);
// TS: format(layout: number): NativeFormat        Thread: JS thread only.
Napi::Value ConsumerWrap::format(const Napi::CallbackInfo &info) {
  const auto layout = static_cast<uint32_t>(to_integer(info[0], "layout", 0, UINT32_MAX));
  es_format result{};
  checked(info.Env(), es_consumer_format(alive(info.Env()), layout, &result));
  return from_format(info.Env(), result);
}

// C:  void es_consumer_close(es_consumer *consumer);
// TS: close(): void        Thread: JS thread only.
void ConsumerWrap::close(const Napi::CallbackInfo &) { close_handle(); }

}  // namespace es_addon
