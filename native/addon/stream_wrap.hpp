// NativeStream: a name and a place to meet. Thread: JS thread only.
#pragma once

#include "environment.hpp"

namespace es_addon {

class StreamWrap : public Napi::ObjectWrap<StreamWrap>, public OpenObject {
 public:
  static void define(Napi::Env env);
  static Napi::Value create(const Napi::CallbackInfo &info);
  explicit StreamWrap(const Napi::CallbackInfo &info);
  ~StreamWrap() override { close_if_alive(); }
  void close_handle() override;

 private:
  Napi::Value id(const Napi::CallbackInfo &info);
  Napi::Value socket(const Napi::CallbackInfo &info);
  Napi::Value connect_producer(const Napi::CallbackInfo &info);
  Napi::Value connect_consumer(const Napi::CallbackInfo &info);
  void close(const Napi::CallbackInfo &info);
  es_stream *alive(Napi::Env env) const;

  es_stream *handle_;
  const uint32_t id_;
  const std::string socket_;
};

}  // namespace es_addon
