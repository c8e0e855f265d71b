// One descriptor in libuv's loop. Thread: the loop's own.
#pragma once

#include <uv.h>

#include <functional>

namespace es_addon {

class Poll {
 public:
  /** Calls `on_ready` whenever `fd` is readable. Does not keep the process alive. Null: libuv says no in `*failure`. */
  static Poll *start(uv_loop_t *loop, int fd, std::function<void()> on_ready, int *failure);
  Poll(const Poll &) = delete;
  Poll &operator=(const Poll &) = delete;

  void ref() { uv_ref(reinterpret_cast<uv_handle_t *>(&handle_)); }
  void unref() { uv_unref(reinterpret_cast<uv_handle_t *>(&handle_)); }
  void stop() { uv_poll_stop(&handle_); }
  /**
   * No call of `on_ready` starts after this, and the descriptor may be closed as soon as it returns. libuv lets go of
   * the handle later; then this object is gone. May be called from within `on_ready`.
   */
  void close(std::function<void()> on_closed = {});

 private:
  Poll() = default;

  uv_poll_t handle_{};
  std::function<void()> on_ready_, on_closed_;
};

}  // namespace es_addon
