// The consumers of a producer that dies: what each saw, and why it ended.
#include <unistd.h>

#include <string>
#include <vector>

#include "victim.hpp"

namespace {

constexpr int64_t kTurnUs = 2000;

class Watcher {
 public:
  Watcher(es_context* context, const char* name, const es_policy& policy, bool must_open)
      : context_(context), name_(name), most_(policy.max_held) {
    consumer_ = must_open ? open_consumer(context, policy) : try_open_consumer(context, policy);
    while (consumer_ != nullptr && state() < ES_STATE_EMPTY) usleep(1000);
  }

  // A fifo reads everything and gives it back; the others keep what they got.
  void read_on() {
    while (consumer_ != nullptr) {
      es_frame frame;
      const int result = es_consumer_acquire(consumer_, ES_ACQUIRE_NEW_ONLY, kTurnUs, &frame);
      if (result != ES_OK) return;
      if (frame.number != ++frames_ || frame.skipped != 0) {
        fail(std::string(name_) + ": frame " + std::to_string(frame.number) + " came, " + std::to_string(frames_) +
             " was due");
      }
      check_frame(frame, name_);
      must(es_consumer_release(consumer_, frame.lease), "release");
    }
  }

  void hold() {
    es_frame frame;
    while (consumer_ != nullptr && held_.size() < most_ - 1u &&
           es_consumer_acquire(consumer_, ES_ACQUIRE_NEW_ONLY, ES_NO_WAIT, &frame) == ES_OK) {
      check_frame(frame, name_);
      held_.push_back(frame);
      frames_++;
    }
    for (const es_frame& kept : held_) check_frame(kept, name_);
  }

  bool over() { return consumer_ == nullptr || state() == ES_STATE_DISCONNECTED; }

  void close() {
    if (consumer_ == nullptr) return;
    es_consumer_info info;
    must(es_consumer_get_info(consumer_, &info), "info");
    cause_ = es_cause_string(static_cast<int>(info.cause));
    es_consumer_close(consumer_);
    consumer_ = nullptr;
    held_.clear();
  }

  std::string report() const {
    return "\"" + std::string(name_) + "\":{\"cause\":\"" + cause_ + "\",\"frames\":" + std::to_string(frames_) + "}";
  }

 private:
  int state() {
    es_dispatch(context_);
    return es_consumer_state(consumer_);
  }

  es_context* context_;
  const char* name_;
  uint32_t most_;
  es_consumer* consumer_ = nullptr;
  std::string cause_ = "never-met";
  uint64_t frames_ = 0;
  std::vector<es_frame> held_;
};

}  // namespace

int watch() {
  es_context* context = nullptr;
  must(es_context_create(&context), "context");
  Watcher reader(context, "fifo", fifo(4, 2, 5000), true);
  Watcher holder(context, "mailbox", mailbox(1, 2), false);
  Watcher leaver(context, "leaver", mailbox(1, 4), false);
  say("{\"kind\":\"watching\"}");
  while (!reader.over() || !holder.over() || !leaver.over()) {
    reader.read_on();
    holder.hold();
    leaver.hold();
    if (leaver.over()) leaver.close();
    if (reader.over()) usleep(1000);
  }
  // The producer is gone: what they hold is still what it was.
  holder.hold();
  reader.close();
  holder.close();
  leaver.close();
  say("{\"kind\":\"watched\"," + reader.report() + "," + holder.report() + "," + leaver.report() + "}");
  es_context_destroy(context);
  return 0;
}
