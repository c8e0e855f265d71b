// The addon's entry: every function and class of native/binding.ts, by name. Each .cpp beside this one is one of them.
// Loaded once per environment; a worker gets its own Environment and its own context.
#include <napi.h>

#include <numeric>

#include "consumer_wrap.hpp"
#include "convert.hpp"
#include "environment.hpp"
#include "observer_wrap.hpp"
#include "pipe.hpp"
#include "producer_wrap.hpp"
#include "stream_wrap.hpp"

namespace es_addon {
namespace {

/** SummaryField.length of native/binding.ts: frames, p50, p90, p99, max. */
constexpr size_t kSummaryLength = 5;

// C:  es_context_create(), es_fd(), es_dispatch(), es_next_event()
// TS: start(onWake: (object: number) => void, onEvent: (event: NativeEvent) => void): void
// Thread: JS thread only; the callbacks come from the event loop of this thread.
void start(const Napi::CallbackInfo &info) {
  if (!info[0].IsFunction() || !info[1].IsFunction()) {
    throw_bad_parameter(info.Env(), "onWake and onEvent must be functions");
  }
  Environment::of(info.Env()).start(info[0].As<Napi::Function>(), info[1].As<Napi::Function>());
}

// C:  none; libuv's reference on the poll handle
// TS: ref(): void        Thread: JS thread only.
void ref(const Napi::CallbackInfo &info) { Environment::of(info.Env()).ref(); }

// C:  int64_t es_now(void);
// TS: now(): bigint        Thread: any.
Napi::Value now(const Napi::CallbackInfo &info) { return Napi::BigInt::New(info.Env(), es_now()); }

// C:  int es_runtime_dir(char *path, size_t size);
// TS: runtimeDir(): string        Thread: JS thread only.
Napi::Value runtime_dir(const Napi::CallbackInfo &info) {
  char path[4096] = "";
  checked(info.Env(), es_runtime_dir(path, sizeof path));
  return Napi::String::New(info.Env(), path);
}

// C:  int es_runtime_search(uint32_t index, char *path, size_t size);
// TS: runtimeSearch(): string[]        Thread: JS thread only.
Napi::Value runtime_search(const Napi::CallbackInfo &info) {
  Napi::Array paths = Napi::Array::New(info.Env());
  char path[4096] = "";
  for (uint32_t index = 0;; ++index) {
    const int result = es_runtime_search(index, path, sizeof path);
    if (result == ES_NOT_FOUND) return paths;
    checked(info.Env(), result);
    paths.Set(index, Napi::String::New(info.Env(), path));
  }
}

// C:  int es_format_init(es_format *format, const char *name, uint32_t width, uint32_t height);
// TS: formatLayout(name: string, width: number, height: number): NativeFormat        Thread: any.
Napi::Value format_layout(const Napi::CallbackInfo &info) {
  const std::string name = to_string(info[0], "name");
  const auto width = static_cast<uint32_t>(to_integer(info[1], "width", 0, UINT32_MAX));
  const auto height = static_cast<uint32_t>(to_integer(info[2], "height", 0, UINT32_MAX));
  return from_format(info.Env(), to_format(info.Env(), name, width, height));
}

// C:  uint64_t es_latency_percentile(const es_latency *latency, int step, double part);
// TS: latencySummary(latency: BigUint64Array): Float64Array        Thread: any.
Napi::Value latency_summary(const Napi::CallbackInfo &info) {
  const es_latency latency = to_latency(info[0]);
  Napi::Float64Array summary = Napi::Float64Array::New(info.Env(), ES_STEPS * kSummaryLength);
  double *out = summary.Data();
  for (int step = 0; step < ES_STEPS; ++step) {
    const auto &buckets = latency.bucket[step];
    *out++ = static_cast<double>(std::accumulate(std::begin(buckets), std::end(buckets), uint64_t{0}));
    for (const double part : {0.5, 0.9, 0.99}) {
      *out++ = static_cast<double>(es_latency_percentile(&latency, step, part));
    }
    *out++ = static_cast<double>(latency.max[step]);
  }
  return summary;
}

// C:  none
// TS: detach(buffer: ArrayBuffer): void        Thread: JS thread only.
void detach_view(const Napi::CallbackInfo &info) {
  if (!info[0].IsArrayBuffer()) throw_bad_parameter(info.Env(), "buffer must be an ArrayBuffer");
  detach(info.Env(), info[0]);
}

using Name = const char *(*)(int);

/** The names of a C enumeration whose values run from 0 to `last`. */
Napi::Array names(Napi::Env env, Name name, int last) {
  Napi::Array array = Napi::Array::New(env);
  for (int value = 0; value <= last; ++value) array.Set(static_cast<uint32_t>(value), name(value));
  return array;
}

/** Memory that JavaScript and the addon share. It belongs to the Environment, which outlives every script. */
Napi::BigInt64Array shared_numbers(Napi::Env env, int64_t *numbers, size_t length) {
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, numbers, length * sizeof *numbers);
  return Napi::BigInt64Array::New(env, length, buffer, 0, napi_bigint64_array);
}

template <Napi::Value (*Function)(const Napi::CallbackInfo &)>
void define(Napi::Object &exports, const char *name) {
  exports.Set(name, Napi::Function::New<Function>(exports.Env(), name));
}

template <void (*Function)(const Napi::CallbackInfo &)>
void define(Napi::Object &exports, const char *name) {
  exports.Set(name, Napi::Function::New<Function>(exports.Env(), name));
}

Napi::Object load(Napi::Env env, Napi::Object exports) {
  auto *environment = new Environment(env);
  env.SetInstanceData(environment);
  environment->view_guard.prepare(env);
  StreamWrap::define(env);
  ProducerWrap::define(env);
  ConsumerWrap::define(env);
  ObserverWrap::define(env);

  exports.Set("abiVersion", Napi::Number::New(env, es_abi_version()));
  exports.Set("states", names(env, es_state_string, ES_STATE_DISCONNECTED));
  exports.Set("causes", names(env, es_cause_string, ES_CAUSE_EVICTED_IDLE));
  const Napi::BigInt64Array frame_info = shared_numbers(env, environment->frame_info, kFrameInfoLength);
  exports.Set("frameInfo", frame_info);
  const Napi::ArrayBuffer keep_alive =
      Napi::ArrayBuffer::New(env, environment->keep_alive, sizeof environment->keep_alive);
  exports.Set("keepAlive", Napi::Int32Array::New(env, std::size(environment->keep_alive), keep_alive, 0));
  exports.Set("frameWords", Napi::Int32Array::New(env, 2 * kFrameInfoLength, frame_info.ArrayBuffer(), 0));
  exports.Set("postInfo", shared_numbers(env, environment->post_info, kPostInfoLength));
  define<start>(exports, "start");
  define<ref>(exports, "ref");
  define<now>(exports, "now");
  define<runtime_dir>(exports, "runtimeDir");
  define<runtime_search>(exports, "runtimeSearch");
  define<format_layout>(exports, "formatLayout");
  define<StreamWrap::create>(exports, "createStream");
  define<ProducerWrap::open>(exports, "openProducer");
  define<ConsumerWrap::open>(exports, "openConsumer");
  define<ObserverWrap::open>(exports, "openObserver");
  define<latency_summary>(exports, "latencySummary");
  define<detach_view>(exports, "detach");
  define<create_pipe>(exports, "createPipe");
  define<duplicate_fd>(exports, "duplicateFd");
  define<close_fd>(exports, "closeFd");
  return exports;
}

}  // namespace
}  // namespace es_addon

static Napi::Object init(Napi::Env env, Napi::Object exports) { return es_addon::load(env, exports); }
NODE_API_MODULE(edgestream, init)
