// The lives of a consumer: between them they come past every step of a consumer's.
#include <unistd.h>

#include <string>
#include <vector>

#include "victim.hpp"

namespace {

constexpr int64_t kWaitUs = 10'000'000;
constexpr int32_t kHoldUpMs = 1000;  // what a fifo that stands still costs the producer, once

// One connection; whatever it holds is looked at again before each call, for nobody may write it meanwhile.
class Life {
 public:
  Life(es_context* context, const es_policy& policy)
      : consumer_(open_consumer(context, policy)), exchanges_(policy.max_held == 1) {}

  // A new frame. false, here and below: the producer ended the connection.
  bool take() { return take(ES_ACQUIRE_NEW_ONLY, kWaitUs); }

  // The same, and its place in the queue stays occupied until free_place().
  bool take_and_keep_place() { return take(ES_ACQUIRE_NEW_ONLY | ES_ACQUIRE_KEEP_PLACE, kWaitUs); }

  void free_place() { must(es_consumer_consume(consumer_, 1), "victim consume"); }

  // A newer frame if there is one, else the old one again.
  bool take_whatever_is_there() { return take(0, ES_NO_WAIT); }

  void give_back() {
    look();
    for (const es_frame& frame : held_) must(es_consumer_release(consumer_, frame.lease), "victim release");
    held_.clear();
  }

  void look() const {
    for (const es_frame& frame : held_) check_frame(frame, "victim, later");
  }

  uint64_t end() {
    look();
    es_consumer_close(consumer_);
    return frames_;
  }

  bool was_new() const { return was_new_; }

 private:
  bool take(uint32_t flags, int64_t timeout_us) {
    look();
    es_frame frame;
    const int result = es_consumer_acquire(consumer_, flags, timeout_us, &frame);
    if (result == ES_CLOSED || result == ES_EVICTED) return false;
    must(result, "victim acquire");
    check_frame(frame, "victim");
    frames_++;
    was_new_ = frame.is_new != 0;
    if (exchanges_) held_.clear();
    held_.push_back(frame);
    return true;
  }

  es_consumer* consumer_;
  bool exchanges_;
  bool was_new_ = false;
  uint64_t frames_ = 0;
  std::vector<es_frame> held_;
};

// Frames pile up, so that some are passed over; each one held is exchanged for the next.
uint64_t live_as_mailbox(es_context* context) {
  Life life(context, mailbox(3, 1));
  bool there = true;
  for (int round = 0; there && round < 6; round++) {
    there = life.take() && life.take_and_keep_place();
    usleep(20'000);
    if (there) life.free_place();
  }
  // The old frame comes again when no newer one came since it was given back.
  do {
    life.give_back();
    there = there && life.take_whatever_is_there();
  } while (there && life.was_new());
  life.give_back();
  return life.end();
}

// The queue is full whenever it is looked at, so the producer waits and asks to be told.
uint64_t live_as_fifo(es_context* context) {
  Life life(context, fifo(2, 2, kHoldUpMs));
  bool there = life.take();
  for (int round = 0; there && round < 4; round++) {
    usleep(30'000);
    life.give_back();
    there = life.take() && life.take();
  }
  return life.end();
}

}  // namespace

int consume(bool fifo_first) {
  es_context* context = nullptr;
  must(es_context_create(&context), "context");
  uint64_t frames = fifo_first ? live_as_fifo(context) : live_as_mailbox(context);
  frames += fifo_first ? live_as_mailbox(context) : live_as_fifo(context);
  es_context_destroy(context);
  say("{\"kind\":\"lived\",\"frames\":" + std::to_string(frames) + "}");
  return 0;
}
