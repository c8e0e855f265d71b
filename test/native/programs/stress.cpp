// stress [seconds] | stress control: both ends of a seat as two threads on one mapping, so that ThreadSanitizer sees
// every access. Each policy runs for its share of the time; the consumer checks every word of every frame. `control`
// writes to slots that the consumer holds: a sanitizer build must report it, or the clean run means nothing.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "seat.hpp"

namespace {

using namespace es;

constexpr uint32_t kPayload = 256;  // words per slot

[[noreturn]] void broken(const char* policy, const char* what, uint64_t number) {
  printf("%s: %s at frame %llu\n", policy, what, static_cast<unsigned long long>(number));
  fflush(stdout);
  _exit(1);
}

// A doorbell that the sanitizer does not know: it must find the order of accesses in the seat, not here.
class Doorbell {
 public:
  void ring() {
    rung_.store(1, std::memory_order_relaxed);
    syscall(SYS_futex, &rung_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
  void sleep() {
    const timespec limit{5, 0};
    while (rung_.exchange(0, std::memory_order_relaxed) == 0) {
      if (syscall(SYS_futex, &rung_, FUTEX_WAIT_PRIVATE, 0, &limit, nullptr, 0) != 0 && errno == ETIMEDOUT) {
        broken("doorbell", "a wake-up was lost", 0);
      }
    }
  }

 private:
  std::atomic<uint32_t> rung_ = 0;
};

struct Run {
  explicit Run(const es_policy& policy_in, bool control_in)
      : policy(policy_in), control(control_in), page(new (memory) SeatPage) {
    slots = 1 + policy.capacity + policy.max_held;
    payload.resize(slots * kPayload);
    producer.init(page, 1, policy, &claims);
    consumer.init(page, policy);
  }

  uint32_t free_slot() {
    if (!producer.refresh()) broken(policy.label, "a violation", number);
    for (uint32_t slot = 0; slot < slots; slot++) {
      if (claims.count[slot] == 0) return slot;
    }
    return UINT32_MAX;
  }

  void wait_for_signal() {
    producer.ask_for_signal();
    if (!producer.refresh()) broken(policy.label, "a violation", number);
    if (free_slot() != UINT32_MAX && producer.has_place()) return;
    to_producer.sleep();
  }

  void produce(int64_t until) {
    while (es_now() < until) {
      uint32_t slot;
      while ((slot = free_slot()) == UINT32_MAX) {
        if (policy.when_full != ES_FULL_WAIT) broken(policy.label, "no slot was free", number);
        wait_for_signal();
      }
      number++;
      for (uint32_t index = 0; index < kPayload; index++) payload[slot * kPayload + index] = number;
      if (control && number % 16 == 0) payload[(slot + 1) % slots * kPayload] = number;
      while (policy.when_full == ES_FULL_WAIT && !producer.has_place()) wait_for_signal();
      if (!producer.has_place()) {
        if (policy.when_full == ES_FULL_DROP) {
          producer.discard_one();
          continue;
        }
        producer.overwrite_oldest();
      }
      producer.push(slot);
      if (producer.take_wake_request()) to_consumer.ring();
    }
    done.store(true);
    to_consumer.ring();
  }

  void check(uint32_t slot) {
    const uint64_t first = payload[slot * kPayload];
    for (uint32_t index = 1; index < kPayload; index++) {
      if (payload[slot * kPayload + index] != first && !control) broken(policy.label, "a torn frame", first);
    }
    if (first <= last_seen && !control) broken(policy.label, "an old frame", first);
    if (policy.when_full == ES_FULL_WAIT && first != last_seen + 1 && !control) {
      broken(policy.label, "a missing frame", first);
    }
    last_seen = first;
  }

  void release_one(uint32_t index) {
    consumer.release(held[index].position, held[index].slot);
    if (consumer.take_signal_request()) to_producer.ring();
    held[index] = held.back();
    held.pop_back();
  }

  void consume() {
    uint32_t seed = 1;
    for (;;) {
      uint64_t position;
      uint32_t slot;
      if (!consumer.peek(&position, &slot)) {
        const bool last_look = done.load();
        if (consumer.prepare_sleep()) {
          if (last_look) return;
          to_consumer.sleep();
        }
        continue;
      }
      if (held.size() == policy.max_held) release_one(static_cast<uint32_t>(rand_r(&seed)) % policy.max_held);
      if (!consumer.take(position, slot)) continue;
      consumer.consume(1);
      if (consumer.take_signal_request()) to_producer.ring();
      check(slot);
      held.push_back({position, slot});
      if (rand_r(&seed) % 64 == 0) usleep(200);
      if (rand_r(&seed) % 2 == 0) release_one(static_cast<uint32_t>(held.size()) - 1);
    }
  }

  void finish() {
    while (!held.empty()) release_one(0);
    if (!producer.refresh()) broken(policy.label, "a violation at the end", number);
    const SeatCounters& counters = producer.counters();
    if (counters.posted != counters.delivered + counters.skipped + counters.discarded + producer.waiting() ||
        counters.posted != number || producer.waiting() != 0 || producer.held() != 0) {
      broken(policy.label, "counters that do not add up", number);
    }
    for (uint32_t slot = 0; slot < slots; slot++) {
      if (claims.count[slot] != 0) broken(policy.label, "a slot that never came back", number);
    }
    printf("%-12s capacity %3u held %2u: %9llu posted, %9llu delivered, %9llu skipped, %9llu discarded\n",
           policy.label, policy.capacity, policy.max_held, static_cast<unsigned long long>(counters.posted),
           static_cast<unsigned long long>(counters.delivered), static_cast<unsigned long long>(counters.skipped),
           static_cast<unsigned long long>(counters.discarded));
  }

  struct Held {
    uint64_t position;
    uint32_t slot;
  };
  es_policy policy;
  bool control;
  alignas(64) uint8_t memory[kSeatPageBytes] = {};
  SeatPage* page;
  SlotClaims claims;
  ProducerSeat producer;
  ConsumerSeat consumer;
  Doorbell to_consumer, to_producer;
  std::atomic<bool> done = false;
  uint32_t slots;
  std::vector<uint64_t> payload;  // plain memory: only the seat orders who touches it
  std::vector<Held> held;
  uint64_t number = 0, last_seen = 0;
};

void run(const es_policy& policy, int64_t nanoseconds, bool control) {
  auto stress = std::make_unique<Run>(policy, control);
  const int64_t until = es_now() + nanoseconds;
  std::thread producing([&] { stress->produce(until); });
  std::thread consuming([&] { stress->consume(); });
  producing.join();
  consuming.join();
  stress->finish();
}

es_policy make(const char* label, uint32_t capacity, es_when_full when_full, es_pick pick, uint16_t max_held) {
  es_policy policy{};
  policy.capacity = capacity;
  policy.when_full = static_cast<uint8_t>(when_full);
  policy.pick = static_cast<uint8_t>(pick);
  policy.max_held = max_held;
  policy.max_wait_ms = -1;
  strncpy(policy.label, label, sizeof policy.label - 1);
  return policy;
}

}  // namespace

int main(int argc, char** argv) {
  const es_policy policies[] = {
      make("mailbox", 1, ES_FULL_OVERWRITE, ES_PICK_NEWEST, 1),
      make("mailbox", 1, ES_FULL_OVERWRITE, ES_PICK_NEWEST, 3),
      make("newest", 4, ES_FULL_OVERWRITE, ES_PICK_NEWEST, 1),
      make("fifo", 1, ES_FULL_WAIT, ES_PICK_NEXT, 1),
      make("fifo", 4, ES_FULL_WAIT, ES_PICK_NEXT, 3),
      make("broadcast", 8, ES_FULL_OVERWRITE, ES_PICK_NEXT, 1),
      make("broadcast", 128, ES_FULL_OVERWRITE, ES_PICK_NEXT, 64),
      make("drop", 4, ES_FULL_DROP, ES_PICK_NEXT, 2),
  };
  constexpr int64_t kCount = sizeof policies / sizeof policies[0];
  if (argc == 2 && strcmp(argv[1], "control") == 0) {
    run(policies[3], 500'000'000, true);
    return 0;
  }
  const double seconds = argc == 2 ? atof(argv[1]) : 5;
  for (const es_policy& policy : policies) run(policy, static_cast<int64_t>(seconds * 1e9) / kCount, false);
  puts("all frames whole, all counters add up");
  return 0;
}
