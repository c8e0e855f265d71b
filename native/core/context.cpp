#include "context.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "consumer.hpp"
#include "observer.hpp"
#include "producer.hpp"
#include "status.hpp"
#include "stream.hpp"

namespace es {

namespace {
constexpr size_t kEventsMax = 4096;  // queued events; beyond it the oldest is dropped, nobody is reading
constexpr int kReadyMax = 64;        // descriptors served per round of epoll
}  // namespace

// ---------------------------------------------------------------- watches and deadlines

Watch::Watch(Watch&& other) noexcept : context_(other.context_), fd_(other.fd_), index_(other.index_) {
  other.context_ = nullptr;
}

Watch& Watch::operator=(Watch&& other) noexcept {
  if (this != &other) {
    reset();
    context_ = std::exchange(other.context_, nullptr);
    fd_ = other.fd_;
    index_ = other.index_;
  }
  return *this;
}

void Watch::reset() {
  if (context_ == nullptr) return;
  epoll_ctl(context_->epoll_.get(), EPOLL_CTL_DEL, fd_, nullptr);
  Context::Entry& entry = context_->entries_[index_];
  entry.pollable = nullptr;
  entry.generation++;
  context_->free_entries_.push_back(index_);
  context_ = nullptr;
}

Deadline::Deadline(Context* context, std::function<void()> fire) : context_(context), fire_(std::move(fire)) {
  context_->deadlines_.push_back(this);
}

Deadline::~Deadline() { std::erase(context_->deadlines_, this); }

void Deadline::set(int64_t at) {
  at_ = at;
  context_->arm_timer();
}

// ---------------------------------------------------------------- context

int Context::create(std::unique_ptr<Context>* out) {
  std::unique_ptr<Context> context(new Context);
  context->epoll_ = Fd(epoll_create1(EPOLL_CLOEXEC));
  context->timer_ = Fd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  context->kick_ = Fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!context->epoll_ || !context->timer_ || !context->kick_) {
    return fail_errno(ES_BAD_ALLOC, "cannot create an event context");
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = UINT64_MAX;
  epoll_ctl(context->epoll_.get(), EPOLL_CTL_ADD, context->timer_.get(), &event);
  event.data.u64 = UINT64_MAX - 1;
  epoll_ctl(context->epoll_.get(), EPOLL_CTL_ADD, context->kick_.get(), &event);
  *out = std::move(context);
  return ES_OK;
}

Context::~Context() {
  {
    std::unique_lock lock(mutex);
    closing_ = true;
    kick();
  }
  if (service_.joinable()) service_.join();
  std::unique_lock lock(mutex);
  observers.clear();
  consumers.clear();
  producers.clear();
  streams.clear();
  dispatched_.notify_all();
  while (waiters_ != 0) dispatched_.wait(lock);
}

int Context::watch(int fd, Pollable* pollable, Watch* out) {
  uint32_t index;
  if (free_entries_.empty()) {
    index = static_cast<uint32_t>(entries_.size());
    entries_.emplace_back();
  } else {
    index = free_entries_.back();
    free_entries_.pop_back();
  }
  Entry& entry = entries_[index];
  entry.pollable = pollable;
  entry.fd = fd;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP;
  event.data.u64 = static_cast<uint64_t>(entry.generation) << 32 | index;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    entry.pollable = nullptr;
    free_entries_.push_back(index);
    return fail_errno(ES_BAD_ALLOC, "cannot watch a descriptor");
  }
  out->reset();
  out->context_ = this;
  out->fd_ = fd;
  out->index_ = index;
  return ES_OK;
}

int Context::dispatch() {
  dispatching_ = true;
  epoll_event ready[kReadyMax];
  const int count = epoll_wait(epoll_.get(), ready, kReadyMax, 0);
  for (int index = 0; index < count; index++) {
    const uint64_t data = ready[index].data.u64;
    uint64_t drained;
    if (data == UINT64_MAX) {
      if (read(timer_.get(), &drained, sizeof drained) > 0) fire_deadlines();
    } else if (data == UINT64_MAX - 1) {
      if (read(kick_.get(), &drained, sizeof drained) > 0) kicked_ = false;
    } else {
      // A handler before this one may have ended the registration, or put another in its place.
      const Entry& entry = entries_[static_cast<uint32_t>(data)];
      if (entry.pollable != nullptr && entry.generation == data >> 32) entry.pollable->on_ready(entry.fd);
      received_->drop_fds();
    }
  }
  dispatching_ = false;
  if (waiters_ != 0) {
    dispatched_.notify_all();
    if (polling_) kick();
  }
  return static_cast<int>(events_.size() - event_head_);
}

