#include "convert.hpp"

#include <cmath>
#include <cstring>
#include <limits>

namespace es_addon {
namespace {

constexpr int64_t kUint32Max = std::numeric_limits<uint32_t>::max();
constexpr int64_t kInt32Max = std::numeric_limits<int32_t>::max();
constexpr double kSafeIntegerMax = 9007199254740991.0;  // 2^53 - 1

template <typename T>
T field(const Napi::Object &object, const char *name, int64_t least, int64_t most) {
  return static_cast<T>(to_integer(object.Get(name), name, least, most));
}

uint32_t field_u32(const Napi::Object &object, const char *name) {
  return field<uint32_t>(object, name, 0, kUint32Max);
}

Napi::BigInt big(Napi::Env env, uint64_t value) { return Napi::BigInt::New(env, value); }
Napi::BigInt big(Napi::Env env, int64_t value) { return Napi::BigInt::New(env, value); }
Napi::Number number(Napi::Env env, double value) { return Napi::Number::New(env, value); }

/** The text of a fixed C array, whether or not a zero ends it. */
template <size_t N>
Napi::String text(Napi::Env env, const char (&array)[N]) {
  return Napi::String::New(env, array, strnlen(array, N));
}

es_accept to_accept(const Napi::Object &object) {
  es_accept accept{};
  accept.when_full_mask = field_u32(object, "whenFullMask");
  accept.max_wait_capacity = field_u32(object, "maxWaitCapacity");
  accept.max_held = field_u32(object, "maxHeld");
  accept.max_consumers = field_u32(object, "maxConsumers");
  accept.max_slots = field_u32(object, "maxSlots");
  accept.max_wait_ms = field<int32_t>(object, "maxWaitMs", -1, kInt32Max);
  accept.max_hold_ms = field_u32(object, "maxHoldMs");
  accept.on_held_too_long = field<uint32_t>(object, "onHeldTooLong", ES_HOLD_ANNOUNCE, ES_HOLD_EVICT);
  accept.max_pool_bytes = field<uint64_t>(object, "maxPoolBytes", 0, static_cast<int64_t>(kSafeIntegerMax));
  accept.idle_ms = field_u32(object, "idleMs");
  return accept;
}

}  // namespace

void throw_error(Napi::Env env, const char *code, const std::string &message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  throw error;
}

void throw_result(Napi::Env env, int result) { throw_error(env, es_error_string(result), es_last_error()); }

void throw_bad_parameter(Napi::Env env, const std::string &message) {
  throw_error(env, es_error_string(ES_BAD_PARAMETER), message);
}

Napi::Object to_object(const Napi::Value &value, const char *what) {
  if (!value.IsObject()) throw_bad_parameter(value.Env(), std::string(what) + " must be an object");
  return value.As<Napi::Object>();
}

std::string to_string(const Napi::Value &value, const char *what) {
  if (!value.IsString()) throw_bad_parameter(value.Env(), std::string(what) + " must be a string");
  std::string text = value.As<Napi::String>().Utf8Value();
  // C would read only what stands before the zero.
  if (text.find('\0') != std::string::npos) {
    throw_bad_parameter(value.Env(), std::string(what) + " must not contain a zero character");
  }
  return text;
}

uint64_t to_uint64(const Napi::Value &value, const char *what) {
  if (!value.IsBigInt()) throw_bad_parameter(value.Env(), std::string(what) + " must be a bigint");
  bool lossless = false;
  const uint64_t result = value.As<Napi::BigInt>().Uint64Value(&lossless);
  if (!lossless) throw_bad_parameter(value.Env(), std::string(what) + " must be between 0 and 2^64-1");
  return result;
}

int64_t to_integer(const Napi::Value &value, const char *what, int64_t least, int64_t most) {
  if (!value.IsNumber()) throw_bad_parameter(value.Env(), std::string(what) + " must be a number");
  const double result = value.As<Napi::Number>().DoubleValue();
  const bool in_range = result >= static_cast<double>(least) && result <= static_cast<double>(most);
  if (!in_range || result != std::trunc(result)) {
    throw_bad_parameter(value.Env(), std::string(what) + " must be an integer between " + std::to_string(least) +
                                         " and " + std::to_string(most));
  }
  return static_cast<int64_t>(result);
}

bool to_bool(const Napi::Value &value, const char *what) {
  if (!value.IsBoolean()) throw_bad_parameter(value.Env(), std::string(what) + " must be true or false");
  return value.As<Napi::Boolean>().Value();
}

uint32_t to_lease_handle(napi_env env, napi_value value) {
  int32_t handle = -1;
  // One call decides the type too: this runs several times per frame.
  if (value == nullptr || napi_get_value_int32(env, value, &handle) != napi_ok || handle < 0) {
    throw_bad_parameter(env, "lease must be a number that tryAcquire gave");
  }
  return static_cast<uint32_t>(handle);
}

OptionalString::OptionalString(const Napi::Value &value, const char *what) : present_(!value.IsUndefined()) {
  if (present_) text_ = to_string(value, what);
}

es_format to_format(Napi::Env env, const std::string &name, uint32_t width, uint32_t height) {
  es_format format{};
  checked(env, es_format_init(&format, name.c_str(), width, height));
  return format;
}

es_format to_format(const Napi::Object &object) {
  es_format format = to_format(object.Env(), to_string(object.Get("name"), "format.name"), field_u32(object, "width"),
                               field_u32(object, "height"));
  format.time_base_num = field_u32(object, "timeBaseNum");
  format.time_base_den = field_u32(object, "timeBaseDen");
  return format;
}

es_policy to_policy(const Napi::Object &object) {
  es_policy policy{};
  policy.capacity = field_u32(object, "capacity");
  policy.when_full = field<uint8_t>(object, "whenFull", ES_FULL_WAIT, ES_FULL_DROP);
  policy.pick = field<uint8_t>(object, "pick", ES_PICK_NEXT, ES_PICK_NEWEST);
  policy.on_stall = field<uint8_t>(object, "onStall", ES_STALL_EVICT, ES_STALL_OVERWRITE);
  policy.start = field<uint8_t>(object, "start", ES_START_NEXT, ES_START_NEWEST);
  policy.on_disconnect = field<uint8_t>(object, "onDisconnect", ES_DISCONNECT_DROP, ES_DISCONNECT_DRAIN);
  policy.no_reuse = to_bool(object.Get("noReuse"), "noReuse") ? 1 : 0;
  policy.max_held = field<uint16_t>(object, "maxHeld", 1, ES_HELD_MAX);
  policy.max_wait_ms = field<int32_t>(object, "maxWaitMs", -1, kInt32Max);
  policy.max_lag = field_u32(object, "maxLag");
  policy.max_lag_total = field_u32(object, "maxLagTotal");
  const std::string label = to_string(object.Get("label"), "label");
  if (label.size() >= sizeof policy.label) throw_bad_parameter(object.Env(), "label must be at most 15 bytes");
  std::memcpy(policy.label, label.data(), label.size());
  return policy;
}

es_producer_options to_producer_options(const Napi::Object &object) {
  es_producer_options options{};
  options.format = to_format(to_object(object.Get("format"), "format"));
  options.accept = to_accept(to_object(object.Get("accept"), "accept"));
  options.max_writing = field_u32(object, "maxWriting");
  options.wait_without_consumer = to_bool(object.Get("waitWithoutConsumer"), "waitWithoutConsumer") ? 1 : 0;
  options.unprotected = to_bool(object.Get("unprotected"), "unprotected") ? 1 : 0;
  options.support_reset = to_bool(object.Get("supportReset"), "supportReset") ? 1 : 0;
  options.slots = field_u32(object, "slots");
  return options;
}

Napi::Object from_format(Napi::Env env, const es_format &format) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("name", text(env, format.name));
  object.Set("width", number(env, format.width));
  object.Set("height", number(env, format.height));
  object.Set("size", number(env, static_cast<double>(format.size)));
  const uint32_t count = format.plane_count < ES_PLANES_MAX ? format.plane_count : ES_PLANES_MAX;
  Napi::Array planes = Napi::Array::New(env, count);
  for (uint32_t index = 0; index < count; ++index) {
    const es_plane &plane = format.planes[index];
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("offset", number(env, plane.offset));
    entry.Set("stride", number(env, plane.stride));
    entry.Set("width", number(env, plane.width));
    entry.Set("height", number(env, plane.height));
    planes.Set(index, entry);
  }
  object.Set("planes", planes);
  object.Set("timeBaseNum", number(env, format.time_base_num));
  object.Set("timeBaseDen", number(env, format.time_base_den));
  return object;
}

