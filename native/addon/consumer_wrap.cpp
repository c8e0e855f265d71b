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
          InstanceMethod<&ConsumerWrap::metadata>("metadata"),
          InstanceMethod<&ConsumerWrap::metadata_block>("metadataBlock"),
          InstanceMethod<&ConsumerWrap::consume>("consume"),
          InstanceMethod<&ConsumerWrap::peek>("peek"),
          InstanceMethod<&ConsumerWrap::arm>("arm"),
          InstanceMethod<&ConsumerWrap::set_user_info>("setUserInfo"),
          InstanceMethod<&ConsumerWrap::user_info>("userInfo"),
          InstanceMethod<&ConsumerWrap::stream_info>("streamInfo"),
          InstanceMethod<&ConsumerWrap::set_latency>("setLatency"),
          InstanceMethod<&ConsumerWrap::marks>("marks"),
          InstanceMethod<&ConsumerWrap::reset_number>("resetNumber"),
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
      id_(es_consumer_id(handle_)) {
  es_consumer_info asked{};  // a producer grants maxHeld as it is, or nothing
  checked(info.Env(), es_consumer_get_info(handle_, &asked));
  max_held_ = asked.policy.max_held;
  const Napi::Object self = info.This().As<Napi::Object>();
  kept_ = Napi::Persistent(Napi::Object::New(info.Env()));
  kept_.Set("view", info.Env().Undefined());
  self.Set("kept", kept_.Value());
  define_fast_method<ConsumerWrap, &ConsumerWrap::try_acquire>(self, "tryAcquire", this);
  define_fast_method<ConsumerWrap, &ConsumerWrap::view>(self, "view", this);
  define_fast_method<ConsumerWrap, &ConsumerWrap::view_to_keep>(self, "viewToKeep", this);
  define_fast_method<ConsumerWrap, &ConsumerWrap::release>(self, "release", this);
  define_fast_method<ConsumerWrap, &ConsumerWrap::sleep>(self, "sleep", this);
}

es_consumer *ConsumerWrap::alive(Napi::Env env) const {
  if (handle_ == nullptr) throw_error(env, es_error_string(ES_BAD_STREAM), "the consumer is closed");
  return handle_;
}

void ConsumerWrap::close_handle() {
  if (handle_ == nullptr) return;
  detach_kept();
  leases_.end_all(Env());
  stop_watching();
  es_consumer_close(handle_);
  handle_ = nullptr;
}

