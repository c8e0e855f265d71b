// NativeObserver: statistics of another process's stream, without a seat. Thread: JS thread only.
#pragma once

#include "environment.hpp"

namespace es_addon {

class ObserverWrap : public Napi::ObjectWrap<ObserverWrap>, public OpenObject {
 public:
  static void define(Napi::Env env);
  static Napi::Value open(const Napi::CallbackInfo &info);
  explicit ObserverWrap(const Napi::CallbackInfo &info);
  ~ObserverWrap() override { close_if_alive(); }
  void close_handle() override;

 private:
  Napi::Value id(const Napi::CallbackInfo &info);
  void query(const Napi::CallbackInfo &info);
  Napi::Value report(const Napi::CallbackInfo &info);
  void query_latency(const Napi::CallbackInfo &info);
  Napi::Value latency(const Napi::CallbackInfo &info);
  void close(const Napi::CallbackInfo &info);
  es_observer *alive(Napi::Env env) const;

  es_observer *handle_;
  const uint32_t id_;
};

}  // namespace es_addon