Napi::Object from_policy(Napi::Env env, const es_policy &policy) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("capacity", number(env, policy.capacity));
  object.Set("whenFull", number(env, policy.when_full));
  object.Set("pick", number(env, policy.pick));
  object.Set("onStall", number(env, policy.on_stall));
  object.Set("start", number(env, policy.start));
  object.Set("onDisconnect", number(env, policy.on_disconnect));
  object.Set("noReuse", Napi::Boolean::New(env, policy.no_reuse != 0));
  object.Set("maxHeld", number(env, policy.max_held));
  object.Set("maxWaitMs", number(env, policy.max_wait_ms));
  object.Set("maxLag", number(env, policy.max_lag));
  object.Set("maxLagTotal", number(env, policy.max_lag_total));
  object.Set("label", text(env, policy.label));
  return object;
}

Napi::Object from_event(Napi::Env env, const es_event &event) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("kind", number(env, event.kind));
  object.Set("object", number(env, event.object));
  object.Set("connection", big(env, event.connection));
  object.Set("value", big(env, event.value));
  object.Set("code", number(env, event.code));
  object.Set("oldState", number(env, event.old_state));
  object.Set("newState", number(env, event.new_state));
  object.Set("text", text(env, event.text));
  object.Set("at", big(env, event.at));
  return object;
}

