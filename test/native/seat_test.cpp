// A seat, both ends in one thread: the state machine of one page, step by step and at random.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "check.hpp"
#include "seat.hpp"
#include "stage.hpp"

namespace {

using namespace es;

struct Seat {
  explicit Seat(const es_policy& policy) : page(new (memory) SeatPage) {
    memset(static_cast<void*>(memory), 0, sizeof memory);
    producer.init(page, 7, policy, &claims);
    consumer.init(page, policy);
  }
  // Takes the frame that is next. false: none waits.
  bool take(uint64_t* position, uint32_t* slot) {
    while (consumer.peek(position, slot)) {
      if (consumer.take(*position, *slot)) return true;
    }
    return false;
  }
  uint32_t claimed() const {
    uint32_t count = 0;
    for (const uint16_t claim : claims.count) count += claim;
    return count;
  }
  void word(uint32_t slot, uint64_t value) { page->word[slot].store(value); }

  alignas(64) uint8_t memory[kSeatPageBytes];
  SeatPage* page;
  SlotClaims claims;
  ProducerSeat producer;
  ConsumerSeat consumer;
};

}  // namespace

TEST("a pushed slot is claimed until the consumer releases it") {
  Seat seat(check::fifo(2));
  CHECK(seat.producer.refresh());
  CHECK(seat.producer.has_place());
  seat.producer.push(5);
  CHECK_EQUAL(seat.claims.count[5], 1);
  CHECK_EQUAL(seat.producer.waiting(), 1);
  uint64_t position;
  uint32_t slot;
  CHECK(seat.take(&position, &slot));
  CHECK_EQUAL(position, 0);
  CHECK_EQUAL(slot, 5);
  CHECK(seat.producer.refresh());
  CHECK_EQUAL(seat.producer.waiting(), 0);
  CHECK_EQUAL(seat.producer.held(), 1);
  CHECK_EQUAL(seat.producer.counters().delivered, 1);
  CHECK_EQUAL(seat.claims.count[5], 1);
  seat.consumer.release(position, slot);
  CHECK(seat.producer.refresh());
  CHECK_EQUAL(seat.producer.held(), 0);
  CHECK_EQUAL(seat.claims.count[5], 0);
  CHECK(!seat.consumer.peek(&position, &slot));
}

TEST("a place that is kept is free when the frame is consumed, not when it is taken or released") {
  Seat seat(check::fifo(1));
  seat.producer.push(0);
  CHECK(!seat.producer.has_place());
  uint64_t position;
  uint32_t slot;
  CHECK(!seat.consumer.consume(1));
  seat.consumer.keep_place();
  CHECK(seat.take(&position, &slot));
  seat.consumer.release(position, slot);
  CHECK(seat.producer.refresh());
  CHECK(!seat.producer.has_place());
  CHECK_EQUAL(seat.claims.count[0], 0);
  CHECK(seat.consumer.consume(1));
  CHECK(!seat.consumer.consume(1));
  CHECK(seat.producer.refresh());
  CHECK(seat.producer.has_place());
}

TEST("overwriting takes the oldest waiting frame back and counts it as skipped") {
  Seat seat(check::broadcast(2));
  seat.producer.push(0);
  seat.producer.push(1);
  CHECK(!seat.producer.has_place());
  CHECK(seat.producer.overwrite_oldest());
  CHECK(seat.producer.has_place());
  CHECK_EQUAL(seat.claims.count[0], 0);
  seat.producer.push(2);
  CHECK_EQUAL(seat.producer.counters().skipped, 1);
  CHECK_EQUAL(seat.producer.lag(), 1);
  uint64_t position;
  uint32_t slot;
  CHECK(seat.take(&position, &slot));
  CHECK_EQUAL(slot, 1);
  CHECK(seat.producer.refresh());
  CHECK_EQUAL(seat.producer.lag(), 0);
}

