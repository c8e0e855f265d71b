// A producer that breaks the protocol, as consumers, observers and producers of another process meet it: its messages
// at any time, with and without descriptors, and its scribbling into the seat page and the pool. Whatever it does: no
// call hangs, no descriptor stays open, and every byte of a frame that was handed out can be read.
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "case.hpp"
#include "channel.hpp"
#include "memory.hpp"
#include "runtime_dir.hpp"
#include "seat.hpp"
#include "stage.hpp"

namespace {

using fuzz::Input;
using fuzz::Luggage;

constexpr uint32_t kSlots = 4;
constexpr uint64_t kFrameBytes = 512;
constexpr uint64_t kMetadataAt = 4096;
constexpr uint64_t kDataAt = kMetadataAt + uint64_t{kSlots} * ES_METADATA_MAX;
constexpr uint64_t kPoolBytes = kDataAt + kSlots * kFrameBytes;

// The hostile end: a listening socket, one peer that connected to it, a page and a pool.
class Impostor {
 public:
  Impostor() {
    path_ = std::string(getenv("EDGESTREAM_RUNTIME_DIR")) + "/fake.sock";
    CHECK_OK(es::listen_at(path_, 0600, -1, &listening_));
    CHECK_OK(es::create_shared("fuzz-page", es::kSeatPageBytes, es::Seal::both_write, &page_));
    CHECK_OK(es::create_shared("fuzz-pool", kPoolBytes, es::Seal::owner_writes, &pool_));
    policy_ = check::fifo(8);
    policy_.max_held = 2;
    seat_.init(page(), 1, policy_, &claims_);
  }
  ~Impostor() { unlink(path_.c_str()); }

  void welcome_peer() {
    peer_ = es::Fd(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  }

  // What a sound producer says first.
  void say_welcome(Input* input) {
    auto welcome = es::make_message<es::WelcomeMessage>(es::MessageType::welcome);
    welcome.connection = 1;
    welcome.epoch = 1;
    welcome.policy = policy_;
    welcome.policy.pick = input->byte() & 1;
    welcome.policy.max_held = input->byte() % 4;
    welcome.policy.no_reuse = input->byte() & 1;
    welcome.page_bytes = es::kSeatPageBytes;
    welcome.layout = 1;
    fuzz::send_datagram(peer_.get(), &welcome, sizeof welcome, Luggage(2, page_.fd.get(), pool_.fd.get()));
  }

  void say_layout(Input* input) {
    auto layout = es::make_message<es::LayoutMessage>(es::MessageType::layout);
    layout.layout = 1;
    CHECK_OK(es_format_init(&layout.format, "GRAY8", 64, 8));
    bend(&layout, input);
    fuzz::send_datagram(peer_.get(), &layout, sizeof layout, Luggage(0, -1, -1));
  }

  void say_pool(Input* input) {
    auto pool = es::make_message<es::PoolMessage>(es::MessageType::pool);
    pool.layout = 1;
    pool.slot_count = kSlots;
    pool.metadata_offset = kMetadataAt;
    pool.data_offset = kDataAt;
    pool.data_stride = kFrameBytes;
    pool.bytes = kPoolBytes;
    bend(&pool, input);
    fuzz::send_datagram(peer_.get(), &pool, sizeof pool, Luggage(3, page_.fd.get(), pool_.fd.get()));
  }

  void say_active() {
    const auto active = es::make_message<es::ActiveMessage>(es::MessageType::active);
    fuzz::send_datagram(peer_.get(), &active, sizeof active, Luggage(0, -1, -1));
  }

  void say_typed(Input* input) {
    const Luggage luggage(input->byte(), page_.fd.get(), pool_.fd.get());
    const auto type = static_cast<uint16_t>(input->byte() % 20);
    fuzz::send_typed(peer_.get(), type, input, luggage);
  }

  void say_anything(Input* input) {
    uint8_t bytes[256] = {};
    const Luggage luggage(input->byte(), page_.fd.get(), pool_.fd.get());
    const size_t size = 1u + input->byte();
    input->fill(bytes, size);
    fuzz::send_datagram(peer_.get(), bytes, size, luggage);
  }

  void hear() { es::receive(peer_.get(), received_.get()); }
  void leave() { peer_.reset(); }

  void push(Input* input) { seat_.push(input->byte() % 6); }

  void scribble(Input* input) {
    const uint8_t which = input->byte();
    const uint32_t slot = input->byte() % 6;
    const uint64_t position = input->byte() % 16;
    if (which % 6 == 0) page()->head.store(which < 128 ? position : input->take<uint64_t>());
    if (which % 6 == 1) page()->newest.store(es::pack_entry(position, slot));
    if (which % 6 == 2) page()->ring[position].store(es::pack_entry(position, slot));
    if (which % 6 == 3) page()->word[slot].store(es::pack_word(position, static_cast<es::SlotState>(which / 6 % 6)));
    if (which % 6 == 4) page()->producer_waiting.store(which & 1);
    if (which % 6 == 5) write_at(page_, input->take<uint16_t>(), input);
  }

  void scribble_descriptor(Input* input) { write_at(pool_, input->take<uint16_t>() % 512u, input); }

 private:
  es::SeatPage* page() const { return reinterpret_cast<es::SeatPage*>(page_.mapping.data()); }

  // Most messages stay as they are; of the others one stretch is overwritten.
  template <class T>
  static void bend(T* message, Input* input) {
    const uint8_t size = input->byte();
    if (size < 128) return;
    const size_t from = input->byte() % sizeof *message;
    input->fill(reinterpret_cast<uint8_t*>(message) + from, std::min<size_t>(size % 16, sizeof *message - from));
  }

  static void write_at(const es::SharedMemory& memory, size_t offset, Input* input) {
    const size_t from = offset % memory.mapping.bytes();
    input->fill(memory.mapping.data() + from, std::min<size_t>(1 + input->byte() % 16, memory.mapping.bytes() - from));
  }

  std::string path_;
  es::Fd listening_, peer_;
  es::SharedMemory page_, pool_;
  es_policy policy_{};
  es::SlotClaims claims_;
  es::ProducerSeat seat_;
  std::unique_ptr<es::Received> received_ = std::make_unique<es::Received>();
};

// The honest end under test: one consumer, or an observer and a producer of somebody else's stream.
class Victim {
 public:
  explicit Victim(bool consumes) {
    CHECK_OK(es_context_create(&context_));
    if (consumes) {
      es_consumer_options options{};
      options.policy = check::fifo(8);
      CHECK_OK(es_open_consumer(context_, "fake", &options, &consumer_));
    } else {
      es_producer_options options{};
      CHECK_OK(es_format_init(&options.format, "GRAY8", 64, 8));
      CHECK_OK(es_open_producer(context_, "fake", nullptr, &options, &producer_));
      CHECK_OK(es_open_observer(context_, "fake", nullptr, &observer_));
    }
  }
  ~Victim() { es_context_destroy(context_); }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  void dispatch() {
    es_dispatch(context_);
    es_event event;
    while (es_next_event(context_, &event) != 0) continue;
  }