Napi::Object from_connection(Napi::Env env, const es_connection_info &info) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("id", big(env, info.id));
  object.Set("state", number(env, info.state));
  object.Set("pid", number(env, info.pid));
  object.Set("uid", number(env, info.uid));
  object.Set("policy", from_policy(env, info.policy));
  object.Set("posted", big(env, info.posted));
  object.Set("delivered", big(env, info.delivered));
  object.Set("skipped", big(env, info.skipped));
  object.Set("discarded", big(env, info.discarded));
  object.Set("waiting", big(env, info.waiting));
  object.Set("held", big(env, info.held));
  object.Set("since", big(env, info.since));
  object.Set("client", text(env, info.client));
  object.Set("latencyUs", number(env, info.latency_us));
  object.Set("previous", big(env, info.previous));
  return object;
}

Napi::Object from_mark(Napi::Env env, const es_mark &mark) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("number", big(env, mark.number));
  object.Set("pts", big(env, mark.pts));
  return object;
}

Napi::Object from_stream_info(Napi::Env env, const uint8_t *bytes, int size, const es_throughput &throughput) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("text", Napi::String::New(env, reinterpret_cast<const char *>(bytes), static_cast<size_t>(size)));
  object.Set("frames", number(env, static_cast<double>(throughput.frames)));
  object.Set("bytes", number(env, static_cast<double>(throughput.bytes)));
  object.Set("elapsed", number(env, static_cast<double>(throughput.elapsed)));
  return object;
}

Napi::Object from_producer_info(Napi::Env env, const es_producer_info &info) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("epoch", big(env, info.epoch));
  object.Set("frames", big(env, info.frames));
  object.Set("noConsumer", big(env, info.no_consumer));
  object.Set("poolBytes", big(env, info.pool_bytes));
  object.Set("layout", number(env, info.layout));
  object.Set("slots", number(env, info.slots));
  object.Set("slotsFree", number(env, info.slots_free));
  object.Set("memoryObjects", number(env, info.memory_objects));
  object.Set("connections", number(env, info.connections));
  object.Set("state", number(env, info.state));
  object.Set("format", from_format(env, info.format));
  return object;
}

Napi::Object from_consumer_info(Napi::Env env, const es_consumer_info &info) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("connection", big(env, info.connection));
  object.Set("epoch", big(env, info.epoch));
  object.Set("state", number(env, info.state));
  object.Set("cause", number(env, info.cause));
  object.Set("posted", big(env, info.posted));
  object.Set("delivered", big(env, info.delivered));
  object.Set("skipped", big(env, info.skipped));
  object.Set("discarded", big(env, info.discarded));
  object.Set("waiting", big(env, info.waiting));
  object.Set("held", big(env, info.held));
  object.Set("policy", from_policy(env, info.policy));
  object.Set("reason", text(env, info.reason));
  object.Set("layout", number(env, info.layout));
  return object;
}

Napi::Value from_latency(Napi::Env env, const es_latency &latency) {
  Napi::BigUint64Array words = Napi::BigUint64Array::New(env, sizeof latency / sizeof(uint64_t), napi_biguint64_array);
  std::memcpy(words.Data(), &latency, sizeof latency);
  return words;
}

es_latency to_latency(const Napi::Value &value) {
  es_latency latency{};
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().ByteLength() != sizeof latency) {
    throw_bad_parameter(value.Env(), "latency must be what latency() gave");
  }
  const auto bytes = value.As<Napi::TypedArray>();
  std::memcpy(&latency, static_cast<uint8_t *>(bytes.ArrayBuffer().Data()) + bytes.ByteOffset(), sizeof latency);
  return latency;
}

}  // namespace es_addon