TEST("of taking and overwriting one frame exactly one wins, and the other sees it") {
  Seat seat(check::mailbox());
  seat.producer.push(3);
  uint64_t position;
  uint32_t slot;
  CHECK(seat.consumer.peek(&position, &slot));
  CHECK(seat.producer.overwrite_oldest());
  CHECK(!seat.consumer.take(position, slot));
  seat.producer.push(4);
  CHECK(seat.consumer.peek(&position, &slot));
  CHECK_EQUAL(slot, 4);
  CHECK(seat.consumer.take(position, slot));
  CHECK(!seat.producer.overwrite_oldest());
  CHECK_EQUAL(seat.producer.counters().delivered, 1);
  CHECK_EQUAL(seat.producer.counters().skipped, 1);
}

TEST("taking the newest passes over the older ones and frees their places and slots") {
  es_policy policy = check::mailbox();
  policy.capacity = 4;
  Seat seat(policy);
  for (uint32_t slot = 0; slot < 4; slot++) seat.producer.push(slot);
  uint64_t position;
  uint32_t slot;
  CHECK(seat.take(&position, &slot));
  CHECK_EQUAL(slot, 3);
  CHECK(seat.producer.refresh());
  CHECK_EQUAL(seat.producer.counters().skipped, 3);
  CHECK_EQUAL(seat.producer.counters().delivered, 1);
  CHECK_EQUAL(seat.producer.waiting(), 0);
  CHECK_EQUAL(seat.claimed(), 1);
  for (int index = 0; index < 4; index++) {
    CHECK(seat.producer.has_place());
    seat.producer.push(static_cast<uint32_t>(10 + index));
  }
  CHECK(!seat.producer.has_place());
}

TEST("a consumer that holds more than its credit is in violation") {
  es_policy policy = check::fifo(4);
  policy.max_held = 2;
  Seat seat(policy);
  for (uint32_t slot = 0; slot < 3; slot++) seat.producer.push(slot);
  uint64_t position;
  uint32_t slot;
  CHECK(seat.take(&position, &slot));
  CHECK(seat.take(&position, &slot));
  CHECK(seat.producer.refresh());
  CHECK_EQUAL(seat.producer.held(), 2);
  CHECK(seat.take(&position, &slot));
  CHECK(!seat.producer.refresh());
}

TEST("releasing before taking beyond the credit is legal, whatever the producer saw in between") {
  Seat seat(check::fifo(4));
  seat.producer.push(0);
  seat.producer.push(1);
  uint64_t first, second;
  uint32_t first_slot, second_slot;
  CHECK(seat.take(&first, &first_slot));
  CHECK(seat.producer.refresh());
  seat.consumer.release(first, first_slot);
  CHECK(seat.take(&second, &second_slot));
  CHECK(seat.producer.refresh());
  CHECK_EQUAL(seat.producer.held(), 1);
  CHECK_EQUAL(seat.claims.count[0], 0);
}

TEST("a word that is no legal successor is a violation") {
  void (*const evil[])(Seat*) = {
      [](Seat* seat) { seat->word(1, pack_word(0, static_cast<SlotState>(5))); },
      [](Seat* seat) { seat->word(1, pack_word(0, static_cast<SlotState>(255))); },
      [](Seat* seat) { seat->word(1, pack_word(1, SlotState::queued)); },
      [](Seat* seat) { seat->word(1, pack_word(12345, SlotState::held)); },
      [](Seat* seat) { seat->word(1, UINT64_MAX); },
      [](Seat* seat) { seat->page->places_kept.store(2); },
      [](Seat* seat) { seat->page->places_kept.store(UINT64_MAX); },
  };
  for (const auto act : evil) {
    auto seat = std::make_unique<Seat>(check::fifo(4));
    seat->producer.push(1);
    CHECK(seat->producer.refresh());
    act(seat.get());
    CHECK(!seat->producer.refresh());
    seat->producer.abandon();
    CHECK_EQUAL(seat->claimed(), 0);
    CHECK_EQUAL(seat->producer.counters().posted, seat->producer.counters().delivered +
                                                      seat->producer.counters().skipped +
                                                      seat->producer.counters().discarded);
  }
}

