// Methods that run once per frame. An object gets a function of its own, which knows its C++ object: the usual way
// (a method of the class) looks the C++ object up by a private symbol at each call, and costs three times as much.
// Thread: JS thread only.
#pragma once

#include <napi.h>

namespace es_addon {

/** Up to three arguments; what was left out is null. */
struct FastCall {
  napi_env env;
  napi_value arguments[3] = {nullptr, nullptr, nullptr};
};

template <typename Object, napi_value (Object::*Method)(const FastCall &)>
napi_value call_fast_method(napi_env env, napi_callback_info info) {
  FastCall call{env};
  size_t count = std::size(call.arguments);
  void *object = nullptr;
  napi_get_cb_info(env, info, &count, call.arguments, nullptr, &object);
  try {
    return (static_cast<Object *>(object)->*Method)(call);
  } catch (const Napi::Error &error) {
    error.ThrowAsJavaScriptException();
    return nullptr;
  }
}

/** The function keeps its object reachable, so that it cannot outlive it. */
template <typename Object, napi_value (Object::*Method)(const FastCall &)>
void define_fast_method(Napi::Object target, const char *name, Object *object) {
  napi_value function = nullptr;
  const napi_status status =
      napi_create_function(target.Env(), name, NAPI_AUTO_LENGTH, call_fast_method<Object, Method>, object, &function);
  if (status != napi_ok) throw Napi::Error::New(target.Env());
  Napi::Object(target.Env(), function).Set("owner", target);
  target.Set(name, Napi::Value(target.Env(), function));
}

/** A result of the core; it fits 32 bits. */
inline napi_value fast_number(napi_env env, int32_t number) {
  napi_value value = nullptr;
  napi_create_int32(env, number, &value);
  return value;
}

}  // namespace es_addon
