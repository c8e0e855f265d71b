#include "producer_wrap.hpp"

#include <algorithm>

#include "convert.hpp"

namespace es_addon {
namespace {

// Index into Environment::frame_info and post_info; FrameInfo and PostInfo of native/binding.ts.
enum FrameField : size_t { kLease = 0, kNumber = 1, kSize = 9, kLayout = 11, kSlot = 12 };
enum PostField : size_t { kPts = 0, kDuration = 1, kCaptured = 2, kPostSize = 3 };

}  // namespace

void ProducerWrap::define(Napi::Env env) {
  Environment::of(env).producer_class = Napi::Persistent(DefineClass(
      env, "NativeProducer",
      {
          InstanceAccessor<&ProducerWrap::id>("id"),
          InstanceMethod<&ProducerWrap::discard>("discard"),
          InstanceMethod<&ProducerWrap::reconfigure>("reconfigure"),
          InstanceMethod<&ProducerWrap::close_input>("closeInput"),
          InstanceMethod<&ProducerWrap::try_drain>("tryDrain"),
          InstanceMethod<&ProducerWrap::stop>("stop"),
          InstanceMethod<&ProducerWrap::evict>("evict"),
          InstanceMethod<&ProducerWrap::watch_drops>("watchDrops"),
          InstanceMethod<&ProducerWrap::reset>("reset"),
          InstanceMethod<&ProducerWrap::pause>("pause"),
          InstanceMethod<&ProducerWrap::set_metadata>("setMetadata"),
          InstanceMethod<&ProducerWrap::set_user_info>("setUserInfo"),
          InstanceMethod<&ProducerWrap::user_info>("userInfo"),
          InstanceMethod<&ProducerWrap::set_stream_info>("setStreamInfo"),
          InstanceMethod<&ProducerWrap::stream_info>("streamInfo"),
          InstanceMethod<&ProducerWrap::newest>("newest"),
          InstanceMethod<&ProducerWrap::dropped_paused>("droppedPaused"),
          InstanceMethod<&ProducerWrap::info>("info"),
          InstanceMethod<&ProducerWrap::connections>("connections"),
          InstanceMethod<&ProducerWrap::ended>("ended"),
          InstanceMethod<&ProducerWrap::latency>("latency"),
          InstanceMethod<&ProducerWrap::close>("close"),
      }));
}

ProducerWrap::ProducerWrap(const Napi::CallbackInfo &info)
    : ObjectWrap(info),
      OpenObject(Environment::of(info.Env())),
      handle_(wrapped_handle<es_producer>(info)),
      id_(es_producer_id(handle_)) {
  const Napi::Object self = info.This().As<Napi::Object>();
  define_fast_method<ProducerWrap, &ProducerWrap::try_acquire>(self, "tryAcquire", this);
  define_fast_method<ProducerWrap, &ProducerWrap::view>(self, "view", this);
  define_fast_method<ProducerWrap, &ProducerWrap::write>(self, "write", this);
  define_fast_method<ProducerWrap, &ProducerWrap::try_post>(self, "tryPost", this);
}

es_producer *ProducerWrap::alive(Napi::Env env) const {
  if (handle_ == nullptr) throw_error(env, es_error_string(ES_BAD_STREAM), "the producer is closed");
  return handle_;
}

void ProducerWrap::close_handle() {
  if (handle_ == nullptr) return;
  leases_.end_all(Env());
  es_producer_close(handle_);
  handle_ = nullptr;
}

// C:  int es_open_producer(es_context *context, const char *name, const char *runtime_dir,
//                          const es_producer_options *options, es_producer **out);
// TS: openProducer(name: string, runtimeDir: string | undefined, options: NativeProducerOptions): NativeProducer
// Thread: JS thread only.
Napi::Value ProducerWrap::open(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Environment &environment = Environment::of(env);
  const std::string name = to_string(info[0], "name");
  const OptionalString runtime_dir(info[1], "runtimeDir");
  const es_producer_options options = to_producer_options(to_object(info[2], "options"));
  es_producer *handle = nullptr;
  checked(env, es_open_producer(environment.context(), name.c_str(), runtime_dir.get(), &options, &handle));
  return wrap(env, environment.producer_class, handle, es_producer_close);
}

// C:  uint32_t es_producer_id(const es_producer *producer);
// TS: readonly id: number        Thread: JS thread only.
Napi::Value ProducerWrap::id(const Napi::CallbackInfo &info) { return Napi::Number::New(info.Env(), id_); }

// C:  int es_producer_acquire(es_producer *producer, int64_t timeout_us, es_writable *out);
// TS: tryAcquire(): number        Thread: JS thread only; never waits.
napi_value ProducerWrap::try_acquire(const FastCall &call) {
  es_writable writable{};
  const int result = checked(call.env, es_producer_acquire(alive(call.env), ES_NO_WAIT, &writable));
  if (result == ES_OK) {
    leases_.add({writable.lease, writable.data, writable.size, nullptr, 0});
    int64_t *out = environment_->frame_info;
    out[kLease] = lease_handle(writable.lease);
    out[kSize] = static_cast<int64_t>(writable.size);
    out[kLayout] = writable.layout;
    out[kSlot] = writable.slot;
  }
  return fast_number(call.env, result);
}

// C:  es_writable.data and es_writable.size
// TS: view(lease: number): ArrayBuffer        Thread: JS thread only; the view dies with its lease.
napi_value ProducerWrap::view(const FastCall &call) {
  alive(call.env);
  return leases_.known_view(call.env, to_lease_handle(call.env, call.arguments[0]), environment_->view_guard);
}

// C:  void es_copy(void *to, const void *from, size_t bytes);
// TS: write(lease: number, bytes: Uint8Array): void        Thread: JS thread only.
napi_value ProducerWrap::write(const FastCall &call) {
  alive(call.env);
  const Lease &lease = leases_.get(call.env, to_lease_handle(call.env, call.arguments[0]));
  napi_typedarray_type type = napi_int8_array;
  size_t bytes = 0;
  void *data = nullptr;
  const napi_value given = call.arguments[1];
  const bool is_array = given != nullptr && napi_get_typedarray_info(call.env, given, &type, &bytes, &data, nullptr,
                                                                     nullptr) == napi_ok;
  if (!is_array || type != napi_uint8_array || bytes > lease.size) {
    throw_bad_parameter(call.env, "bytes must be a Uint8Array of at most " + std::to_string(lease.size) + " bytes");
  }
  es_copy(const_cast<uint8_t *>(lease.data), data, bytes);
  return nullptr;
}

/** What of the post is not the default. */
es_post_info ProducerWrap::to_post_info(const FastCall &call) const {
  es_post_info post{};
  bool with_info = false;
  napi_get_value_bool(call.env, call.arguments[1], &with_info);
  post.pts = ES_NO_PTS;
  if (with_info) {
    const int64_t *in = environment_->post_info;
    post.pts = in[kPts];
    post.duration = in[kDuration];
    post.captured = in[kCaptured];
    post.size = static_cast<uint64_t>(in[kPostSize]);
  }
  const Napi::Value given(call.env, call.arguments[2]);
  if (given.IsUndefined()) return post;
  if (!given.IsTypedArray() || given.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw_bad_parameter(call.env, "metadata must be a Uint8Array");
  }
  const auto metadata = given.As<Napi::Uint8Array>();
  if (metadata.ByteLength() > ES_METADATA_MAX) {
    throw_bad_parameter(call.env, "metadata has " + std::to_string(metadata.ByteLength()) + " bytes, the limit is " +
                                      std::to_string(ES_METADATA_MAX));
  }
  post.metadata = metadata.Data();
  post.metadata_size = static_cast<uint32_t>(metadata.ByteLength());
  return post;
}

// C:  int es_producer_post(es_producer *producer, uint64_t lease, const es_post_info *info, int64_t timeout_us,
//                          uint64_t *number);
// TS: tryPost(lease: number, withInfo: boolean, metadata?: Uint8Array): number
// Thread: JS thread only; never waits.
napi_value ProducerWrap::try_post(const FastCall &call) {
  const uint32_t handle = to_lease_handle(call.env, call.arguments[0]);
  es_producer *producer = alive(call.env);
  const es_post_info post = to_post_info(call);
  const uint64_t lease = leases_.get(call.env, handle).id;
  uint64_t number = 0;
  const int result = checked(call.env, es_producer_post(producer, lease, &post, ES_NO_WAIT, &number));
  if (result == ES_OK) {
    // The frame is the consumers' now. No JavaScript ran since, so nobody wrote into it through a view.
    leases_.end(call.env, handle);
    environment_->frame_info[kNumber] = static_cast<int64_t>(number);
  }
  return fast_number(call.env, result);
}

// C:  int es_producer_discard(es_producer *producer, uint64_t lease);
// TS: discard(lease: number): void        Thread: JS thread only.
void ProducerWrap::discard(const Napi::CallbackInfo &info) {
  const uint32_t handle = to_lease_handle(info.Env(), info[0]);
  es_producer *producer = alive(info.Env());
  const uint64_t lease = leases_.get(info.Env(), handle).id;
  leases_.end(info.Env(), handle);
  checked(info.Env(), es_producer_discard(producer, lease));
}

// C:  int es_producer_reconfigure(es_producer *producer, const es_format *format);
// TS: reconfigure(format: NativeFormatSpec): number        Thread: JS thread only.
Napi::Value ProducerWrap::reconfigure(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  const es_format format = to_format(to_object(info[0], "format"));
  return Napi::Number::New(env, checked(env, es_producer_reconfigure(alive(env), &format)));
}

// C:  int es_producer_close_input(es_producer *producer);
// TS: closeInput(): void        Thread: JS thread only.
void ProducerWrap::close_input(const Napi::CallbackInfo &info) {
  checked(info.Env(), es_producer_close_input(alive(info.Env())));
}

// C:  int es_producer_drain(es_producer *producer, int64_t timeout_us);
// TS: tryDrain(): number        Thread: JS thread only; never waits.
Napi::Value ProducerWrap::try_drain(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  return Napi::Number::New(env, checked(env, es_producer_drain(alive(env), ES_NO_WAIT)));
}

// C:  int es_producer_stop(es_producer *producer);
// TS: stop(): void        Thread: JS thread only.
void ProducerWrap::stop(const Napi::CallbackInfo &info) { checked(info.Env(), es_producer_stop(alive(info.Env()))); }

// C:  int es_producer_evict(es_producer *producer, uint64_t connection, const char *reason);
// TS: evict(connection: bigint, reason: string): void        Thread: JS thread only.
void ProducerWrap::evict(const Napi::CallbackInfo &info) {
  const uint64_t connection = to_uint64(info[0], "connection");
  const std::string reason = to_string(info[1], "reason");
  checked(info.Env(), es_producer_evict(alive(info.Env()), connection, reason.c_str()));
}

// C:  int es_producer_watch_drops(es_producer *producer, int watch);
// TS: watchDrops(watch: boolean): void        Thread: JS thread only.
void ProducerWrap::watch_drops(const Napi::CallbackInfo &info) {
  const bool watch = to_bool(info[0], "watch");
  checked(info.Env(), es_producer_watch_drops(alive(info.Env()), watch ? 1 : 0));
}

// C:  int es_producer_reset(es_producer *producer);
// TS: reset(): void        Thread: JS thread only.
void ProducerWrap::reset(const Napi::CallbackInfo &info) { checked(info.Env(), es_producer_reset(alive(info.Env()))); }

// C:  int es_producer_pause(es_producer *producer, int pause);
// TS: pause(pause: boolean): void        Thread: JS thread only.
void ProducerWrap::pause(const Napi::CallbackInfo &info) {
  const bool pause = to_bool(info[0], "pause");
  checked(info.Env(), es_producer_pause(alive(info.Env()), pause ? 1 : 0));
}

// C:  int es_producer_paused(es_producer *producer, uint64_t *dropped);
// TS: droppedPaused(): bigint        Thread: JS thread only.
Napi::Value ProducerWrap::dropped_paused(const Napi::CallbackInfo &info) {
  uint64_t dropped = 0;
  checked(info.Env(), es_producer_paused(alive(info.Env()), &dropped));
  return Napi::BigInt::New(info.Env(), dropped);
}

// C:  int es_producer_set_metadata(es_producer *producer, uint32_t block, uint32_t offset, const void *bytes,
//                                  uint32_t size);
// TS: setMetadata(block: number, offset: number, bytes: Uint8Array): void        Thread: JS thread only.
void ProducerWrap::set_metadata(const Napi::CallbackInfo &info) {
  const auto block = static_cast<uint32_t>(to_integer(info[0], "block", 0, ES_METADATA_BLOCKS - 1));
  const auto offset = static_cast<uint32_t>(to_integer(info[1], "offset", 0, ES_METADATA_MAX));
  if (!info[2].IsTypedArray() || info[2].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw_bad_parameter(info.Env(), "bytes must be a Uint8Array");
  }
  const auto bytes = info[2].As<Napi::Uint8Array>();
  const auto size = static_cast<uint32_t>(std::min<size_t>(bytes.ByteLength(), UINT32_MAX));
  checked(info.Env(), es_producer_set_metadata(alive(info.Env()), block, offset, bytes.Data(), size));
}

// C:  int es_producer_set_user_info(es_producer *producer, const void *bytes, uint32_t size);
// TS: setUserInfo(text: string): void        Thread: JS thread only.
void ProducerWrap::set_user_info(const Napi::CallbackInfo &info) {
  const std::string text = to_string(info[0], "text");
  checked(info.Env(), es_producer_set_user_info(alive(info.Env()), text.data(), static_cast<uint32_t>(text.size())));
}

// C:  int es_producer_user_info(es_producer *producer, uint64_t connection, uint8_t out[ES_USER_INFO_MAX]);
// TS: userInfo(connection: bigint): string        Thread: JS thread only.
Napi::Value ProducerWrap::user_info(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  uint8_t bytes[ES_USER_INFO_MAX];
  const int size = checked(env, es_producer_user_info(alive(env), to_uint64(info[0], "connection"), bytes));
  return Napi::String::New(env, reinterpret_cast<const char *>(bytes), static_cast<size_t>(size));
}

// C:  int es_producer_set_stream_info(es_producer *producer, const void *bytes, uint32_t size);
// TS: setStreamInfo(text: string): void        Thread: JS thread only.
void ProducerWrap::set_stream_info(const Napi::CallbackInfo &info) {
  const std::string text = to_string(info[0], "text");
  const auto size = static_cast<uint32_t>(text.size());
  checked(info.Env(), es_producer_set_stream_info(alive(info.Env()), text.data(), size));
}

// C:  int es_producer_stream_info(es_producer *producer, uint8_t out[ES_STREAM_INFO_MAX], es_throughput *throughput);
// TS: streamInfo(): NativeStreamInfo        Thread: JS thread only.
Napi::Value ProducerWrap::stream_info(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  uint8_t bytes[ES_STREAM_INFO_MAX];
  es_throughput throughput{};
  const int size = checked(env, es_producer_stream_info(alive(env), bytes, &throughput));
  return from_stream_info(env, bytes, size, throughput);
}

// C:  int es_producer_newest(es_producer *producer, es_mark *out);
// TS: newest(): NativeMark        Thread: JS thread only.
Napi::Value ProducerWrap::newest(const Napi::CallbackInfo &info) {
  es_mark mark{};
  checked(info.Env(), es_producer_newest(alive(info.Env()), &mark));
  return from_mark(info.Env(), mark);
}

// C:  int es_producer_get_info(es_producer *producer, es_producer_info *out);
// TS: info(): NativeProducerInfo        Thread: JS thread only.
Napi::Value ProducerWrap::info(const Napi::CallbackInfo &info) {
  es_producer_info result{};
  checked(info.Env(), es_producer_get_info(alive(info.Env()), &result));
  return from_producer_info(info.Env(), result);
}

// C:  int es_producer_connections(es_producer *producer, es_connection_info *out, uint32_t count);
// TS: connections(): NativeConnectionInfo[]        Thread: JS thread only.
Napi::Value ProducerWrap::connections(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  std::vector<es_connection_info> found(ES_CONSUMERS_MAX);
  const int total = checked(env, es_producer_connections(alive(env), found.data(), ES_CONSUMERS_MAX));
  const uint32_t count = std::min(static_cast<uint32_t>(total), ES_CONSUMERS_MAX);
  Napi::Array result = Napi::Array::New(env, count);
  for (uint32_t index = 0; index < count; ++index) result.Set(index, from_connection(env, found[index]));
  return result;
}

// C:  int es_producer_ended(es_producer *producer, uint64_t connection, es_connection_info *out);
// TS: ended(connection: bigint): NativeConnectionInfo | undefined        Thread: JS thread only.
Napi::Value ProducerWrap::ended(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  es_connection_info found{};
  if (es_producer_ended(alive(env), to_uint64(info[0], "connection"), &found) != ES_OK) return env.Undefined();
  return from_connection(env, found);
}

// C:  int es_producer_latency(es_producer *producer, uint64_t connection, es_latency *out);
// TS: latency(connection: bigint): BigUint64Array | undefined        Thread: JS thread only.
Napi::Value ProducerWrap::latency(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  es_latency result{};
  if (es_producer_latency(alive(env), to_uint64(info[0], "connection"), &result) != ES_OK) return env.Undefined();
  return from_latency(env, result);
}

// C:  void es_producer_close(es_producer *producer);
// TS: close(): void        Thread: JS thread only.
void ProducerWrap::close(const Napi::CallbackInfo &) { close_handle(); }

}  // namespace es_addon
