#include "environment.hpp"

#include <algorithm>

#include "convert.hpp"

namespace es_addon {

// ---- open objects -------------------------------------------------------------------------------------------------

OpenObject::OpenObject(Environment &environment) : environment_(&environment) {
  environment.open_objects_.push_back(this);
}

OpenObject::~OpenObject() {
  if (environment_ == nullptr) return;
  auto &objects = environment_->open_objects_;
  objects.erase(std::remove(objects.begin(), objects.end(), this), objects.end());
}

void OpenObject::close_if_alive() {
  if (environment_ != nullptr) close_handle();
}

void OpenObject::end_with_environment() {
  close_handle();
  environment_ = nullptr;
}

// ---- the watch: what libuv holds on to ----------------------------------------------------------------------------

/** Lives on its own, because libuv wants the handle's memory until its close callback, after the context is gone. */
struct Environment::Watch {
  uv_poll_t poll;
  Environment *environment;
  napi_async_cleanup_hook_handle hook;
};

void Environment::start(const Napi::Function &on_wake, const Napi::Function &on_event) {
  if (context_ != nullptr) throw_error(env_, es_error_string(ES_BAD_STATE), "start() was called before");
  uv_loop_t *loop = nullptr;
  if (napi_get_uv_event_loop(env_, &loop) != napi_ok) throw Napi::Error::New(env_);
  checked(env_, es_context_create(&context_));

  watch_ = new Watch{};
  watch_->environment = this;
  watch_->poll.data = watch_;
  const int failure = uv_poll_init(loop, &watch_->poll, es_fd(context_));
  if (failure != 0) {
    delete watch_;
    watch_ = nullptr;
    es_context_destroy(context_);
    context_ = nullptr;
    throw_error(env_, es_error_string(ES_SYSTEM), std::string("uv_poll_init: ") + uv_strerror(failure));
  }
  napi_async_init(env_, nullptr, Napi::String::New(env_, "edgestream"), &async_context_);
  on_wake_ = Napi::Persistent(on_wake);
  on_event_ = Napi::Persistent(on_event);
  napi_add_async_cleanup_hook(env_, on_environment_end, watch_, &watch_->hook);
  uv_poll_start(&watch_->poll, UV_READABLE, on_readable);
  // Nobody waits yet: the context alone does not keep the process alive.
  uv_unref(reinterpret_cast<uv_handle_t *>(&watch_->poll));
}

es_context *Environment::context() const {
  if (context_ == nullptr) throw_error(env_, es_error_string(ES_BAD_STATE), "call start() first");
  return context_;
}

void Environment::ref() {
  context();
  if (ref_count_++ == 0) uv_ref(reinterpret_cast<uv_handle_t *>(&watch_->poll));
}

void Environment::unref() {
  context();
  if (ref_count_ == 0) throw_error(env_, es_error_string(ES_BAD_STATE), "unref() without a ref()");
  if (--ref_count_ == 0) uv_unref(reinterpret_cast<uv_handle_t *>(&watch_->poll));
}

// ---- events -------------------------------------------------------------------------------------------------------

void Environment::on_readable(uv_poll_t *poll, int, int) {
  Environment *environment = static_cast<Watch *>(poll->data)->environment;
  if (environment != nullptr) environment->dispatch();
}

void Environment::dispatch() {
  const int queued = es_dispatch(context_);
  if (queued == 0) return;
  Napi::HandleScope scope(env_);
  if (queued < 0) return report_failure(queued);
  // One callback scope around all events of this wake: promises and ticks run once, when it closes.
  napi_callback_scope callbacks = nullptr;
  if (napi_open_callback_scope(env_, nullptr, async_context_, &callbacks) != napi_ok) return;
  es_event event;
  // A callback may end the environment (process.exit in a worker), and with it the context.
  while (context_ != nullptr && es_next_event(context_, &event) == 1) {
    if (!deliver(event)) break;
  }
  napi_close_callback_scope(env_, callbacks);
}

/** Calls JavaScript with one event. False when JavaScript may not run any more. */
bool Environment::deliver(const es_event &event) {
  Napi::HandleScope scope(env_);
  const bool wake = event.kind == ES_EVENT_READABLE || event.kind == ES_EVENT_WRITABLE;
  napi_value argument = nullptr;
  try {
    argument = wake ? Napi::Value(Napi::Number::New(env_, event.object)) : Napi::Value(from_event(env_, event));
  } catch (const Napi::Error &) {
    // An environment that is going runs its loop once more before the cleanup hooks, and refuses to touch objects.
    return false;
  }
  const Napi::FunctionReference &callback = wake ? on_wake_ : on_event_;
  const napi_status status = napi_call_function(env_, env_.Undefined(), callback.Value(), 1, &argument, nullptr);
  if (status == napi_ok) return true;
  // No caller can catch what the callback threw, so it is an uncaught exception of the program.
  bool pending = false;
  napi_value exception = nullptr;
  napi_is_exception_pending(env_, &pending);
  if (!pending || napi_get_and_clear_last_exception(env_, &exception) != napi_ok) return false;
  return napi_fatal_exception(env_, exception) == napi_ok;
}

/** The context itself failed: nothing will come any more, and somebody must hear of it. */
void Environment::report_failure(int result) {
  uv_poll_stop(&watch_->poll);
  try {
    throw_result(env_, result);
  } catch (const Napi::Error &error) {
    napi_fatal_exception(env_, error.Value());
  }
}

// ---- the end ------------------------------------------------------------------------------------------------------

void Environment::on_environment_end(napi_async_cleanup_hook_handle, void *data) {
  auto *watch = static_cast<Watch *>(data);
  // First the handle (it leaves epoll at once), then the descriptor it watched.
  uv_close(reinterpret_cast<uv_handle_t *>(&watch->poll), [](uv_handle_t *handle) {
    auto *closed = static_cast<Watch *>(handle->data);
    napi_remove_async_cleanup_hook(closed->hook);
    delete closed;
  });
  watch->environment->end();
  watch->environment = nullptr;
}

void Environment::end() {
  std::vector<OpenObject *> objects;
  objects.swap(open_objects_);
  // Newest first: producers and consumers before the stream they were made from.
  for (auto object = objects.rbegin(); object != objects.rend(); ++object) (*object)->end_with_environment();
  es_context_destroy(context_);
  context_ = nullptr;
  watch_ = nullptr;
  napi_async_destroy(env_, async_context_);
  async_context_ = nullptr;
}

}  // namespace es_addon
