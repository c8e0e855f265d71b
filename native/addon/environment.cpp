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

// ---- the loop -----------------------------------------------------------------------------------------------------

uv_loop_t *Environment::loop() const {
  uv_loop_t *loop = nullptr;
  if (napi_get_uv_event_loop(env_, &loop) != napi_ok) throw Napi::Error::New(env_);
  return loop;
}

void Environment::start(const Napi::Function &on_wake, const Napi::Function &on_event) {
  if (context_ != nullptr) throw_error(env_, es_error_string(ES_BAD_STATE), "start() was called before");
  uv_loop_t *const own_loop = loop();
  checked(env_, es_context_create(&context_));
  int failure = 0;
  poll_ = Poll::start(own_loop, es_fd(context_), [this] { dispatch(); }, &failure);
  if (poll_ == nullptr) {
    es_context_destroy(context_);
    context_ = nullptr;
    throw_error(env_, es_error_string(ES_SYSTEM), std::string("uv_poll_init: ") + uv_strerror(failure));
  }
  before_sleep_ = new uv_prepare_t;
  before_sleep_->data = this;
  uv_prepare_init(own_loop, before_sleep_);
  uv_prepare_start(before_sleep_,
                   [](uv_prepare_t *handle) { static_cast<Environment *>(handle->data)->forget_reference(); });
  uv_unref(reinterpret_cast<uv_handle_t *>(before_sleep_));
  napi_async_init(env_, nullptr, Napi::String::New(env_, "edgestream"), &async_context_);
  on_wake_ = Napi::Persistent(on_wake);
  on_event_ = Napi::Persistent(on_event);
  napi_add_async_cleanup_hook(env_, on_environment_end, this, &cleanup_hook_);
}

es_context *Environment::context() const {
  if (context_ == nullptr) throw_error(env_, es_error_string(ES_BAD_STATE), "call start() first");
  return context_;
}

void Environment::ref() {
  context();
  poll_->ref();
  keep_alive[kReferenced] = 1;
}

/** Before the loop sleeps, or ends: a wait that is over is most often followed by the next one before that. */
void Environment::forget_reference() {
  if (keep_alive[kHolds] > 0 || keep_alive[kReferenced] == 0) return;
  poll_->unref();
  keep_alive[kReferenced] = 0;
}

// ---- events -------------------------------------------------------------------------------------------------------

/** One callback scope around `work`: promises and ticks run once, when it closes. */
template <typename Work>
void Environment::run_javascript(Work work) {
  Napi::HandleScope scope(env_);
  napi_callback_scope callbacks = nullptr;
  if (napi_open_callback_scope(env_, nullptr, async_context_, &callbacks) != napi_ok) return;
  work();
  napi_close_callback_scope(env_, callbacks);
}

void Environment::dispatch() {
  const int queued = es_dispatch(context_);
  if (queued == 0) return;
  if (queued < 0) {
    Napi::HandleScope scope(env_);
    return report_failure(queued);
  }
  run_javascript([this] {
    es_event event;
    // A callback may end the environment (process.exit in a worker), and with it the context.
    while (context_ != nullptr && es_next_event(context_, &event) == 1) {
      if (!deliver(event)) break;
    }
  });
}

Poll *Environment::watch_wakes(int fd, uint32_t object, std::function<bool()> ready) {
  int failure = 0;
  const auto on_ready = [this, object, ready = std::move(ready)] {
    if (ready()) run_javascript([this, object] { wake(object); });
  };
  return Poll::start(loop(), fd, on_ready, &failure);
}

/** Calls JavaScript with one event. False when JavaScript may not run any more. */
bool Environment::deliver(const es_event &event) {
  Napi::HandleScope scope(env_);
  if (event.kind == ES_EVENT_READABLE || event.kind == ES_EVENT_WRITABLE) return wake(event.object);
  try {
    return call(on_event_, from_event(env_, event));
  } catch (const Napi::Error &) {
    // An environment that is going runs its loop once more before the cleanup hooks, and refuses to touch objects.
    return false;
  }
}

bool Environment::wake(uint32_t object) {
  napi_value argument = nullptr;
  return napi_create_uint32(env_, object, &argument) == napi_ok && call(on_wake_, argument);
}

bool Environment::call(const Napi::FunctionReference &callback, napi_value argument) {
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
  poll_->stop();
  try {
    throw_result(env_, result);
  } catch (const Napi::Error &error) {
    napi_fatal_exception(env_, error.Value());
  }
}

// ---- the end ------------------------------------------------------------------------------------------------------

void Environment::on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  auto *environment = static_cast<Environment *>(data);
  uv_close(reinterpret_cast<uv_handle_t *>(environment->before_sleep_),
           [](uv_handle_t *handle) { delete reinterpret_cast<uv_prepare_t *>(handle); });
  // First the handle (it leaves epoll at once), then the descriptor it watched.
  environment->poll_->close([hook] { napi_remove_async_cleanup_hook(hook); });
  environment->end();
}

void Environment::end() {
  std::vector<OpenObject *> objects;
  objects.swap(open_objects_);
  // Newest first: producers and consumers before the stream they were made from.
  for (auto object = objects.rbegin(); object != objects.rend(); ++object) (*object)->end_with_environment();
  es_context_destroy(context_);
  context_ = nullptr;
  poll_ = nullptr;
  napi_async_destroy(env_, async_context_);
  async_context_ = nullptr;
}

}  // namespace es_addon