TEST("a held word may only become free") {
  Seat seat(check::fifo(4));
  seat.producer.push(0);
  seat.producer.push(1);
  uint64_t position;
  uint32_t slot;
  CHECK(seat.take(&position, &slot));
  CHECK(seat.producer.refresh());
  seat.word(0, pack_word(0, SlotState::queued));
  CHECK(!seat.producer.refresh());
  seat.word(0, pack_word(0, SlotState::skipped));
  CHECK(!seat.producer.refresh());
  seat.word(0, pack_word(0, SlotState::held));
  CHECK(seat.producer.refresh());
}

TEST("a sleeping consumer is woken once, a waiting producer is signalled once") {
  Seat seat(check::fifo(2));
  CHECK(!seat.producer.take_wake_request());
  CHECK(seat.consumer.prepare_sleep());
  seat.producer.push(0);
  CHECK(seat.producer.take_wake_request());
  CHECK(!seat.producer.take_wake_request());
  CHECK(!seat.consumer.prepare_sleep());
  CHECK(!seat.producer.take_wake_request());
  CHECK(!seat.consumer.take_signal_request());
  seat.producer.ask_for_signal();
  CHECK(seat.consumer.take_signal_request());
  CHECK(!seat.consumer.take_signal_request());
}

TEST("discarding what waits leaves what is held") {
  Seat seat(check::fifo(4));
  for (uint32_t slot = 0; slot < 3; slot++) seat.producer.push(slot);
  uint64_t position;
  uint32_t slot;
  CHECK(seat.take(&position, &slot));
  CHECK_EQUAL(seat.producer.discard_waiting(), 2);
  CHECK_EQUAL(seat.producer.held(), 1);
  CHECK_EQUAL(seat.claimed(), 1);
  CHECK(!seat.consumer.peek(&position, &slot));
  CHECK_EQUAL(seat.consumer.counters().discarded, 2);
  seat.producer.abandon();
  CHECK_EQUAL(seat.claimed(), 0);
}

namespace {

// A producer and a consumer that do random things, and a record of what each slot should be.
struct RandomWalk {
  RandomWalk(const es_policy& policy_in, uint32_t seed_in) : policy(policy_in), seat(policy_in), seed(seed_in) {}

  uint32_t random(uint32_t below) { return static_cast<uint32_t>(rand_r(&seed)) % below; }

  void push_one() {
    CHECK(seat.producer.refresh());
    if (!seat.producer.has_place()) {
      if (policy.when_full == ES_FULL_WAIT) return;
      if (policy.when_full == ES_FULL_DROP) return seat.producer.discard_one();
      CHECK(seat.producer.overwrite_oldest());
    }
    for (uint32_t slot = 0;; slot++) {
      CHECK(slot < ES_SLOTS_MAX);
      if (seat.claims.count[slot] != 0) continue;
      content[slot] = ++number;
      return seat.producer.push(slot);
    }
  }

  void take_one() {
    uint64_t position;
    uint32_t slot;
    if (held_count == policy.max_held) release_one();
    if (!seat.take(&position, &slot)) return;
    CHECK(content[slot] > last_seen);
    last_seen = content[slot];
    held[held_count++] = {position, slot, content[slot]};
  }

  void release_one() {
    if (held_count == 0) return;
    const uint32_t index = random(held_count);
    CHECK_EQUAL(content[held[index].slot], held[index].number);
    seat.consumer.release(held[index].position, held[index].slot);
    held[index] = held[--held_count];
  }

  void check_sums() {
    CHECK(seat.producer.refresh());
    const SeatCounters& counters = seat.producer.counters();
    CHECK_EQUAL(counters.posted,
                counters.delivered + counters.skipped + counters.discarded + seat.producer.waiting());
    CHECK_EQUAL(seat.producer.held(), held_count);
    CHECK_EQUAL(seat.claimed(), held_count + seat.producer.waiting());
    CHECK(seat.producer.waiting() <= policy.capacity);
    CHECK_EQUAL(seat.consumer.counters().delivered, counters.delivered);
  }

  struct Held {
    uint64_t position;
    uint32_t slot;
    uint64_t number;
  };
  es_policy policy;
  Seat seat;
  uint32_t seed;
  uint64_t number = 0, last_seen = 0;
  uint64_t content[ES_SLOTS_MAX] = {};
  Held held[ES_HELD_MAX] = {};
  uint32_t held_count = 0;
};

}  // namespace

