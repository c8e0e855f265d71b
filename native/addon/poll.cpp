#include "poll.hpp"

namespace es_addon {

Poll *Poll::start(uv_loop_t *loop, int fd, std::function<void()> on_ready, int *failure) {
  auto *poll = new Poll;
  *failure = uv_poll_init(loop, &poll->handle_, fd);
  if (*failure != 0) {
    delete poll;
    return nullptr;
  }
  poll->handle_.data = poll;
  poll->on_ready_ = std::move(on_ready);
  uv_poll_start(&poll->handle_, UV_READABLE,
                [](uv_poll_t *handle, int, int) { static_cast<Poll *>(handle->data)->on_ready_(); });
  poll->unref();
  return poll;
}

void Poll::close(std::function<void()> on_closed) {
  on_closed_ = std::move(on_closed);
  uv_close(reinterpret_cast<uv_handle_t *>(&handle_), [](uv_handle_t *handle) {
    auto *poll = static_cast<Poll *>(handle->data);
    if (poll->on_closed_) poll->on_closed_();
    delete poll;
  });
}

}  // namespace es_addon
