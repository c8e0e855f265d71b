// A consumer: its seat, the memory it may read, its leases, its state.
//   consumer.cpp   verbs and state       attach.cpp   the hand-shake and everything the producer says
//   look.cpp       verbs that look at what waits and take nothing
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "context.hpp"
#include "memory.hpp"
#include "seat.hpp"
#include "stream_info.hpp"
#include "user_info.hpp"

namespace es {

// Looks at the queue in one call. A producer in a hurry may put a newer frame in the place of the one that is about to
// be taken, but not this often in a row; who does would hold its consumer in this call for ever.
inline constexpr int kTriesMax = 10000;

class Consumer final : public Pollable {
 public:
  // `socket` leads to a stream (from connect_to, or one end of a pair); the hello is sent at once.
  static int create(Context* context, Fd socket, const char* stream, const es_consumer_options& options,
                    bool in_process, Consumer** out);
  ~Consumer() override;

  Context* context() const { return context_; }
  uint32_t id() const { return id_; }
  int acquire(uint32_t flags, es_frame* out);
  int release(uint64_t lease);
  int peek(es_pending* out);
  int arm();
  int set_user_info(const void* bytes, uint32_t size);
  int user_info(uint8_t* out) const { return producer_info_.copy(out); }
  int stream_info(uint8_t* out) const { return stream_info_.copy(out); }
  int set_latency(uint32_t us);
  int marks(es_mark* newest, es_mark* acquired);
  int metadata_block(uint64_t lease, uint32_t block, const uint8_t** data, uint32_t* size) const;
  // The descriptor of wake-ups, for a loop that watches it by itself from here on.
  int take_wake_fd();
  int woken();
  // true: nothing is there, and a wake-up is asked for.
  bool prepare_sleep();
  int consume(uint32_t count);
  int state();
  int get_info(es_consumer_info* out);
  int get_latency(es_latency* out) const;
  int format(uint32_t layout, es_format* out);
  void close();
  bool closed() const { return closed_; }

  void on_ready(int fd) override;

 private:
  struct SlotView {
    const SlotDescriptor* descriptor = nullptr;
    const uint8_t* metadata = nullptr;
    const uint8_t* data = nullptr;
    uint64_t data_bytes = 0;
    uint32_t layout = 0;
  };
  struct PoolView {
    uint32_t number = 0, layout = 0, first_slot = 0, slot_count = 0;
    Mapping mapping;
  };
  struct Lease {
    uint64_t position = 0;
    bool held = false;
    bool given_back = false;  // the application released it; kept so that the old frame can be acquired again
    bool hold_counted = false;  // its time from acquire to release is in the ledger
    int64_t acquired_at = 0;
  };
  struct Layout {
    uint32_t id;
    es_format format;
  };

  Consumer(Context* context, bool in_process);
  bool exchange_last(uint64_t position, uint32_t slot, int64_t now);
  void end_lease(uint32_t slot);
  void count_hold(Lease* lease, int64_t now);
  void count_delivery(const es_frame& frame);
  int lease_frame(uint64_t position, uint32_t slot, int64_t now, es_frame* out);
  int old_frame(es_frame* out);
  bool has_old_frame() const;
  void fill(uint32_t slot, es_frame* out) const;
  void signal();
  int nothing_new(uint32_t flags, es_frame* out);
  bool is_over();
  bool ask_for_wake();
  void give_up_old();
  int past_end(uint32_t flags, es_frame* out);
  bool keeps_last() const;
  bool abandoned() const;
  bool spin();
  int terminal_result() const;
  bool drains() const;
  void advance(es_state state);
  void readable();
  const Layout* find_layout(uint32_t id) const;

  void read_messages();
  int handle(const Received& received);
  int on_welcome(Received* received);
  void on_active();
  int on_layout(const Received& received);
  int on_stream_info(const Received& received);
  int on_pool(Received* received);
  int on_retire(const Received& received);
  void forget_unused_layouts();
  int meet_memory(uint32_t slot);
  void end(es_cause cause, const char* reason);
  void leave(const char* reason);
  int read_memory_message(int result);

  Context* context_;
  uint32_t id_;
  bool closed_ = false;
  bool left_ = false;      // for a reason of this end's; the producer may live
  bool said_attached_ = false;
  bool attached_ = false;  // the producer counts us in
  bool wake_pending_ = false;
  bool info_pending_ = false;
  bool credit_blocked_ = false;
  bool keeps_past_end_ = false;  // ES_ACQUIRE_PAST_END was given
  es_state state_;              // as last announced, up to EMPTY; NEW and OLD follow from the seat
  es_cause cause_ = ES_CAUSE_NONE;  // why no more frames will come; what waits may still be taken
  int refused_ = ES_OK;
  char reason_[ES_TEXT_MAX] = "";
  uint64_t connection_ = 0;
  uint64_t epoch_ = 0;
  uint64_t last_number_ = 0;
  int64_t last_pts_ = ES_NO_PTS;  // of the last acquired frame that had one
  uint32_t latency_us_ = 0;
  uint64_t memory_messages_ = 0;  // read so far; the seat says how many a frame relies on
  int64_t woken_at_ = 0;        // when the last wake-up came
  bool seen_first_ = false;
  int last_slot_ = -1;          // of the frame acquired last, while it is held or kept
  uint32_t held_ = 0;
  es_policy policy_{};
  UserInfo user_info_, producer_info_;
  StreamInfo stream_info_;
  Fd socket_, wakes_;
  Watch socket_watch_, wake_watch_;
  Mapping page_;
  ConsumerSeat seat_;
  std::vector<PoolView> objects_;
  SlotView slots_[ES_SLOTS_MAX] = {};
  std::vector<Layout> layouts_;
  Lease leases_[ES_SLOTS_MAX] = {};
};

}  // namespace es