TEST("counters add up and no held slot is reused, over 100000 frames of every policy") {
  es_policy newest = check::mailbox();
  newest.capacity = 7;
  es_policy credits = check::fifo(5);
  credits.max_held = 6;
  es_policy largest = check::broadcast(ES_CAPACITY_MAX);
  largest.max_held = ES_HELD_MAX;
  const es_policy policies[] = {check::mailbox(), check::fifo(1),     check::fifo(ES_CAPACITY_MAX), check::broadcast(8),
                                check::dropping(3), newest, credits, largest};
  const auto seed = static_cast<uint32_t>(es_now());
  printf("    seed %u\n", seed);
  for (const es_policy& policy : policies) {
    auto walk = std::make_unique<RandomWalk>(policy, seed);
    // Phases in which one side is faster fill the queue to its brim and run it dry, far beyond the ring's 512 entries.
    uint32_t push_weight = 50;
    for (uint32_t step = 0; walk->seat.producer.counters().posted < 100000; step++) {
      if (step % 1024 == 0) push_weight = 20 + walk->random(70);
      const uint32_t choice = walk->random(100);
      if (choice < push_weight) {
        walk->push_one();
      } else if (choice % 3 == 0) {
        walk->release_one();
      } else {
        walk->take_one();
      }
      if (step % 16 == 0) walk->check_sums();
    }
    walk->seat.producer.abandon();
    CHECK_EQUAL(walk->seat.claimed(), 0);
  }
}

TEST("the last credit is exchanged whole or not at all: a lost race leaves the earlier frame held") {
  Seat seat(check::mailbox());
  uint64_t earlier, position;
  uint32_t earlier_slot, slot;
  seat.producer.push(0);
  CHECK(seat.take(&earlier, &earlier_slot));
  seat.producer.push(1);
  CHECK(seat.consumer.peek(&position, &slot));
  CHECK(seat.producer.overwrite_oldest());  // between the consumer's look and its grasp
  CHECK(!seat.consumer.take_instead_of(earlier, earlier_slot, position, slot));
  CHECK(seat.producer.refresh());
  CHECK_EQUAL(seat.claims.count[0], 1);
  CHECK_EQUAL(seat.claims.count[1], 0);
  CHECK_EQUAL(seat.producer.held(), 1);
  seat.producer.push(1);
  CHECK(seat.consumer.peek(&position, &slot));
  CHECK(seat.consumer.take_instead_of(earlier, earlier_slot, position, slot));
  seat.consumer.consume(1);
  CHECK(seat.producer.refresh());
  CHECK_EQUAL(seat.claims.count[0], 0);
  CHECK_EQUAL(seat.claims.count[1], 1);
  CHECK_EQUAL(seat.producer.held(), 1);
}

TEST("a consumer stopped in the middle of an exchange keeps one slot, not two") {
  Seat seat(check::mailbox());
  uint64_t earlier, position;
  uint32_t earlier_slot, slot;
  seat.producer.push(0);
  CHECK(seat.take(&earlier, &earlier_slot));
  seat.producer.push(1);
  seat.word(earlier_slot, pack_word(earlier, SlotState::yielding));
  CHECK(seat.take(&position, &slot));  // and here it is stopped, before it frees the earlier one
  CHECK(seat.producer.refresh());
  CHECK_EQUAL(seat.claims.count[0], 0);
  CHECK_EQUAL(seat.producer.held(), 1);
  seat.producer.push(0);  // the slot is somebody's again
  CHECK(seat.producer.refresh());
  CHECK_EQUAL(seat.claims.count[0], 1);
}

TEST("a consumer that lies about the places it keeps has no more waiting frames than its capacity") {
  Seat seat(check::mailbox());
  for (uint32_t slot = 0; slot < 6; slot++) {
    seat.page->places_kept.store(slot % 3);  // a lie
    if (!seat.producer.refresh()) break;
    if (!seat.producer.has_place()) CHECK(seat.producer.overwrite_oldest());
    seat.producer.push(slot);
    CHECK(seat.producer.refresh());
    CHECK(seat.producer.waiting() <= 1);
  }
}
