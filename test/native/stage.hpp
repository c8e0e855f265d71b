// A stage for tests: one stream, its producer in one context, consumers in another. Both live in this process, but
// what passes between them goes through the socket, as between two processes.
#pragma once

#include <functional>
#include <vector>

#include "check.hpp"

namespace check {

es_policy mailbox();
es_policy fifo(uint32_t capacity, int32_t max_wait_ms = -1);
es_policy broadcast(uint32_t capacity, uint32_t max_lag = 0);
es_policy dropping(uint32_t capacity);

// Milliseconds since `start` (es_now).
int64_t elapsed_ms(int64_t start);
// Processor time of this process, milliseconds.
int64_t processor_ms();

class Stage {
 public:
  // `edit` may change the options before the producer is made.
  using Edit = std::function<void(es_stream_options*, es_producer_options*)>;
  explicit Stage(const Edit& edit = {});
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage();

  // Connects a consumer through the socket and lets both sides talk until nothing moves.
  es_consumer* join(const es_policy& policy, uint32_t format_mask = 0);
  // Connects a consumer in the producer's own context.
  es_consumer* join_in_process(const es_policy& policy);
  // Acquires, fills the frame with its number's low byte, posts; nothing of it may wait.
  uint64_t post();
  void post_many(uint32_t count);
  // Acquires a slot and posts it with this timeout; the slot is given back unless it was posted.
  int try_post(int64_t timeout_us = ES_NO_WAIT);
  // The next frame; fails the test when there is none or its bytes are not those that post() wrote.
  es_frame take(es_consumer* consumer, uint32_t flags = ES_ACQUIRE_NEW_ONLY);

  void settle();
  es_connection_info seen_by_producer(es_consumer* consumer);
  es_producer_info info();
  static es_consumer_info seen_by_consumer(es_consumer* consumer);
  // posted = delivered + skipped + discarded + waiting, on both sides, with these numbers.
  void check_counts(es_consumer* consumer, uint64_t posted, uint64_t delivered, uint64_t skipped, uint64_t discarded,
                    uint64_t waiting);

  // The events of one kind that came so far, oldest first; settle() collects them.
  std::vector<es_event> events(es_event_kind kind) const;

  es_context* here = nullptr;   // the producer's
  es_context* there = nullptr;  // the consumers'
  es_stream* stream = nullptr;
  es_producer* producer = nullptr;

 private:
  bool collect(es_context* context);
  std::vector<es_event> events_;
};

}  // namespace check
