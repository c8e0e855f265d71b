// The producer: acquires slots, posts them to every connection, admits and evicts.
//   producer.cpp   verbs and waits       admission.cpp   guests become connections, connections end
//   report.cpp     state and counters    verbs.cpp       what edgestream_verbs.h adds
//   limits.cpp     consumers that lag, stall, or hold too long
//   reaper.cpp     idle consumers        stream_info.cpp what it tells about its stream
//   reconfigure.cpp   memory: the pool grows, or changes its layout
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connection.hpp"
#include "metadata.hpp"
#include "pool.hpp"
#include "stream_info.hpp"
#include "throughput.hpp"

namespace es {

inline constexpr int64_t kMillisecond = 1'000'000;  // ns

class Producer final : public Pollable {
 public:
  static int create(Context* context, const es_producer_options& options, Stream* stream, Producer** out);
  // Connects to a stream that another process listens for.
  static int open(Context* context, const char* name, const std::string& dir, const es_producer_options& options,
                  Producer** out);
  ~Producer() override;

  Context* context() const { return context_; }
  uint32_t id() const { return id_; }
  int acquire(es_writable* out);
  // `steps_aside`: whether to let those run who were woken, once the lock is free.
  int post(uint64_t lease, const es_post_info& info, uint64_t* number, bool* steps_aside);
  int discard(uint64_t lease);
  // The layout of the frames acquired from here on.
  int reconfigure(const es_format& format);
  int close_input();
  int drain();
  int stop();
  int evict(uint64_t connection, const char* reason);
  int watch_drops(bool watch);
  int reset();
  int pause(bool pause);
  bool paused(uint64_t* dropped) const;
  int set_user_info(const void* bytes, uint32_t size);
  int user_info(uint64_t connection, uint8_t* out) const;
  int set_stream_info(const void* bytes, uint32_t size);
  int stream_info(uint8_t* out, es_throughput* throughput) const;
  int newest(es_mark* out) const;
  int set_metadata(uint32_t block, uint32_t offset, const void* bytes, uint32_t size);
  void fill_info(es_producer_info* out);
  uint32_t fill_connections(es_connection_info* out, uint32_t count);
  int find_ended(uint64_t connection, es_connection_info* out) const;
  int latency(uint64_t connection, es_latency* out) const;
  void close(es_cause cause = ES_CAUSE_PRODUCER_CLOSED);
  bool closed() const { return closed_; }

  void adopt(Guest guest);
  void stream_gone() { stream_ = nullptr; }
  void on_ready(int fd) override;
  void connection_ready(Connection* connection, int fd);

 private:
  // A peer that only reads statistics.
  struct Onlooker final : Pollable {
    explicit Onlooker(Producer* producer_in) : producer(producer_in) {}
    void on_ready(int fd) override { producer->answer_query(this, fd); }
    Producer* producer;
    Fd socket;
    Watch watch;
  };

  Producer(Context* context, const es_producer_options& options, Stream* stream);
  int find_writing(uint64_t lease);
  void refresh_all();
  bool make_places();
  void write_descriptor(Slot* slot, const es_post_info& info, uint64_t number);
  bool deliver(Connection* connection, uint32_t slot);
  void check_lag(Connection* connection);
  bool goes_back(const es_post_info& info) const;
  void drop_paused(Slot* slot);
  void announce_drop(const Connection* connection, es_drop why);
  void stall(Connection* connection, int64_t now);
  void check_recovery(Connection* connection);
  void watch_holds(int64_t now);
  void check_holds(int64_t now);
  void tell_stream_info();
  uint64_t find_previous(const Connection& connection) const;
  void arm_reaper();
  void reap_idle();
  void arm_deadline();
  void on_deadline();
  void writable();
  uint32_t active_count() const;

  int admit(Connection* connection);
  int grant(const Guest& guest, es_policy* policy) const;
  uint32_t slots_needed(const es_policy* joining) const;
  int grow_to(uint32_t slots);
  bool fits(uint32_t slots, const es_format& format, uint32_t layout) const;
  int tell_memory(Connection* connection);
  void tell_or_evict(Connection* connection);
  void tell_all();
  void look_at_old_objects();
  void turn_away(const es_format& format);
  int send_welcome(Connection* connection, int wake_reader);
  void activate(Connection* connection);
  void goodbye(Connection* connection, es_cause cause, const char* text);
  void finish(Connection* connection);
  void refuse(const Guest& guest, int code, const char* text);
  void answer_query(Onlooker* onlooker, int fd);
  int send_report(int fd);
  int send_latency(int fd, uint64_t connection) const;
  void fill_connection(const Connection& connection, es_connection_info* out) const;
  void announce_end(const Connection& connection, uint64_t discarded, const char* text);
  void announce(es_event_kind kind, const Connection* connection, int code, uint64_t value, const char* text = "");
  es_state state_of(const Connection& connection) const;

  Context* context_;
  uint32_t id_;
  Stream* stream_;
  es_format format_;
  es_accept accept_;
  uint32_t slots_wanted_;  // at least so many, from the beginning
  uint32_t max_writing_;
  bool wait_without_consumer_;
  bool unprotected_;
  bool support_reset_;
  uint64_t epoch_;
  uint32_t layout_ = 1;
  uint64_t number_ = 0;       // last posted
  uint64_t no_consumer_ = 0;  // posted while nobody was there
  int64_t last_posted_ = 0;   // when
  int64_t last_pts_ = ES_NO_PTS;  // of the last posted frame that had one
  uint64_t last_lease_ = 0;
  uint64_t last_connection_ = 0;
  uint32_t writing_ = 0;      // slots out for writing
  int last_slot_ = -1;        // the newest posted frame, for late consumers that start with it
  bool input_closed_ = false;
  bool stopped_ = false;
  bool closed_ = false;
  bool wake_pending_ = false;
  bool drops_watched_ = false;
  bool paused_ = false;
  uint64_t dropped_paused_ = 0;
  MetadataBlocks blocks_;
  UserInfo user_info_;
  bool user_info_told_ = false;
  StreamInfo stream_info_;
  uint64_t info_edition_ = 0;  // 0: nothing was told
  Deadline info_retry_{context_, [this] { tell_stream_info(); }};
  Throughput throughput_;
  Pool pool_;
  SlotClaims claims_;
  Deadline deadline_;
  int64_t holds_checked_at_ = 0;  // when check_holds() is due next; 0: nothing to look at
  Deadline reaper_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<es_connection_info> ended_;  // the newest ES_ENDED_MAX, so that a report of the end can have numbers
  std::vector<std::unique_ptr<Onlooker>> onlookers_;
  Fd link_;  // to the stream's process, when that is another one
  Watch link_watch_;
};

}  // namespace es