void Context::queue(const es_event& event) {
  if (closing_) return;
  if (events_.size() - event_head_ >= kEventsMax) {
    if (events_[event_head_].pending != nullptr) *events_[event_head_].pending = false;
    event_head_++;
  }
  if (event_head_ >= kEventsMax) {
    events_.erase(events_.begin(), events_.begin() + static_cast<ptrdiff_t>(event_head_));
    event_head_ = 0;
  }
  events_.push_back({event, nullptr});
  if (!dispatching_) kick();
}

bool Context::crowded() const { return events_.size() - event_head_ >= kEventsMax / 2; }

void Context::queue_wake(es_event_kind kind, uint32_t object, bool* pending) {
  if (*pending) {
    if (waiters_ != 0 && !dispatching_) kick();  // a waiting call takes no events, so an old one may lie there for ever
    return;
  }
  es_event event{};
  event.kind = kind;
  event.object = object;
  queue(event);
  if (closing_) return;
  events_.back().pending = pending;
  *pending = true;
}

bool Context::next_event(es_event* out) {
  if (event_head_ == events_.size()) return false;
  Queued& queued = events_[event_head_++];
  if (queued.pending != nullptr) *queued.pending = false;
  *out = queued.event;
  if (event_head_ == events_.size()) {
    events_.clear();
    event_head_ = 0;
  }
  return true;
}

void Context::forget(uint32_t object) {
  events_.erase(events_.begin(), events_.begin() + static_cast<ptrdiff_t>(event_head_));
  event_head_ = 0;
  std::erase_if(events_, [object](const Queued& queued) { return queued.event.object == object; });
}

// Makes fd() readable, so that an event queued by a call reaches a loop that only polls.
void Context::kick() {
  if (kicked_) return;
  kicked_ = true;
  const uint64_t one = 1;
  if (write(kick_.get(), &one, sizeof one) < 0) kicked_ = false;
}

void Context::arm_timer() {
  int64_t first = 0;
  for (const Deadline* deadline : deadlines_) {
    if (deadline->at_ != 0 && (first == 0 || deadline->at_ < first)) first = deadline->at_;
  }
  // A timer that rings too early costs a look; setting it anew at each wait costs a system call.
  if (first == 0 || (armed_at_ != 0 && armed_at_ <= first)) return;
  armed_at_ = first;
  itimerspec when{};
  when.it_value.tv_sec = first / 1000000000;
  when.it_value.tv_nsec = first % 1000000000;
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

void Context::fire_deadlines() {
  const int64_t now = es_now();
  for (bool fired = true; fired;) {
    fired = false;
    for (Deadline* deadline : deadlines_) {
      if (deadline->at_ == 0 || deadline->at_ > now) continue;
      deadline->at_ = 0;
      const auto fire = deadline->fire_;  // it may end the deadline itself
      fire();
      fired = true;
      break;  // the list may have changed
    }
  }
  armed_at_ = 0;
  arm_timer();
}

void Context::wait(std::unique_lock<std::mutex>* lock, int64_t until) {
  waiters_++;
  if (polling_ || service_.joinable()) {
    if (until == 0) {
      dispatched_.wait(*lock);
    } else {
      const auto rest = std::chrono::nanoseconds(std::max<int64_t>(until - es_now(), 0));
      dispatched_.wait_for(*lock, rest);
    }
  } else {
    polling_ = true;
    lock->unlock();
    pollfd ready{epoll_.get(), POLLIN, 0};
    timespec rest{};
    if (until != 0) {
      const int64_t left = std::max<int64_t>(until - es_now(), 0);
      rest = {left / 1000000000, left % 1000000000};
    }
    ppoll(&ready, 1, until == 0 ? nullptr : &rest, nullptr);
    lock->lock();
    polling_ = false;
    if (!closing_) dispatch();
    dispatched_.notify_all();  // another waiter polls from here on
  }
  waiters_--;
  if (closing_) dispatched_.notify_all();
}

int Context::start_service_thread() {
  if (service_.joinable()) return fail(ES_BAD_STATE, "the service thread runs already");
  service_ = std::thread([this] { serve(); });
  return ES_OK;
}

void Context::serve() {
  for (;;) {
    pollfd ready{epoll_.get(), POLLIN, 0};
    poll(&ready, 1, -1);
    std::unique_lock lock(mutex);
    if (closing_) return;
    dispatch();
  }
}

}  // namespace es

extern "C" int64_t es_now(void) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}
