// stress [seconds] | stress control: a producer and its consumers as threads on one mapping of each seat, so that
// ThreadSanitizer sees every access. Each crew of policies runs for its share of the time; a consumer checks every word
// of every frame. `control` writes to slots that a consumer holds: a sanitizer build must report it, or the clean run
// means nothing. The build has a second control, stress_weakened: the same program with one store of the seat relaxed.
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

// One consumer: its seat from both ends, and what its thread knows.
struct Reader {
  Reader(const es_policy& policy_in, SlotClaims* claims) : policy(policy_in), page(new (memory) SeatPage) {
    producer.init(page, 1, policy, claims);
    consumer.init(page, policy);
  }

  struct Held {
    uint64_t position;
    uint32_t slot;
  };
  es_policy policy;
  alignas(64) uint8_t memory[kSeatPageBytes] = {};
  SeatPage* page;
  ProducerSeat producer;
  ConsumerSeat consumer;
  Doorbell wake;
  std::vector<Held> held;
  uint64_t last_seen = 0;
};

struct Run {
  Run(const std::vector<es_policy>& policies, bool control_in) : control(control_in) {
    for (const es_policy& policy : policies) {
      readers.push_back(std::make_unique<Reader>(policy, &claims));
      slots += policy.capacity + policy.max_held;
      waits = waits || policy.when_full == ES_FULL_WAIT;
    }
    payload.resize(slots * kPayload);
  }

  void refresh() {
    for (const auto& reader : readers) {
      if (!reader->producer.refresh()) broken(reader->policy.label, "a violation", number);
    }
  }

  uint32_t free_slot() {
    refresh();
    for (uint32_t slot = 0; slot < slots; slot++) {
      if (claims.count[slot] == 0) return slot;
    }
    return UINT32_MAX;
  }

  // As every waiting queue counts places.
  bool has_place() const {
    for (const auto& reader : readers) {
      if (reader->policy.when_full == ES_FULL_WAIT && !reader->producer.has_place()) return false;
    }
    return true;
  }

  void wait_for_signal() {
    for (const auto& reader : readers) reader->producer.ask_for_signal();
    if (free_slot() != UINT32_MAX && has_place()) return;
    to_producer.sleep();
    refresh();
  }

  void deliver(Reader* reader, uint32_t slot) {
    if (!reader->producer.has_place()) {
      if (reader->policy.when_full == ES_FULL_DROP) return reader->producer.discard_one();
      reader->producer.overwrite_oldest();
    }
    reader->producer.push(slot);
    if (reader->producer.take_wake_request()) reader->wake.ring();
  }

  void produce(int64_t until) {
    while (es_now() < until) {
      uint32_t slot;
      while ((slot = free_slot()) == UINT32_MAX) {
        if (!waits) broken(readers[0]->policy.label, "no slot was free", number);
        wait_for_signal();
      }
      number++;
      for (uint32_t index = 0; index < kPayload; index++) payload[slot * kPayload + index] = number;
      if (control && number % 16 == 0) payload[(slot + 1) % slots * kPayload] = number;
      while (!has_place()) wait_for_signal();
      for (const auto& reader : readers) deliver(reader.get(), slot);
    }
    done.store(true);
    for (const auto& reader : readers) reader->wake.ring();
  }

  void check(Reader* reader, uint32_t slot) {
    const char* label = reader->policy.label;
    const uint64_t first = payload[slot * kPayload];
    for (uint32_t index = 1; index < kPayload; index++) {
      if (payload[slot * kPayload + index] != first && !control) broken(label, "a torn frame", first);
    }
    if (first <= reader->last_seen && !control) broken(label, "an old frame", first);
    if (reader->policy.when_full == ES_FULL_WAIT && first != reader->last_seen + 1 && !control) {
      broken(label, "a missing frame", first);
    }
    reader->last_seen = first;
  }

  void release_one(Reader* reader, uint32_t index) {
    reader->consumer.release(reader->held[index].position, reader->held[index].slot);
    if (reader->consumer.take_signal_request()) to_producer.ring();
    reader->held[index] = reader->held.back();
    reader->held.pop_back();
  }

