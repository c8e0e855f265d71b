// A seat: one consumer's place at a stream, the page behind it seen from both ends. The only file with atomics.
//
//   producer                        seat page                          consumer
//   push: word = queued  ------->   word[slot]: position | state  --->  take: queued -> held (compare-and-swap)
//         ring[position] = slot     ring[position % 512] = slot
//         head++         ------->   head                       <-----   reads head, then its next ring entry
//   overwrite: queued -> free       (compare-and-swap; the loser of the race sees it and moves on)
//                                   with one credit: old held -> yielding, new queued -> held, old yielding -> free
//   refresh: sees held, free  <---  release: held -> free
//
// Ownership of a slot moves by one compare-and-swap on its word, so both ends always agree who has it, whatever
// instruction either dies at. The producer believes nothing else in the page: it keeps its own record of what it
// queued where, and a word that is not one of the legal successors is a violation.
#pragma once

#include "latency.hpp"
#include "protocol.hpp"

namespace es {

// How many seats still claim each slot; a slot may be written when its count is 0.
struct SlotClaims {
  uint16_t count[ES_SLOTS_MAX] = {};
};

struct SeatCounters {
  uint64_t posted = 0, delivered = 0, skipped = 0, discarded = 0;
};

// The producer's end. Single-threaded: the owner's lock.
class ProducerSeat {
 public:
  void init(SeatPage* page, uint64_t connection, const es_policy& policy, SlotClaims* claims);
  void activate(uint64_t last_number);

  // Observes what the consumer did. false: the page holds something no consumer of this protocol writes.
  bool refresh();
  // A place for one more frame, as the policy counts places. Call refresh() first.
  bool has_place() const { return occupied() < policy_.capacity; }
  // Asks the consumer to signal when it frees a place or a slot. Look again after this, before sleeping.
  void ask_for_signal();
  // Takes the oldest waiting frame back. false: none waits.
  bool overwrite_oldest();
  // Makes the slot the consumer's next frame. The caller has made a place, or accepts one too many.
  void push(uint32_t slot);
  // A message about memory was sent: frames pushed from here on rely on it.
  void announce();
  // Counts a frame that this consumer does not get.
  void discard_one();
  // true once per sleep: the caller must wake the consumer.
  bool take_wake_request();
  // Takes every waiting frame back; counts them as discarded. Held ones stay the consumer's.
  uint32_t discard_waiting();
  // The same, and what it has seen so far is no old frame any more. `last_number`: last posted to anyone.
  void reset(uint64_t last_number);
  // It has acquired a frame since the last reset.
  bool has_seen() const { return counters_.delivered > seen_before_reset_; }
  // How long one of the held frames has been out, when that is at least `limit` and was not told before; 0: none has.
  // Counted from the first look at it. A frame that the consumer only keeps for reuse is not held by anybody; that one
  // frame is the consumer's for as long as it wants, so nothing is lost by believing it.
  int64_t find_overdue(int64_t now, int64_t limit);
  // The consumer is dead or gone: all its slots are free from here on.
  void abandon();

  // As of the last refresh(), like the counters: together they always add up.
  uint32_t waiting() const { return static_cast<uint32_t>(head_ - tail_); }
  // Frames that left the queue and still count as waiting; see ES_ACQUIRE_KEEP_PLACE.
  uint64_t places_kept() const { return places_kept_; }
  uint64_t occupied() const { return waiting() + places_kept_; }
  uint32_t held() const { return held_count_; }
  // A frame in one of these slots waits or is held.
  bool claims(uint32_t first_slot, uint32_t count) const;
  const SeatCounters& counters() const { return counters_; }
  uint64_t lag() const { return lag_; }
  const es_policy& policy() const { return policy_; }
  // As the consumer wrote it; for people only.
  const LatencyCounters& latency() const { return page_->latency; }
  uint32_t latency_us() const { return page_->latency_us.load(std::memory_order_relaxed); }

 private:
  struct Held {
    uint64_t position;
    uint32_t slot;
    int64_t since = 0;  // when find_overdue() saw it first
    bool told = false;
  };