// An environment that is going refuses to be asked; no JavaScript looks at a view any more then.
void ConsumerWrap::detach_kept() {
  Napi::HandleScope scope(Env());
  napi_value view = nullptr;
  if (napi_get_named_property(Env(), kept_.Value(), "view", &view) == napi_ok) detach(Env(), view);
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
napi_value ConsumerWrap::try_acquire(const FastCall &call) {
  uint32_t flags = 0;
  if (call.arguments[0] == nullptr || napi_get_value_uint32(call.env, call.arguments[0], &flags) != napi_ok) {
    throw_bad_parameter(call.env, "flags must be a number");
  }
  es_frame frame;
  const int result = checked(call.env, es_consumer_acquire(alive(call.env), flags, ES_NO_WAIT, &frame));
  if (result == ES_OK) remember(call.env, frame);
  if (result == ES_WOULD_BLOCK && !watched_ && (flags & ES_ACQUIRE_NO_WAKE) == 0) watch_wakes();
  return fast_number(call.env, result);
}

/** Its first sleep: from here on wake-ups come straight from the wake socket to this thread's loop. */
void ConsumerWrap::watch_wakes() {
  const int fd = es_consumer_wake_fd(handle_);
  if (fd < 0) return;  // no producer yet
  wakes_ = environment_->watch_wakes(fd, id_, [this] {
    if (es_consumer_woken(handle_) == ES_CLOSED) stop_watching();
    return true;
  });
  // The next try asks again: without a watch this consumer would be deaf.
  if (wakes_ == nullptr) throw_error(Env(), es_error_string(ES_BAD_ALLOC), "libuv cannot watch a descriptor more");
  watched_ = true;
}

void ConsumerWrap::stop_watching() {
  if (wakes_ != nullptr) wakes_->close();
  wakes_ = nullptr;
}

void ConsumerWrap::remember(Napi::Env env, const es_frame &frame) {
  const Lease lease{frame.lease, frame.data, frame.size, frame.metadata, frame.metadata_size};
  // With one lease at a time the core ended the earlier one when it handed this frame over.
  if (max_held_ == 1) leases_.replace(env, lease);
  else leases_.add(lease);
  // In the order of FrameInfo in native/binding.ts.
  const int64_t fields[] = {
      lease_handle(frame.lease),
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

// C:  int es_consumer_sleep(es_consumer *consumer, int64_t timeout_us);
// TS: sleep(ms: number): number        Thread: JS thread only, which stands still meanwhile.
napi_value ConsumerWrap::sleep(const FastCall &call) {
  double ms = -1;
  if (call.arguments[0] != nullptr) napi_get_value_double(call.env, call.arguments[0], &ms);
  if (!(ms >= 0)) {
    throw_bad_parameter(call.env, "ms must be a number from 0");
  }
  if (wakes_ != nullptr) {  // one way to be woken is enough; a later wait may want the other one again
    stop_watching();
    watched_ = false;
  }
  return fast_number(call.env, checked(call.env, es_consumer_sleep(alive(call.env), static_cast<int64_t>(ms * 1000))));
}

// C:  es_frame.data and es_frame.size
// TS: view(lease: number): ArrayBuffer        Thread: JS thread only; the view dies with its lease.
napi_value ConsumerWrap::view(const FastCall &call) {
  alive(call.env);
  return leases_.known_view(call.env, to_lease_handle(call.env, call.arguments[0]), environment_->view_guard);
}

// C:  es_frame.data and es_frame.size
// TS: viewToKeep(lease: number): ArrayBuffer        Thread: JS thread only; JavaScript ends it, at the latest a close.
napi_value ConsumerWrap::view_to_keep(const FastCall &call) {
  alive(call.env);
  return leases_.view(call.env, to_lease_handle(call.env, call.arguments[0]), environment_->view_guard);
}

// C:  es_frame.metadata and es_frame.metadata_size
// TS: metadata(lease: number): Uint8Array        Thread: JS thread only.
Napi::Value ConsumerWrap::metadata(const Napi::CallbackInfo &info) {
  alive(info.Env());
  const Lease &lease = leases_.get(info.Env(), to_lease_handle(info.Env(), info[0]));
  Napi::Uint8Array copy = Napi::Uint8Array::New(info.Env(), lease.metadata_size);
  std::copy_n(lease.metadata, lease.metadata_size, copy.Data());
  return copy;
}

// C:  int es_consumer_metadata_block(es_consumer *consumer, uint64_t lease, uint32_t block, const uint8_t **data,
//                                    uint32_t *size);
// TS: metadataBlock(lease: number, block: number): Uint8Array        Thread: JS thread only.
Napi::Value ConsumerWrap::metadata_block(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  es_consumer *consumer = alive(env);
  const Lease &lease = leases_.get(env, to_lease_handle(env, info[0]));
  const auto block = static_cast<uint32_t>(to_integer(info[1], "block", 0, ES_METADATA_BLOCKS - 1));
  const uint8_t *data = nullptr;
  uint32_t size = 0;
  checked(env, es_consumer_metadata_block(consumer, lease.id, block, &data, &size));
  Napi::Uint8Array copy = Napi::Uint8Array::New(env, size);
  std::copy_n(data, size, copy.Data());
  return copy;
}

// C:  int es_consumer_release(es_consumer *consumer, uint64_t lease);
// TS: release(lease: number, kept?: ArrayBuffer): void        Thread: JS thread only. Once more is a silent success.
napi_value ConsumerWrap::release(const FastCall &call) {
  const uint32_t handle = to_lease_handle(call.env, call.arguments[0]);
  if (call.arguments[1] != nullptr) detach(call.env, call.arguments[1]);
  es_consumer *consumer = alive(call.env);
  const Lease *lease = leases_.find(handle);
  if (lease == nullptr) return nullptr;
  const uint64_t id = lease->id;
  leases_.end(call.env, handle);
  checked(call.env, es_consumer_release(consumer, id));
  return nullptr;
}

// C:  int es_consumer_consume(es_consumer *consumer, uint32_t count);
// TS: consume(count: number): void        Thread: JS thread only.
void ConsumerWrap::consume(const Napi::CallbackInfo &info) {
  const auto count = static_cast<uint32_t>(to_integer(info[0], "count", 0, UINT32_MAX));
  checked(info.Env(), es_consumer_consume(alive(info.Env()), count));
}

// C:  int es_consumer_peek(es_consumer *consumer, es_pending *out);
// TS: peek(): { number: bigint; pts: bigint; isNew: boolean } | undefined        Thread: JS thread only.
Napi::Value ConsumerWrap::peek(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  es_pending pending{};
  if (checked(env, es_consumer_peek(alive(env), &pending)) != ES_OK) return env.Undefined();
  Napi::Object result = Napi::Object::New(env);
  result.Set("number", Napi::BigInt::New(env, pending.number));
  result.Set("pts", Napi::BigInt::New(env, pending.pts));
  result.Set("isNew", Napi::Boolean::New(env, pending.is_new != 0));
  return result;
}

// C:  int es_consumer_arm(es_consumer *consumer);
// TS: arm(): number        Thread: JS thread only; never waits.
Napi::Value ConsumerWrap::arm(const Napi::CallbackInfo &info) {
  const int result = checked(info.Env(), es_consumer_arm(alive(info.Env())));
  if (result == ES_WOULD_BLOCK && !watched_) watch_wakes();
  return Napi::Number::New(info.Env(), result);
}

// C:  int es_consumer_set_user_info(es_consumer *consumer, const void *bytes, uint32_t size);
// TS: setUserInfo(text: string): void        Thread: JS thread only.
void ConsumerWrap::set_user_info(const Napi::CallbackInfo &info) {
  const std::string text = to_string(info[0], "text");
  checked(info.Env(), es_consumer_set_user_info(alive(info.Env()), text.data(), static_cast<uint32_t>(text.size())));
}

// C:  int es_consumer_user_info(es_consumer *consumer, uint8_t out[ES_USER_INFO_MAX]);
// TS: userInfo(): string        Thread: JS thread only.
Napi::Value ConsumerWrap::user_info(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  uint8_t bytes[ES_USER_INFO_MAX];
  const int size = checked(env, es_consumer_user_info(alive(env), bytes));
  return Napi::String::New(env, reinterpret_cast<const char *>(bytes), static_cast<size_t>(size));
}

// C:  int es_consumer_stream_info(es_consumer *consumer, uint8_t out[ES_STREAM_INFO_MAX]);
// TS: streamInfo(): string        Thread: JS thread only.
Napi::Value ConsumerWrap::stream_info(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  uint8_t bytes[ES_STREAM_INFO_MAX];
  const int size = checked(env, es_consumer_stream_info(alive(env), bytes));
  return Napi::String::New(env, reinterpret_cast<const char *>(bytes), static_cast<size_t>(size));
}

// C:  int es_consumer_set_latency(es_consumer *consumer, uint32_t latency_us);
// TS: setLatency(us: number): void        Thread: JS thread only.
void ConsumerWrap::set_latency(const Napi::CallbackInfo &info) {
  const auto us = static_cast<uint32_t>(to_integer(info[0], "us", 0, UINT32_MAX));
  checked(info.Env(), es_consumer_set_latency(alive(info.Env()), us));
}

// C:  int es_consumer_marks(es_consumer *consumer, es_mark *newest, es_mark *acquired);
// TS: marks(): { newest: NativeMark; acquired: NativeMark }        Thread: JS thread only.
Napi::Value ConsumerWrap::marks(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  es_mark newest{}, acquired{};
  checked(env, es_consumer_marks(alive(env), &newest, &acquired));
  Napi::Object result = Napi::Object::New(env);
  result.Set("newest", from_mark(env, newest));
  result.Set("acquired", from_mark(env, acquired));
  return result;
}

// C:  int es_consumer_get_info(es_consumer *consumer, es_consumer_info *out);
// TS: resetNumber(): bigint        Thread: JS thread only.
Napi::Value ConsumerWrap::reset_number(const Napi::CallbackInfo &info) {
  es_consumer_info result{};
  checked(info.Env(), es_consumer_get_info(alive(info.Env()), &result));
  return Napi::BigInt::New(info.Env(), result.reset_number);
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
