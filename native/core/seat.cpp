#include "seat.hpp"

#include <algorithm>

#include "step.hpp"

namespace es {

// ---------------------------------------------------------------- producer

void ProducerSeat::init(SeatPage* page, uint64_t connection, const es_policy& policy, SlotClaims* claims) {
  page_ = page;
  claims_ = claims;
  policy_ = policy;
  page_->magic = kMagic;
  page_->version = kVersionMax;
  page_->connection = connection;
}

void ProducerSeat::activate(uint64_t last_number) {
  page_->start_number.store(last_number, std::memory_order_release);
}

bool ProducerSeat::refresh() { return refresh_queue() && refresh_held() && refresh_places(); }

bool ProducerSeat::refresh_queue() {
  for (; tail_ < head_; tail_++) {
    const uint32_t slot = slot_at(tail_);
    // SYNC POINT slot-returned (with ConsumerSeat::release): the consumer's reads happen before we see `free`.
    // SYNC POINT place-freed: sequentially consistent, so that no load goes before the flag of ask_for_signal().
    const uint64_t word = page_->word[slot].load(std::memory_order_seq_cst);
    if (word == pack_word(tail_, SlotState::queued)) return true;
    if (word == pack_word(tail_, SlotState::held) || word == pack_word(tail_, SlotState::yielding)) {
      // A consumer yields or releases before it takes beyond its credit, so among the held ones there must be room.
      if (held_count_ == policy_.max_held && !end_yielded()) return false;
      held_[held_count_++] = {tail_, slot};
      counters_.delivered++;
      lag_ = 0;
    } else if (word == pack_word(tail_, SlotState::free)) {
      counters_.delivered++;
      lag_ = 0;
      unclaim(slot);
    } else if (word == pack_word(tail_, SlotState::skipped)) {
      counters_.skipped++;
      passed_over_++;
      lag_++;
      unclaim(slot);
    } else {
      return false;
    }
  }
  return true;
}

bool ProducerSeat::refresh_held() {
  for (uint32_t index = 0; index < held_count_;) {
    const Held entry = held_[index];
    // SYNC POINT slot-returned, SYNC POINT place-freed: as in refresh_queue().
    const uint64_t word = page_->word[entry.slot].load(std::memory_order_seq_cst);
    if (word == pack_word(entry.position, SlotState::held) || word == pack_word(entry.position, SlotState::yielding)) {
      index++;
    } else if (word == pack_word(entry.position, SlotState::free)) {
      unclaim(entry.slot);
      held_[index] = held_[--held_count_];
    } else {
      return false;
    }
  }
  return true;
}

// The next frame was seen as held, so the exchange is done: what was yielded for it is free. The consumer says so
// itself in its next instruction; this end does not wait for that.
bool ProducerSeat::end_yielded() {
  for (uint32_t index = 0; index < held_count_; index++) {
    uint64_t expected = pack_word(held_[index].position, SlotState::yielding);
    page_->word[held_[index].slot].compare_exchange_strong(
        expected, pack_word(held_[index].position, SlotState::free), std::memory_order_acq_rel);
    ES_STEP("producer.yield.ended");
  }
  return refresh_held() && held_count_ < policy_.max_held;
}

// After refresh_queue(): who keeps a place says so before it takes the frame.
bool ProducerSeat::refresh_places() {
  places_kept_ = page_->places_kept.load(std::memory_order_seq_cst);
  return places_kept_ <= head_;
}

void ProducerSeat::ask_for_signal() {
  // SYNC POINT place-freed (with take_signal_request): our flag before our second look; its change before its look.
  page_->producer_waiting.store(1, std::memory_order_seq_cst);
  ES_STEP("producer.signal.asked");
}

bool ProducerSeat::take_back() {
  while (refresh_queue() && tail_ < head_) {
    const uint32_t slot = slot_at(tail_);
    uint64_t expected = pack_word(tail_, SlotState::queued);
    ES_STEP("producer.take-back.chosen");
    // SYNC POINT slot-owner (with ConsumerSeat::take): one of the two swaps wins, the loser sees it.
    if (page_->word[slot].compare_exchange_strong(expected, pack_word(tail_, SlotState::free),
                                                  std::memory_order_acq_rel, std::memory_order_acquire)) {
      ES_STEP("producer.take-back.won");
      unclaim(slot);
      tail_++;
      return true;
    }
  }
  return false;
}

bool ProducerSeat::overwrite_oldest() {
  if (!take_back()) return false;
  counters_.skipped++;
  lag_++;
  return true;
}

void ProducerSeat::push(uint32_t slot) {
  slots_[head_ % kRingSize] = static_cast<uint8_t>(slot);
  claims_->count[slot]++;
  counters_.posted++;
  ES_STEP("producer.push.counted");
  // SYNC POINT frame-visible (with ConsumerSeat::take): pixels and descriptor are written before the word says queued.
  page_->word[slot].store(pack_word(head_, SlotState::queued), std::memory_order_release);
  ES_STEP("producer.push.word");
  page_->ring[head_ % kRingSize].store(pack_entry(head_, slot), std::memory_order_release);
  ES_STEP("producer.push.ring");
  page_->newest.store(pack_entry(head_ + 1, slot), std::memory_order_relaxed);
  ES_STEP("producer.push.newest");
  publish_counters();
  ES_STEP("producer.push.published");
  // SYNC POINT consumer-asleep (with ConsumerSeat::prepare_sleep): head before we look at the flag.
  page_->head.store(++head_, std::memory_order_seq_cst);
  ES_STEP("producer.push.head");
}

// The head and the word of the next push() carry it over: a consumer that sees the frame sees this.
void ProducerSeat::announce() { page_->announced.store(++announced_, std::memory_order_release); }

void ProducerSeat::discard_one() {
  counters_.posted++;
  counters_.discarded++;
  publish_counters();
}

bool ProducerSeat::take_wake_request() {
  return page_->consumer_waiting.load(std::memory_order_seq_cst) != 0 &&
         page_->consumer_waiting.exchange(0, std::memory_order_seq_cst) != 0;
}

uint32_t ProducerSeat::discard_waiting() {
  uint32_t count = 0;
  while (take_back()) count++;
  counters_.discarded += count;
  publish_counters();
  return count;
}

void ProducerSeat::reset(uint64_t last_number) {
  discard_waiting();
  seen_before_reset_ = counters_.delivered;
  ES_STEP("producer.reset.emptied");
  // SYNC POINT reset (with ConsumerSeat::reset_number): the number before the flag is looked at, so that a consumer
  // that falls asleep on an old frame either sees the number or is woken.
  page_->reset_number.store(last_number, std::memory_order_seq_cst);
  ES_STEP("producer.reset.numbered");
}

int64_t ProducerSeat::find_overdue(int64_t now, int64_t limit) {
  const uint64_t kept = page_->kept.load(std::memory_order_relaxed);
  const uint64_t reused = page_->reused.load(std::memory_order_relaxed);
  const bool again = reused != seen_reused_;  // the frame taken last was given back and is out again
  seen_reused_ = reused;
  for (uint32_t index = 0; index < held_count_; index++) {
    Held& entry = held_[index];
    if (kept == entry.position + 1 || (again && entry.position == last_held())) {
      entry.since = 0;
      entry.told = false;
    }
    if (kept == entry.position + 1) continue;
    if (entry.since == 0) entry.since = now;
    if (entry.told || now - entry.since < limit) continue;
    entry.told = true;
    return now - entry.since;
  }
  return 0;
}

uint64_t ProducerSeat::last_held() const {
  uint64_t last = 0;
  for (uint32_t index = 0; index < held_count_; index++) last = std::max(last, held_[index].position);
  return last;
}

void ProducerSeat::abandon() {
  discard_waiting();
  for (; tail_ < head_; tail_++) {  // only after a violation: nobody can say what became of these
    counters_.discarded++;
    unclaim(slot_at(tail_));
  }
  for (uint32_t index = 0; index < held_count_; index++) unclaim(held_[index].slot);
  held_count_ = 0;
}

bool ProducerSeat::claims(uint32_t first_slot, uint32_t count) const {
  for (uint64_t position = tail_; position < head_; position++) {
    if (slot_at(position) - first_slot < count) return true;
  }
  for (uint32_t index = 0; index < held_count_; index++) {
    if (held_[index].slot - first_slot < count) return true;
  }
  return false;
}

// For the consumer's own statistics; not read back.
void ProducerSeat::publish_counters() {
  page_->posted.store(counters_.posted, std::memory_order_relaxed);
  page_->skipped.store(counters_.skipped - passed_over_, std::memory_order_relaxed);
  page_->discarded.store(counters_.discarded, std::memory_order_relaxed);
}

// ---------------------------------------------------------------- consumer

void ConsumerSeat::init(SeatPage* page, const es_policy& policy) {
  page_ = page;
  policy_ = policy;
  latency_.init(&page->latency);
}

// A frame that waits alone is found without another cache line.
uint64_t ConsumerSeat::entry_of(uint64_t position) const {
  const uint64_t newest = page_->newest.load(std::memory_order_acquire);
  if (newest >> 8 == position + 1) return pack_entry(position, newest & 0xff);
  return page_->ring[position % kRingSize].load(std::memory_order_acquire);
}

bool ConsumerSeat::peek(uint64_t* position, uint32_t* slot) {
  const uint64_t head = page_->head.load(std::memory_order_seq_cst);
  // What waits is always among the newest ES_CAPACITY_MAX positions; older entries need no look.
  if (head - tail_ > ES_CAPACITY_MAX) tail_ = head - ES_CAPACITY_MAX;
  const bool newest = policy_.pick == ES_PICK_NEWEST;
  for (uint64_t step = 0, count = head - tail_; step < count; step++) {
    const uint64_t candidate = newest ? head - 1 - step : tail_ + step;
    const uint64_t entry = entry_of(candidate);
    if (entry >> 8 != candidate) continue;  // the ring went round while we slept: newer frames are there
    const uint32_t index = entry & 0xff;
    if (page_->word[index].load(std::memory_order_acquire) == pack_word(candidate, SlotState::queued)) {
      if (!newest) tail_ = candidate;
      *position = candidate;
      *slot = index;
      return true;
    }
  }
  tail_ = head;
  return false;
}

bool ConsumerSeat::find_newest(uint64_t* position, uint32_t* slot) const {
  const uint64_t head = page_->head.load(std::memory_order_seq_cst);
  if (head == 0) return false;
  const uint64_t entry = entry_of(head - 1);
  *position = head - 1;
  *slot = entry & 0xff;
  const uint64_t queued = pack_word(*position, SlotState::queued);
  return entry >> 8 == *position && page_->word[*slot].load(std::memory_order_acquire) == queued;
}

// The producer writes a descriptor only after its slot has left the queue, so a word that still says queued after the
// reads vouches for them. Atomics, for the producer may write meanwhile; acquiring, so that the word is read last.
bool ConsumerSeat::read_waiting(uint64_t position, uint32_t slot, const SlotDescriptor& descriptor,
                                es_pending* out) const {
  out->number = __atomic_load_n(&descriptor.number, __ATOMIC_ACQUIRE);
  out->pts = __atomic_load_n(&descriptor.pts, __ATOMIC_ACQUIRE);
  return page_->word[slot].load(std::memory_order_relaxed) == pack_word(position, SlotState::queued);
}

bool ConsumerSeat::take(uint64_t position, uint32_t slot) {
  uint64_t expected = pack_word(position, SlotState::queued);
  ES_STEP("consumer.take.chosen");
  // SYNC POINT slot-owner (with ProducerSeat::take_back), SYNC POINT frame-visible (with ProducerSeat::push).
  if (!page_->word[slot].compare_exchange_strong(expected, pack_word(position, SlotState::held),
                                                 std::memory_order_seq_cst, std::memory_order_acquire)) {
    return false;
  }
  ES_STEP("consumer.take.owned");
  if (policy_.pick == ES_PICK_NEWEST) skip_older(position);
  tail_ = position + 1;
  delivered_++;
  return true;
}

bool ConsumerSeat::take_instead_of(uint64_t earlier_position, uint32_t earlier_slot, uint64_t position,
                                   uint32_t slot) {
  std::atomic<uint64_t>& earlier = page_->word[earlier_slot];
  uint64_t yielding = pack_word(earlier_position, SlotState::yielding);
  earlier.store(yielding, std::memory_order_release);
  ES_STEP("consumer.exchange.yielding");
  if (!take(position, slot)) {
    // Nothing was exchanged, so the producer let the word alone: the frame is still ours.
    earlier.store(pack_word(earlier_position, SlotState::held), std::memory_order_release);
    ES_STEP("consumer.exchange.kept");
    return false;
  }
  ES_STEP("consumer.exchange.taken");
  // It fails when the producer said so first; by now the slot may be queued again, so this must be no plain store.
  earlier.compare_exchange_strong(yielding, pack_word(earlier_position, SlotState::free), std::memory_order_seq_cst);
  ES_STEP("consumer.exchange.freed");
  return true;
}

void ConsumerSeat::skip_older(uint64_t position) {
  for (; tail_ < position; tail_++) {
    const uint64_t entry = page_->ring[tail_ % kRingSize].load(std::memory_order_acquire);
    if (entry >> 8 != tail_) continue;
    uint64_t expected = pack_word(tail_, SlotState::queued);
    if (page_->word[entry & 0xff].compare_exchange_strong(expected, pack_word(tail_, SlotState::skipped),
                                                          std::memory_order_acq_rel)) {
      ES_STEP("consumer.skip.passed");
      passed_over_++;
    }
  }
}

void ConsumerSeat::keep_place() {
  page_->places_kept.store(++places_kept_, std::memory_order_relaxed);
  ES_STEP("consumer.place.kept");
}

bool ConsumerSeat::consume(uint64_t count) {
  if (count > places_kept_) return false;
  places_kept_ -= count;
  // SYNC POINT place-freed (with ProducerSeat::ask_for_signal): the place before we look at the flag.
  page_->places_kept.store(places_kept_, std::memory_order_seq_cst);
  ES_STEP("consumer.place.freed");
  return true;
}

void ConsumerSeat::release(uint64_t position, uint32_t slot) {
  ES_STEP("consumer.release.due");
  // SYNC POINT slot-returned (with ProducerSeat::refresh_*): our reads of the slot happen before this store.
  page_->word[slot].store(pack_word(position, SlotState::free), std::memory_order_seq_cst);
  ES_STEP("consumer.release.freed");
}

void ConsumerSeat::keep(uint64_t position) {
  page_->kept.store(position + 1, std::memory_order_relaxed);
  ES_STEP("consumer.keep.told");
}

void ConsumerSeat::reuse() {
  page_->kept.store(0, std::memory_order_relaxed);
  ES_STEP("consumer.reuse.unkept");
  page_->reused.store(page_->reused.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

bool ConsumerSeat::prepare_sleep() {
  // SYNC POINT consumer-asleep (with ProducerSeat::push): our flag before our second look at head.
  page_->consumer_waiting.store(1, std::memory_order_seq_cst);
  ES_STEP("consumer.sleep.armed");
  uint64_t position;
  uint32_t slot;
  if (!peek(&position, &slot)) return true;
  page_->consumer_waiting.store(0, std::memory_order_relaxed);
  ES_STEP("consumer.sleep.disarmed");
  return false;
}

bool ConsumerSeat::take_signal_request() {
  // SYNC POINT place-freed (with ProducerSeat::ask_for_signal).
  return page_->producer_waiting.load(std::memory_order_seq_cst) != 0 &&
         page_->producer_waiting.exchange(0, std::memory_order_seq_cst) != 0;
}

SeatCounters ConsumerSeat::counters() const {
  SeatCounters counters;
  counters.posted = page_->posted.load(std::memory_order_relaxed);
  counters.skipped = page_->skipped.load(std::memory_order_relaxed) + passed_over_;
  counters.discarded = page_->discarded.load(std::memory_order_relaxed);
  counters.delivered = delivered_;
  return counters;
}

}  // namespace es
