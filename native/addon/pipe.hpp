// Pipes of our own, for programs that write frames: Node reads them straight into slots. Thread: JS thread only.
#pragma once

#include <napi.h>

namespace es_addon {

Napi::Value create_pipe(const Napi::CallbackInfo &info);
Napi::Value duplicate_fd(const Napi::CallbackInfo &info);
void close_fd(const Napi::CallbackInfo &info);

}  // namespace es_addon
