// NativeProducer: acquires slots, hands them out for writing, posts them. Thread: JS thread only.
#pragma once

#include "environment.hpp"
#include "fast_method.hpp"
#include "lease_table.hpp"

namespace es_addon {

class ProducerWrap : public Napi::ObjectWrap<ProducerWrap>, public OpenObject {
 public:
  static void define(Napi::Env env);
  static Napi::Value open(const Napi::CallbackInfo &info);
  explicit ProducerWrap(const Napi::CallbackInfo &info);
  ~ProducerWrap() override { close_if_alive(); }
  void close_handle() override;

 private:
  Napi::Value id(const Napi::CallbackInfo &info);
  napi_value try_acquire(const FastCall &call);
  napi_value view(const FastCall &call);
  napi_value write(const FastCall &call);
  napi_value try_post(const FastCall &call);
  es_post_info to_post_info(const FastCall &call) const;
  void discard(const Napi::CallbackInfo &info);
  Napi::Value reconfigure(const Napi::CallbackInfo &info);
  void close_input(const Napi::CallbackInfo &info);
  Napi::Value try_drain(const Napi::CallbackInfo &info);
  void stop(const Napi::CallbackInfo &info);
  void evict(const Napi::CallbackInfo &info);
  void watch_drops(const Napi::CallbackInfo &info);
  void reset(const Napi::CallbackInfo &info);
  void pause(const Napi::CallbackInfo &info);
  void set_user_info(const Napi::CallbackInfo &info);
  Napi::Value user_info(const Napi::CallbackInfo &info);
  void set_stream_info(const Napi::CallbackInfo &info);
  Napi::Value stream_info(const Napi::CallbackInfo &info);
  Napi::Value newest(const Napi::CallbackInfo &info);
  void set_metadata(const Napi::CallbackInfo &info);
  Napi::Value dropped_paused(const Napi::CallbackInfo &info);
  Napi::Value info(const Napi::CallbackInfo &info);
  Napi::Value connections(const Napi::CallbackInfo &info);
  Napi::Value ended(const Napi::CallbackInfo &info);
  Napi::Value latency(const Napi::CallbackInfo &info);
  void close(const Napi::CallbackInfo &info);
  es_producer *alive(Napi::Env env) const;

  es_producer *handle_;
  const uint32_t id_;
  LeaseTable leases_;
};

}  // namespace es_addon
