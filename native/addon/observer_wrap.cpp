#include "observer_wrap.hpp"

#include <algorithm>

#include "convert.hpp"

namespace es_addon {

void ObserverWrap::define(Napi::Env env) {
  Environment::of(env).observer_class = Napi::Persistent(DefineClass(
      env, "NativeObserver",
      {
          InstanceAccessor<&ObserverWrap::id>("id"),
          InstanceMethod<&ObserverWrap::query>("query"),
          InstanceMethod<&ObserverWrap::report>("report"),
          InstanceMethod<&ObserverWrap::query_latency>("queryLatency"),
          InstanceMethod<&ObserverWrap::latency>("latency"),
          InstanceMethod<&ObserverWrap::close>("close"),
      }));
}

ObserverWrap::ObserverWrap(const Napi::CallbackInfo &info)
    : ObjectWrap(info),
      OpenObject(Environment::of(info.Env())),
      handle_(wrapped_handle<es_observer>(info)),
      id_(es_observer_id(handle_)) {}

es_observer *ObserverWrap::alive(Napi::Env env) const {
  if (handle_ == nullptr) throw_error(env, es_error_string(ES_BAD_STREAM), "the observer is closed");
  return handle_;
}

void ObserverWrap::close_handle() {
  if (handle_ != nullptr) es_observer_close(handle_);
  handle_ = nullptr;
}

// C:  int es_open_observer(es_context *context, const char *name, const char *runtime_dir, es_observer **out);
// TS: openObserver(name: string, runtimeDir: string | undefined): NativeObserver        Thread: JS thread only.
Napi::Value ObserverWrap::open(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Environment &environment = Environment::of(env);
  const std::string name = to_string(info[0], "name");
  const OptionalString runtime_dir(info[1], "runtimeDir");
  es_observer *handle = nullptr;
  checked(env, es_open_observer(environment.context(), name.c_str(), runtime_dir.get(), &handle));
  return wrap(env, environment.observer_class, handle, es_observer_close);
}

// C:  uint32_t es_observer_id(const es_observer *observer);
// TS: readonly id: number        Thread: JS thread only.
Napi::Value ObserverWrap::id(const Napi::CallbackInfo &info) { return Napi::Number::New(info.Env(), id_); }

// C:  int es_observer_query(es_observer *observer);
// TS: query(): void        Thread: JS thread only.
void ObserverWrap::query(const Napi::CallbackInfo &info) {
  checked(info.Env(), es_observer_query(alive(info.Env())));
}

// C:  int es_observer_report(es_observer *observer, es_producer_info *info, es_connection_info *out, uint32_t count);
//     int es_observer_stream_info(es_observer *observer, uint8_t out[ES_STREAM_INFO_MAX], es_throughput *throughput);
// TS: report(): NativeReport | undefined
// Thread: JS thread only.
Napi::Value ObserverWrap::report(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  es_producer_info producer{};
  std::vector<es_connection_info> found(ES_CONSUMERS_MAX);
  const int result = es_observer_report(alive(env), &producer, found.data(), ES_CONSUMERS_MAX);
  if (result == ES_BAD_STATE) return env.Undefined();  // no report has come yet
  if (result == ES_BAD_STREAM) throw_error(env, "ERR_CLOSED", es_last_error());
  const uint32_t count = std::min(static_cast<uint32_t>(checked(env, result)), ES_CONSUMERS_MAX);
  Napi::Array connections = Napi::Array::New(env, count);
  for (uint32_t index = 0; index < count; ++index) connections.Set(index, from_connection(env, found[index]));
  Napi::Object report = Napi::Object::New(env);
  report.Set("info", from_producer_info(env, producer));
  report.Set("connections", connections);
  uint8_t bytes[ES_STREAM_INFO_MAX];
  es_throughput throughput{};
  const int size = checked(env, es_observer_stream_info(alive(env), bytes, &throughput));
  report.Set("streamInfo", from_stream_info(env, bytes, size, throughput));
  return report;
}

// C:  int es_observer_query_latency(es_observer *observer, uint64_t connection);
// TS: queryLatency(connection: bigint): void        Thread: JS thread only.
void ObserverWrap::query_latency(const Napi::CallbackInfo &info) {
  const uint64_t connection = to_uint64(info[0], "connection");
  checked(info.Env(), es_observer_query_latency(alive(info.Env()), connection));
}

// C:  int es_observer_latency(es_observer *observer, uint64_t *connection, es_latency *out);
// TS: latency(): { connection: bigint; latency: BigUint64Array } | undefined        Thread: JS thread only.
Napi::Value ObserverWrap::latency(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  uint64_t connection = 0;
  es_latency result{};
  const int found = es_observer_latency(alive(env), &connection, &result);
  if (found == ES_BAD_STATE) return env.Undefined();  // none has come yet
  if (found == ES_BAD_STREAM) throw_error(env, "ERR_CLOSED", es_last_error());
  Napi::Object answer = Napi::Object::New(env);
  answer.Set("connection", Napi::BigInt::New(env, connection));
  answer.Set("latency", from_latency(env, result));
  return answer;
}

// C:  void es_observer_close(es_observer *observer);
// TS: close(): void        Thread: JS thread only.
void ObserverWrap::close(const Napi::CallbackInfo &) { close_handle(); }

}  // namespace es_addon
