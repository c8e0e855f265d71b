#include "stream_wrap.hpp"

#include "consumer_wrap.hpp"
#include "convert.hpp"

namespace es_addon {

void StreamWrap::define(Napi::Env env) {
  Environment::of(env).stream_class = Napi::Persistent(DefineClass(
      env, "NativeStream",
      {
          InstanceAccessor<&StreamWrap::id>("id"),
          InstanceAccessor<&StreamWrap::socket>("socket"),
          InstanceMethod<&StreamWrap::connect_producer>("connectProducer"),
          InstanceMethod<&StreamWrap::connect_consumer>("connectConsumer"),
          InstanceMethod<&StreamWrap::close>("close"),
      }));
}

StreamWrap::StreamWrap(const Napi::CallbackInfo &info)
    : ObjectWrap(info),
      OpenObject(Environment::of(info.Env())),
      handle_(wrapped_handle<es_stream>(info)),
      id_(es_stream_id(handle_)),
      socket_(es_stream_socket(handle_)) {}

es_stream *StreamWrap::alive(Napi::Env env) const {
  if (handle_ == nullptr) throw_error(env, es_error_string(ES_BAD_STREAM), "the stream is closed");
  return handle_;
}

void StreamWrap::close_handle() {
  if (handle_ != nullptr) es_stream_close(handle_);
  handle_ = nullptr;
}

// C:  int es_stream_create(es_context *context, const es_stream_options *options, es_stream **out);
// TS: createStream(options: NativeStreamOptions): NativeStream        Thread: JS thread only.
Napi::Value StreamWrap::create(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Environment &environment = Environment::of(env);
  const Napi::Object object = to_object(info[0], "options");
  const OptionalString name(object.Get("name"), "name");
  const OptionalString runtime_dir(object.Get("runtimeDir"), "runtimeDir");
  es_stream_options options{};
  options.name = name.get();
  options.runtime_dir = runtime_dir.get();
  options.socket_mode = static_cast<uint32_t>(to_integer(object.Get("socketMode"), "socketMode", 0, 0777));
  options.socket_group = to_integer(object.Get("socketGroup"), "socketGroup", -1, UINT32_MAX);
  options.strict = to_bool(object.Get("strict"), "strict") ? 1 : 0;
  options.handshakes_per_second =
      static_cast<uint32_t>(to_integer(object.Get("handshakesPerSecond"), "handshakesPerSecond", 0, UINT32_MAX));
  es_stream *handle = nullptr;
  checked(env, es_stream_create(environment.context(), &options, &handle));
  return wrap(env, environment.stream_class, handle, es_stream_close);
}

// C:  uint32_t es_stream_id(const es_stream *stream);
// TS: readonly id: number        Thread: JS thread only.
Napi::Value StreamWrap::id(const Napi::CallbackInfo &info) { return Napi::Number::New(info.Env(), id_); }

// C:  const char *es_stream_socket(const es_stream *stream);
// TS: readonly socket: string        Thread: JS thread only.
Napi::Value StreamWrap::socket(const Napi::CallbackInfo &info) { return Napi::String::New(info.Env(), socket_); }

// C:  int es_stream_connect_producer(es_stream *stream, const es_producer_options *options, es_producer **out);
// TS: connectProducer(options: NativeProducerOptions): NativeProducer        Thread: JS thread only.
Napi::Value StreamWrap::connect_producer(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  const es_producer_options options = to_producer_options(to_object(info[0], "options"));
  es_producer *handle = nullptr;
  checked(env, es_stream_connect_producer(alive(env), &options, &handle));
  return wrap(env, Environment::of(env).producer_class, handle, es_producer_close);
}

// C:  int es_stream_connect_consumer(es_stream *stream, const es_consumer_options *options, es_consumer **out);
// TS: connectConsumer(options: NativeConsumerOptions): NativeConsumer        Thread: JS thread only.
Napi::Value StreamWrap::connect_consumer(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  const ConsumerOptions options(to_object(info[0], "options"));
  es_consumer *handle = nullptr;
  checked(env, es_stream_connect_consumer(alive(env), options.get(), &handle));
  return wrap(env, Environment::of(env).consumer_class, handle, es_consumer_close);
}

// C:  void es_stream_close(es_stream *stream);
// TS: close(): void        Thread: JS thread only.
void StreamWrap::close(const Napi::CallbackInfo &) { close_handle(); }

}  // namespace es_addon