  uint32_t slot_at(uint64_t position) const { return slots_[position % kRingSize]; }
  bool refresh_queue();
  bool refresh_held();
  bool end_yielded();
  bool refresh_places();
  bool take_back();
  uint64_t last_held() const;
  void unclaim(uint32_t slot) { claims_->count[slot]--; }
  void publish_counters();

  SeatPage* page_ = nullptr;
  SlotClaims* claims_ = nullptr;
  es_policy policy_{};
  SeatCounters counters_;
  uint64_t head_ = 0;         // positions handed out
  uint64_t tail_ = 0;         // oldest position not yet seen to have left the queue
  uint64_t places_kept_ = 0;  // of frames that left the queue, as last believed
  uint64_t lag_ = 0;          // skipped since the last delivery
  uint64_t seen_before_reset_ = 0;
  uint64_t seen_reused_ = 0;
  uint64_t passed_over_ = 0;  // skipped by the consumer itself, which counts these on its own
  uint64_t announced_ = 0;    // messages about memory
  uint8_t slots_[kRingSize] = {};
  Held held_[ES_HELD_MAX] = {};
  uint32_t held_count_ = 0;
};

// The consumer's end. Single-threaded: its context's lock.
class ConsumerSeat {
 public:
  void init(SeatPage* page, const es_policy& policy);

  // The frame that take() would try first. false: none waits.
  bool peek(uint64_t* position, uint32_t* slot);
  // Number and time of a frame that waits, without a lease. false: it was taken back, and what was read is worthless.
  bool read_waiting(uint64_t position, uint32_t slot, const SlotDescriptor& descriptor, es_pending* out) const;
  // How many messages about memory stand before the frame that peek() found. A slot's index comes again after its
  // memory was retired, so who has read fewer does not know yet what lies in it.
  uint64_t announced() const { return page_->announced.load(std::memory_order_acquire); }
  // Leases that frame. false: the producer took it back in the meantime; peek again.
  bool take(uint64_t position, uint32_t slot);
  // The newest frame, whatever the mode would take next. false: it does not wait.
  bool find_newest(uint64_t* position, uint32_t* slot) const;
  // The same, for the last credit: the earlier frame is given back if and only if this one is taken.
  bool take_instead_of(uint64_t earlier_position, uint32_t earlier_slot, uint64_t position, uint32_t slot);
  // The place of the frame that is taken next stays occupied until consume(). Call it before take().
  void keep_place();
  // false: so many are not kept.
  bool consume(uint64_t count);
  void release(uint64_t position, uint32_t slot);
  // The frame at `position` is only kept for reuse; it is out again. Nothing but find_overdue() reads either.
  void keep(uint64_t position);
  void reuse();
  // Arms the wake-up. true: go to sleep; false: something came in between.
  bool prepare_sleep();
  // true once per request: the caller must signal the producer.
  bool take_signal_request();
  // SYNC POINT reset (with ProducerSeat::reset): after the flag of prepare_sleep().
  uint64_t reset_number() const { return page_->reset_number.load(std::memory_order_seq_cst); }
  uint64_t start_number() const { return page_->start_number.load(std::memory_order_acquire); }
  // posted, discarded and what was taken back as the producer counts them; the rest is this side's own count.
  SeatCounters counters() const;
  LatencyWriter& latency() { return latency_; }
  void set_latency_us(uint32_t us) { page_->latency_us.store(us, std::memory_order_relaxed); }
  void copy_latency(es_latency* out) const { es::copy_latency(page_->latency, out); }

 private:
  uint64_t entry_of(uint64_t position) const;
  void skip_older(uint64_t position);

  SeatPage* page_ = nullptr;
  es_policy policy_{};
  uint64_t tail_ = 0;  // next position to look at
  uint64_t delivered_ = 0;
  uint64_t passed_over_ = 0;
  uint64_t places_kept_ = 0;
  LatencyWriter latency_;
};

}  // namespace es
