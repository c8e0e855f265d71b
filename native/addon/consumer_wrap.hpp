// NativeConsumer: takes frames, hands them out for reading, gives them back. Thread: JS thread only.
#pragma once

#include "convert.hpp"
#include "environment.hpp"
#include "fast_method.hpp"
#include "lease_table.hpp"

namespace es_addon {

/** es_consumer_options with the strings it points to. */
class ConsumerOptions {
 public:
  explicit ConsumerOptions(const Napi::Object &object);
  const es_consumer_options *get() const { return &options_; }

 private:
  OptionalString client_, runtime_dir_;
  es_consumer_options options_;
};

class ConsumerWrap : public Napi::ObjectWrap<ConsumerWrap>, public OpenObject {
 public:
  static void define(Napi::Env env);
  static Napi::Value open(const Napi::CallbackInfo &info);
  explicit ConsumerWrap(const Napi::CallbackInfo &info);
  ~ConsumerWrap() override { close_if_alive(); }
  void close_handle() override;

 private:
  Napi::Value id(const Napi::CallbackInfo &info);
  napi_value try_acquire(const FastCall &call);
  napi_value view(const FastCall &call);
  napi_value view_to_keep(const FastCall &call);
  napi_value release(const FastCall &call);
  napi_value sleep(const FastCall &call);
  Napi::Value metadata(const Napi::CallbackInfo &info);
  Napi::Value metadata_block(const Napi::CallbackInfo &info);
  void consume(const Napi::CallbackInfo &info);
  Napi::Value peek(const Napi::CallbackInfo &info);
  void set_user_info(const Napi::CallbackInfo &info);
  Napi::Value user_info(const Napi::CallbackInfo &info);
  Napi::Value stream_info(const Napi::CallbackInfo &info);
  void set_latency(const Napi::CallbackInfo &info);
  Napi::Value marks(const Napi::CallbackInfo &info);
  Napi::Value reset_number(const Napi::CallbackInfo &info);
  Napi::Value arm(const Napi::CallbackInfo &info);
  Napi::Value state(const Napi::CallbackInfo &info);
  Napi::Value info(const Napi::CallbackInfo &info);
  Napi::Value latency(const Napi::CallbackInfo &info);
  Napi::Value format(const Napi::CallbackInfo &info);
  void close(const Napi::CallbackInfo &info);
  es_consumer *alive(Napi::Env env) const;
  void remember(Napi::Env env, const es_frame &frame);
  void watch_wakes();
  void stop_watching();
  void detach_kept();

  es_consumer *handle_;
  const uint32_t id_;
  uint32_t max_held_ = 0;
  LeaseTable leases_;
  Napi::ObjectReference kept_;
  Poll *wakes_ = nullptr;
  bool watched_ = false;  // there is, or was, a watch; one that ended does not come back
};

}  // namespace es_addon
