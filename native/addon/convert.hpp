// JavaScript values <-> the C structs of edgestream.h, and results -> errors. Shapes follow native/binding.ts.
// Thread: JS thread only.
#pragma once

#include <napi.h>

#include <string>

#include "edgestream.h"

namespace es_addon {

/** Throws a negative es_result as an Error with `code`; the message is es_last_error(). */
[[noreturn]] void throw_result(Napi::Env env, int result);
[[noreturn]] void throw_error(Napi::Env env, const char *code, const std::string &message);
[[noreturn]] void throw_bad_parameter(Napi::Env env, const std::string &message);

/** Passes flow (0 and positive) on, throws the rest. */
inline int checked(Napi::Env env, int result) {
  if (result < 0) throw_result(env, result);
  return result;
}

/** One argument or field; `what` names it in the error. */
Napi::Object to_object(const Napi::Value &value, const char *what);
std::string to_string(const Napi::Value &value, const char *what);
uint64_t to_uint64(const Napi::Value &value, const char *what);
/** An integral number between the two limits. */
int64_t to_integer(const Napi::Value &value, const char *what, int64_t least, int64_t most);
bool to_bool(const Napi::Value &value, const char *what);
/** A lease's handle, as tryAcquire gave it. */
uint32_t to_lease_handle(napi_env env, napi_value value);

/** A string that may be undefined; `get()` is null then. Keeps the bytes that a C struct points to. */
class OptionalString {
 public:
  OptionalString(const Napi::Value &value, const char *what);
  const char *get() const { return present_ ? text_.c_str() : nullptr; }

 private:
  bool present_;
  std::string text_;
};

es_format to_format(Napi::Env env, const std::string &name, uint32_t width, uint32_t height);
es_format to_format(const Napi::Object &object);
es_policy to_policy(const Napi::Object &object);
es_producer_options to_producer_options(const Napi::Object &object);

Napi::Object from_format(Napi::Env env, const es_format &format);
Napi::Object from_policy(Napi::Env env, const es_policy &policy);
Napi::Object from_event(Napi::Env env, const es_event &event);
Napi::Object from_connection(Napi::Env env, const es_connection_info &info);
Napi::Object from_mark(Napi::Env env, const es_mark &mark);
/** `bytes` and `size`: what the producer told, which may be anything. */
Napi::Object from_stream_info(Napi::Env env, const uint8_t *bytes, int size, const es_throughput &throughput);
Napi::Object from_producer_info(Napi::Env env, const es_producer_info &info);
Napi::Object from_consumer_info(Napi::Env env, const es_consumer_info &info);
/** es_latency word for word, as a BigUint64Array. */
Napi::Value from_latency(Napi::Env env, const es_latency &latency);
es_latency to_latency(const Napi::Value &value);

}  // namespace es_addon
