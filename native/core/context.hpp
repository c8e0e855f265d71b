// A context: one epoll, one timer, one queue of events, one lock. Everything else registers here and is called back.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "channel.hpp"

namespace es {

class Context;
class Stream;
class Producer;
class Consumer;
class Observer;

// Something with a descriptor. Called with the context's lock held; it may destroy itself or others.
class Pollable {
 public:
  virtual ~Pollable() = default;
  virtual void on_ready(int fd) = 0;
};

// A registration in the context's epoll; ends with its life.
class Watch {
 public:
  Watch() = default;
  Watch(Watch&& other) noexcept;
  Watch& operator=(Watch&& other) noexcept;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { reset(); }
  void reset();
  bool active() const { return context_ != nullptr; }

 private:
  friend class Context;
  Context* context_ = nullptr;
  int fd_ = -1;
  uint32_t index_ = 0;
};

// A deadline in the context's timer; ends with its life.
class Deadline {
 public:
  Deadline(Context* context, std::function<void()> fire);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  void set(int64_t at);  // CLOCK_MONOTONIC ns
  void clear() { at_ = 0; }
  bool is_set() const { return at_ != 0; }

 private:
  friend class Context;
  Context* context_;
  std::function<void()> fire_;
  int64_t at_ = 0;
};

class Context {
 public:
  static int create(std::unique_ptr<Context>* out);
  ~Context();

  int fd() const { return epoll_.get(); }
  // All below: the lock is held.
  int dispatch();
  bool next_event(es_event* out);
  int start_service_thread();

  int watch(int fd, Pollable* pollable, Watch* out);
  void queue(const es_event& event);
  // Events lie there that nobody takes: what comes often should stay away.
  bool crowded() const;
  // Queues an event of which one stands for many, unless one for this object is queued already (`*pending`).
  void queue_wake(es_event_kind kind, uint32_t object, bool* pending);
  uint32_t next_id() { return ++last_id_; }
  Received* received() { return received_.get(); }
  // Drops what is queued for an object that is about to go.
  void forget(uint32_t object);

  // Releases the lock until something was dispatched, or `until` (CLOCK_MONOTONIC ns; 0 = for ever) has passed.
  // The caller then tries again; its object may be gone by then, so it looks it up again by its id.
  void wait(std::unique_lock<std::mutex>* lock, int64_t until);

  std::mutex mutex;
  // The objects; the C handles point into these. Order of destruction matters: peers before streams.
  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<std::unique_ptr<Producer>> producers;
  std::vector<std::unique_ptr<Consumer>> consumers;
  std::vector<std::unique_ptr<Observer>> observers;

 private:
  friend class Watch;
  friend class Deadline;
  struct Entry {
    Pollable* pollable = nullptr;
    uint32_t generation = 0;
    int fd = -1;
  };
  struct Queued {
    es_event event;
    bool* pending;
  };

  Context() = default;
  void arm_timer();
  void fire_deadlines();
  void kick();
  void serve();

  Fd epoll_, timer_, kick_;
  std::vector<Entry> entries_;
  std::vector<uint32_t> free_entries_;
  std::vector<Deadline*> deadlines_;
  int64_t armed_at_ = 0;  // when the timer will ring; 0: it will not
  std::vector<Queued> events_;
  size_t event_head_ = 0;
  bool dispatching_ = false;
  bool kicked_ = false;
  bool closing_ = false;
  bool polling_ = false;  // one waiting thread polls for all of them
  uint32_t waiters_ = 0;
  uint32_t last_id_ = 0;
  std::condition_variable dispatched_;
  std::thread service_;
  std::unique_ptr<Received> received_ = std::make_unique<Received>();
};

}  // namespace es
