// A consumer that breaks the protocol in its own page is evicted and harms nobody else.
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>

#include "raw_peer.hpp"
#include "stage.hpp"

using check::RawPeer;
using check::Stage;

namespace {

// A hostile consumer with a seat, in front of its stage.
struct Intruder {
  explicit Intruder(Stage* stage, const es_policy& policy) : peer("stage") {
    peer.hello(policy);
    stage->settle();
    peer.attach();
    stage->settle();
  }
  RawPeer peer;
};

void check_evicted(Stage* stage, Intruder* intruder) {
  stage->info();  // the producer looks at every page
  CHECK_EQUAL(intruder->peer.goodbye(0), ES_CAUSE_EVICTED_VIOLATION);
  stage->settle();
  const auto gone = stage->events(ES_EVENT_DISCONNECTED);
  CHECK_EQUAL(gone.size(), 1);
  CHECK_EQUAL(gone[0].code, ES_CAUSE_EVICTED_VIOLATION);
}

}  // namespace

TEST("marking a waiting frame illegally is an eviction") {
  for (const uint64_t word : {UINT64_MAX, es::pack_word(0, static_cast<es::SlotState>(9)),
                              es::pack_word(77, es::SlotState::queued)}) {
    Stage stage;
    es_consumer* good = stage.join(check::fifo(4));
    Intruder intruder(&stage, check::fifo(4));
    stage.post();
    const uint64_t slot = intruder.peer.page->ring[0].load() & 0xff;
    intruder.peer.page->word[slot].store(word);
    check_evicted(&stage, &intruder);
    CHECK_EQUAL(stage.take(good).number, 1);
  }
}

TEST("keeping more places than there were frames is an eviction") {
  for (const uint64_t kept : {UINT64_C(5), UINT64_MAX}) {
    Stage stage;
    Intruder intruder(&stage, check::fifo(4));
    stage.post();
    intruder.peer.page->places_kept.store(kept);
    check_evicted(&stage, &intruder);
  }
}

TEST("holding more than granted is an eviction") {
  Stage stage;
  Intruder intruder(&stage, check::fifo(4));
  stage.post_many(2);
  uint64_t position;
  uint32_t slot;
  CHECK(intruder.peer.take(&position, &slot, 100));
  CHECK(intruder.peer.take(&position, &slot, 100));
  check_evicted(&stage, &intruder);
}

TEST("an evicted intruder that stays takes no slots from the others") {
  Stage stage;
  es_consumer* frozen = stage.join(check::broadcast(8));  // nobody reads it for now
  Intruder intruder(&stage, check::fifo(8));
  stage.post_many(8);
  memset(static_cast<void*>(intruder.peer.page->word), 0xff, sizeof intruder.peer.page->word);
  for (int index = 0; index < 40; index++) stage.post();  // the producer never waits for a broadcast consumer
  check_evicted(&stage, &intruder);
  CHECK_EQUAL(stage.take(frozen).number, 41);
  const es_connection_info info = stage.seen_by_producer(frozen);
  CHECK_EQUAL(info.posted, info.delivered + info.skipped + info.discarded + info.waiting);
}

TEST("an evicted intruder's counters still add up") {
  Stage stage;
  Intruder intruder(&stage, check::fifo(8));
  stage.post_many(5);
  memset(static_cast<void*>(intruder.peer.page->word), 0xff, sizeof intruder.peer.page->word);
  check_evicted(&stage, &intruder);
  es_connection_info info;
  CHECK_EQUAL(es_producer_connections(stage.producer, &info, 1), 1);
  CHECK_EQUAL(info.posted, 5);
  CHECK_EQUAL(info.posted, info.delivered + info.skipped + info.discarded + info.waiting);
  CHECK_EQUAL(info.waiting, 0);
  CHECK_EQUAL(stage.events(ES_EVENT_DISCONNECTED)[0].value, 5);
}

TEST("random bytes in a page never do more than evict") {
  const auto seed = static_cast<uint32_t>(es_now());
  printf("    seed %u\n", seed);
  uint32_t state = seed;
  for (int round = 0; round < 200; round++) {
    Stage stage;
    es_consumer* good = stage.join(check::fifo(4));
    es_policy policy = round % 2 == 0 ? check::fifo(4, 5) : check::broadcast(4);
    policy.max_held = 2;
    Intruder intruder(&stage, policy);
    auto* bytes = reinterpret_cast<uint8_t*>(intruder.peer.page);
    for (uint64_t number = 1; number <= 30; number++) {
      CHECK_OK(stage.try_post(1'000'000));
      CHECK_EQUAL(stage.take(good).number, number);
      const int damage = rand_r(&state) % 8;
      for (int index = 0; index < damage; index++) {
        bytes[static_cast<size_t>(rand_r(&state)) % sizeof(es::SeatPage)] = static_cast<uint8_t>(rand_r(&state));
      }
    }
    stage.check_counts(good, 30, 30, 0, 0, 0);
  }
}

TEST("an evicted consumer stays connected until its socket closes; then all its slots are free") {
  Stage stage;
  Intruder intruder(&stage, check::mailbox());
  stage.post();
  uint64_t position;
  uint32_t slot;
  CHECK(intruder.peer.take(&position, &slot, 100));
  CHECK_OK(es_producer_evict(stage.producer, intruder.peer.welcome.connection, "go"));
  CHECK_EQUAL(intruder.peer.goodbye(0), ES_CAUSE_EVICTED_REQUEST);
  stage.post_many(20);
  CHECK_EQUAL(intruder.peer.data_of(slot)[0], 1);
  CHECK_EQUAL(stage.info().connections, 1);
  CHECK_EQUAL(stage.info().slots_free, stage.info().slots - 1);
  intruder.peer.socket.reset();
  stage.settle();
  CHECK_EQUAL(stage.info().connections, 0);
  CHECK_EQUAL(stage.info().slots_free, stage.info().slots);
}

TEST("a consumer that turns deaf to its producer is turned out at the next word about memory, not spared its limits") {
  Stage stage;
  Intruder intruder(&stage, check::fifo(2));
  stage.post_many(2);
  CHECK(shutdown(intruder.peer.socket.get(), SHUT_RD) == 0);
  es_consumer* other = stage.join(check::fifo(8));  // the pool grows
  const auto gone = stage.events(ES_EVENT_DISCONNECTED);
  CHECK_EQUAL(gone.size(), 1);
  CHECK_EQUAL(gone[0].code, ES_CAUSE_EVICTED_REQUEST);
  CHECK_EQUAL(gone[0].value, 2);  // what waited for it is the producer's again
  stage.post_many(8);
  CHECK_EQUAL(stage.take(other).number, 3);
}