  void use(Input* input) { consumer_ != nullptr ? consume(input) : produce_and_observe(input); }

 private:
  void consume(Input* input) {
    const uint8_t choice = input->byte();
    if (choice % 4 == 0) {
      if (!leases_.empty()) es_consumer_release(consumer_, leases_[choice / 4 % leases_.size()]);
    } else if (choice % 4 == 1) {
      es_consumer_info info;
      es_consumer_get_info(consumer_, &info);
      es_consumer_state(consumer_);
      es_latency latency;
      es_consumer_latency(consumer_, &latency);
      es_consumer_woken(consumer_);
    } else {
      es_frame frame{};
      if (es_consumer_acquire(consumer_, choice >> 2 & 15, ES_NO_WAIT, &frame) != ES_OK) return;
      read_all(frame.data, frame.size);
      CHECK(frame.metadata_size <= ES_METADATA_MAX);
      read_all(frame.metadata, frame.metadata_size);
      es_format format;
      es_consumer_format(consumer_, frame.layout, &format);
      leases_.push_back(frame.lease);
    }
  }

  void produce_and_observe(Input* input) {
    const uint8_t choice = input->byte();
    if (choice % 4 == 0) {
      es_writable slot;
      if (es_producer_acquire(producer_, ES_NO_WAIT, &slot) != ES_OK) return;
      if (es_producer_post(producer_, slot.lease, nullptr, ES_NO_WAIT, nullptr) != ES_OK) {
        CHECK_OK(es_producer_discard(producer_, slot.lease));
      }
    } else if (choice % 4 == 1) {
      es_producer_info info;
      es_connection_info connections[4];
      if (es_observer_report(observer_, &info, connections, 4) > 4) read_all(connections, sizeof connections);
    } else if (choice % 4 == 2) {
      es_observer_query_latency(observer_, choice);
      es_latency latency;
      es_observer_latency(observer_, nullptr, &latency);
    } else {
      es_observer_query(observer_);
    }
  }

  static void read_all(const void* from, uint64_t size) {
    volatile uint8_t sum = 0;
    for (uint64_t index = 0; index < size; index++) {
      sum = static_cast<uint8_t>(sum ^ static_cast<const uint8_t*>(from)[index]);
    }
  }

  es_context* context_ = nullptr;
  es_consumer* consumer_ = nullptr;
  es_producer* producer_ = nullptr;
  es_observer* observer_ = nullptr;
  std::vector<uint64_t> leases_;
};

void step(Impostor* impostor, Victim* victim, Input* input) {
  switch (input->byte() % 16) {
    case 0: return impostor->say_welcome(input);
    case 1: return impostor->say_layout(input);
    case 2: return impostor->say_pool(input);
    case 3:
    case 4: return impostor->say_typed(input);
    case 5: return impostor->say_anything(input);
    case 6: return impostor->hear();
    case 7: return impostor->leave();
    case 8:
    case 9: return impostor->push(input);
    case 10: return impostor->scribble(input);
    case 11: return impostor->scribble_descriptor(input);
    case 12: return impostor->welcome_peer();
    case 13: return victim->dispatch();
    default: return victim->use(input);
  }
}

}  // namespace

void fuzz::run_case(Input input) {
  Impostor impostor;
  const uint8_t start = input.byte();
  Victim victim((start & 1) == 0);
  impostor.welcome_peer();
  if ((start & 2) == 0) {  // half of the cases begin with a seat that is taken
    impostor.hear();
    impostor.say_welcome(&input);
    impostor.say_layout(&input);
    impostor.say_pool(&input);
    victim.dispatch();
    impostor.say_active();
    victim.dispatch();
  }
  for (int count = 0; count < kStepsMax && !input.empty(); count++) step(&impostor, &victim, &input);
}
