// A consumer that scribbles into its seat page between posts, and does legal things in between. Whatever it writes: the
// producer never waits for it, the counters add up, no more frames wait for it than it has places, a second consumer
// gets every frame, and all slots come back.
#include "case.hpp"
#include "raw_peer.hpp"
#include "stage.hpp"

namespace {

using check::RawPeer;
using check::Stage;
using fuzz::Input;

es_policy policy_of(Input* input) {
  es_policy policy = check::fifo(1u + input->byte() % 8);
  const uint8_t choice = input->byte();
  policy.when_full = static_cast<uint8_t>(choice % 3);
  policy.pick = choice >> 2 & 1;
  policy.on_stall = choice >> 3 & 1;
  policy.start = choice >> 4 & 1;
  policy.on_disconnect = choice >> 5 & 1;
  policy.max_wait_ms = (choice & 0x40) != 0 ? 0 : -1;
  policy.max_lag = (choice & 0x80) != 0 ? 3 : 0;
  policy.max_held = static_cast<uint16_t>(1 + input->byte() % 3);
  return policy;
}

struct Scribbler {
  Scribbler(Stage* stage, const es_policy& policy) : peer("stage") {
    peer.hello(policy);
    stage->settle();
    peer.attach();
    stage->settle();
  }

  void write_word(Input* input) {
    const uint32_t slot = input->byte() % (peer.pools[0].shape.slot_count + 1);
    const uint64_t position = input->byte();
    peer.page->word[slot].store(es::pack_word(position, static_cast<es::SlotState>(input->byte() % 6)));
  }

  void write_counter(Input* input) {
    const uint8_t which = input->byte();
    if (which % 4 == 0) peer.page->places_kept.store(input->byte());
    if (which % 4 == 1) peer.page->places_kept.store(input->take<uint64_t>());
    if (which % 4 == 2) peer.page->consumer_waiting.store(input->byte() & 1);
    if (which % 4 == 3) peer.page->producer_waiting.store(input->byte() & 1);
  }

  void write_anywhere(Input* input) {
    const size_t offset = input->take<uint16_t>() % es::kSeatPageBytes;
    const size_t size = std::min<size_t>(1 + input->byte() % 16, es::kSeatPageBytes - offset);
    input->fill(reinterpret_cast<uint8_t*>(peer.page) + offset, size);
  }

  void take() {
    uint64_t position;
    uint32_t slot;
    if (!peer.seat.peek(&position, &slot) || !peer.seat.take(position, slot)) return;
    taken.push_back({position, slot});
  }

  void release() {
    if (taken.empty()) return;
    peer.seat.release(taken.back().position, taken.back().slot);
    taken.pop_back();
  }

  struct Taken {
    uint64_t position;
    uint32_t slot;
  };
  RawPeer peer;
  std::vector<Taken> taken;
};

void check_counters(Stage* stage) {
  es_connection_info all[2];
  const int count = es_producer_connections(stage->producer, all, 2);
  for (int index = 0; index < count; index++) {
    const es_connection_info& info = all[index];
    CHECK_EQUAL(info.posted, info.delivered + info.skipped + info.discarded + info.waiting);
    CHECK(info.waiting <= info.policy.capacity);
  }
}

void step(Stage* stage, es_consumer* witness, Scribbler* scribbler, Input* input) {
  switch (input->byte() % 8) {
    case 0: return scribbler->write_word(input);
    case 1: return scribbler->write_counter(input);
    case 2: return scribbler->write_anywhere(input);
    case 3: return scribbler->take();
    case 4: return scribbler->release();
    case 5: return check_counters(stage);
    case 6: return stage->settle();
    default: {
      const uint64_t next = stage->info().frames + 1;
      if (stage->try_post() == ES_OK) CHECK_EQUAL(stage->take(witness).number, next);
    }
  }
}

}  // namespace

void fuzz::run_case(Input input) {
  Stage stage;
  es_consumer* witness = stage.join(check::broadcast(2));
  {
    Scribbler scribbler(&stage, policy_of(&input));
    for (int count = 0; count < kStepsMax && !input.empty(); count++) step(&stage, witness, &scribbler, &input);
    check_counters(&stage);
  }
  es_consumer_close(witness);
  stage.settle();
  CHECK_EQUAL(stage.info().connections, 0);
  CHECK_EQUAL(stage.info().slots_free, stage.info().slots);
}
