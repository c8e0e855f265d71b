// One environment's half of the addon (the main thread, or one worker): its es_context, the poll handle that watches
// it, and every object that is still open.
//
// Life: made when the addon is loaded; `start()` makes the context; a cleanup hook ends it. The hook runs when a
// worker is terminated or the program's environment is torn down, after the last JavaScript ran. It closes the poll
// handle, then the objects, then the context, and lets the environment go only once libuv has closed the handle.
// Thread: everything here belongs to the environment's own JS thread.
#pragma once

#include <napi.h>

#include <cstdint>
#include <vector>

#include "edgestream.h"
#include "lease_table.hpp"
#include "poll.hpp"

namespace es_addon {

class Environment;

/** An object of the core that JavaScript holds. Registers itself; the environment closes what it finds open. */
class OpenObject {
 public:
  explicit OpenObject(Environment &environment);
  OpenObject(const OpenObject &) = delete;
  OpenObject &operator=(const OpenObject &) = delete;
  /** Detaches views and closes the handle. Once more is harmless. */
  virtual void close_handle() = 0;
  /** Closes and forgets the environment, which is about to end. */
  void end_with_environment();

 protected:
  virtual ~OpenObject();
  /** To be called by every destructor that has a handle: a collected object closes itself. */
  void close_if_alive();
  /** Null once the environment ended. */
  Environment *environment_;
};

/** KeepAliveWord of native/binding.ts. */
enum KeepAliveWord : size_t { kHolds = 0, kReferenced = 1 };

/** FrameInfo.length and PostInfo.length of native/binding.ts. */
constexpr size_t kFrameInfoLength = 16;
constexpr size_t kPostInfoLength = 4;

class Environment {
 public:
  explicit Environment(Napi::Env env) : env_(env) {}
  Environment(const Environment &) = delete;
  Environment &operator=(const Environment &) = delete;

  static Environment &of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  void start(const Napi::Function &on_wake, const Napi::Function &on_event);
  /** The context, or a thrown ERR_BAD_STATE before `start()`. */
  es_context *context() const;
  /** The process stays alive until JavaScript's count of reasons (`keep_alive[kHolds]`) is seen to be 0. */
  void ref();
  /** Calls JavaScript's onWake(object) whenever `ready()` says true while `fd` is readable. Null: libuv refuses it. */
  Poll *watch_wakes(int fd, uint32_t object, std::function<bool()> ready);

  // Shared with JavaScript as two BigInt64Arrays, so that a frame costs one call and no object.
  int64_t frame_info[kFrameInfoLength] = {};
  int64_t post_info[kPostInfoLength] = {};
  /** [kHolds]: reasons to stay alive, counted by JavaScript. [kReferenced]: whether the loop knows of any. */
  int32_t keep_alive[2] = {};

  ViewGuard view_guard;
  Napi::FunctionReference stream_class, producer_class, consumer_class, observer_class;

 private:
  friend class OpenObject;

  static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data);
  uv_loop_t *loop() const;
  template <typename Work>
  void run_javascript(Work work);
  void forget_reference();
  void dispatch();
  bool deliver(const es_event &event);
  bool wake(uint32_t object);
  bool call(const Napi::FunctionReference &callback, napi_value argument);
  void report_failure(int result);
  void end();

  Napi::Env env_;
  es_context *context_ = nullptr;
  Poll *poll_ = nullptr;
  uv_prepare_t *before_sleep_ = nullptr;
  napi_async_cleanup_hook_handle cleanup_hook_ = nullptr;
  napi_async_context async_context_ = nullptr;
  Napi::FunctionReference on_wake_, on_event_;
  std::vector<OpenObject *> open_objects_;
};

/** Makes the JavaScript object around a new handle; closes the handle if that fails. */
template <typename Handle>
Napi::Object wrap(Napi::Env env, const Napi::FunctionReference &constructor, Handle *handle, void (*close)(Handle *)) {
  try {
    return constructor.New({Napi::External<Handle>::New(env, handle)});
  } catch (...) {
    close(handle);
    throw;
  }
}

/** The handle that `wrap` passed. A call from anywhere else throws. */
template <typename Handle>
Handle *wrapped_handle(const Napi::CallbackInfo &info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "this object is made by edgestream only");
  return info[0].As<Napi::External<Handle>>().Data();
}

}  // namespace es_addon