  void consume(Reader* reader) {
    uint32_t seed = 1;
    const auto draw = [&seed](uint32_t below) { return static_cast<uint32_t>(rand_r(&seed)) % below; };
    ConsumerSeat& seat = reader->consumer;
    for (;;) {
      uint64_t position;
      uint32_t slot;
      if (!seat.peek(&position, &slot)) {
        const bool last_look = done.load();
        if (seat.prepare_sleep()) {
          if (last_look) return;
          reader->wake.sleep();
        }
        continue;
      }
      if (reader->held.size() == reader->policy.max_held) release_one(reader, draw(reader->policy.max_held));
      if (!seat.take(position, slot)) continue;
      if (seat.take_signal_request()) to_producer.ring();
      check(reader, slot);
      reader->held.push_back({position, slot});
      if (draw(64) == 0) usleep(200);
      if (draw(2) == 0) release_one(reader, static_cast<uint32_t>(reader->held.size()) - 1);
    }
  }

  void finish() {
    for (const auto& reader : readers) {
      while (!reader->held.empty()) release_one(reader.get(), 0);
    }
    refresh();
    for (const auto& reader : readers) {
      const es_policy& policy = reader->policy;
      const SeatCounters& counters = reader->producer.counters();
      const uint32_t waiting = reader->producer.waiting();
      if (counters.posted != counters.delivered + counters.skipped + counters.discarded + waiting ||
          counters.posted != number || waiting != 0 || reader->producer.held() != 0) {
        broken(policy.label, "counters that do not add up", number);
      }
      printf("%-12s capacity %3u held %2u: %9llu posted, %9llu delivered, %9llu skipped, %9llu discarded\n",
             policy.label, policy.capacity, policy.max_held, static_cast<unsigned long long>(counters.posted),
             static_cast<unsigned long long>(counters.delivered), static_cast<unsigned long long>(counters.skipped),
             static_cast<unsigned long long>(counters.discarded));
    }
    for (uint32_t slot = 0; slot < slots; slot++) {
      if (claims.count[slot] != 0) broken(readers[0]->policy.label, "a slot that never came back", number);
    }
  }

  bool control;
  bool waits = false;
  SlotClaims claims;
  std::vector<std::unique_ptr<Reader>> readers;
  Doorbell to_producer;
  std::atomic<bool> done = false;
  uint32_t slots = 1;
  std::vector<uint64_t> payload;  // plain memory: only the seats order who touches it
  uint64_t number = 0;
};

void run(const std::vector<es_policy>& policies, int64_t nanoseconds, bool control) {
  Run stress(policies, control);
  const int64_t until = es_now() + nanoseconds;
  std::vector<std::thread> threads;
  for (const auto& reader : stress.readers) {
    threads.emplace_back([&stress, reader = reader.get()] { stress.consume(reader); });
  }
  threads.emplace_back([&] { stress.produce(until); });
  for (std::thread& thread : threads) thread.join();
  stress.finish();
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
  const es_policy mailbox = make("mailbox", 1, ES_FULL_OVERWRITE, ES_PICK_NEWEST, 1);
  const es_policy fifo = make("fifo", 4, ES_FULL_WAIT, ES_PICK_NEXT, 3);
  const es_policy broadcast = make("broadcast", 8, ES_FULL_OVERWRITE, ES_PICK_NEXT, 1);
  const es_policy drop = make("drop", 4, ES_FULL_DROP, ES_PICK_NEXT, 2);
  const std::vector<es_policy> crews[] = {
      {mailbox},
      {make("mailbox", 1, ES_FULL_OVERWRITE, ES_PICK_NEWEST, 3)},
      {make("newest", 4, ES_FULL_OVERWRITE, ES_PICK_NEWEST, 1)},
      {make("fifo", 1, ES_FULL_WAIT, ES_PICK_NEXT, 1)},
      {fifo},
      {broadcast},
      {make("broadcast", 128, ES_FULL_OVERWRITE, ES_PICK_NEXT, 64)},
      {drop},
      {mailbox, broadcast, drop},
      {mailbox, fifo, broadcast, drop},
  };
  constexpr int64_t kCount = sizeof crews / sizeof crews[0];
  if (argc == 2 && strcmp(argv[1], "control") == 0) {
    run(crews[3], 500'000'000, true);
    return 0;
  }
  const double seconds = argc == 2 ? atof(argv[1]) : 5;
  for (const auto& crew : crews) run(crew, static_cast<int64_t>(seconds * 1e9) / kCount, false);
  puts("all frames whole, all counters add up");
  return 0;
}
