// Strangers at a listening stream: datagrams of any bytes, with and without descriptors, hellos of any content, things
// said out of turn. Whatever they say: the consumer that was there first gets every frame, and nothing stays behind.
#include <sys/socket.h>
#include <sys/un.h>

#include <memory>

#include "case.hpp"
#include "channel.hpp"
#include "memory.hpp"
#include "stage.hpp"

namespace {

using check::Stage;
using fuzz::Input;
using fuzz::Luggage;

constexpr size_t kCallers = 4;

// Sealed memory that callers may send along.
struct Objects {
  Objects() {
    CHECK_OK(es::create_shared("fuzz-page", es::kSeatPageBytes, es::Seal::both_write, &page));
    CHECK_OK(es::create_shared("fuzz-pool", 4096, es::Seal::owner_writes, &pool));
  }
  es::SharedMemory page, pool;
};

class Strangers {
 public:
  Strangers(Stage* stage, const Objects& objects) : stage_(stage), objects_(objects) {
    address_.sun_family = AF_UNIX;
    strncpy(address_.sun_path, es_stream_socket(stage->stream), sizeof address_.sun_path - 1);
  }

  void connect(size_t which) {
    sockets_[which] = es::Fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(sockets_[which].get(), reinterpret_cast<const sockaddr*>(&address_), sizeof address_);
  }

  void say_anything(size_t which, Input* input) {
    uint8_t bytes[512];
    const Luggage luggage = pack(input);
    const size_t size = 1 + input->take<uint16_t>() % sizeof bytes;
    memset(bytes, 0, sizeof bytes);
    input->fill(bytes, size);
    fuzz::send_datagram(sockets_[which].get(), bytes, size, luggage);
  }

  // A sound hello, but for the policy and some fields.
  void say_hello(size_t which, Input* input) {
    auto hello = es::make_message<es::HelloMessage>(es::MessageType::hello);
    hello.kind = 1 + input->byte() % 4u;
    hello.version_min = es::kVersionMin;
    hello.version_max = es::kVersionMax;
    hello.policy = check::fifo(1u + input->byte() % 16);
    const size_t from = 32 + input->byte() % (sizeof hello - 32);
    input->fill(reinterpret_cast<uint8_t*>(&hello) + from, std::min<size_t>(input->byte(), sizeof hello - from));
    fuzz::send_datagram(sockets_[which].get(), &hello, sizeof hello, pack(input));
  }

  void say_typed(size_t which, Input* input) {
    const Luggage luggage = pack(input);
    const auto type = static_cast<uint16_t>(input->byte() % 20);
    fuzz::send_typed(sockets_[which].get(), type, input, luggage);
  }

  void hear(size_t which) { es::receive(sockets_[which].get(), received_.get()); }
  void leave(size_t which) { sockets_[which].reset(); }

  void leave_all() {
    for (es::Fd& socket : sockets_) socket.reset();
    received_->drop_fds();
    stage_->settle();
  }

 private:
  Luggage pack(Input* input) const {
    return Luggage(input->byte(), objects_.page.fd.get(), objects_.pool.fd.get());
  }

  Stage* stage_;
  const Objects& objects_;
  sockaddr_un address_{};
  es::Fd sockets_[kCallers];
  std::unique_ptr<es::Received> received_ = std::make_unique<es::Received>();
};

struct Scene {
  explicit Scene(bool strict)
      : stage([strict](es_stream_options* stream, es_producer_options* producer) {
          stream->strict = strict;
          stream->handshakes_per_second = 1'000'000;
          producer->accept.max_slots = 64;
        }) {
    if (!strict) witness = stage.join(check::broadcast(2));
  }

  void post() {
    if (witness == nullptr) return;
    const uint64_t next = stage.info().frames + 1;
    if (stage.try_post() == ES_OK) CHECK_EQUAL(stage.take(witness).number, next);
  }

  // The producer's own ends of things; each takes the witness with it.
  void end(uint8_t how) {
    if (witness == nullptr) return;
    es_consumer_close(witness);
    witness = nullptr;
    if (how % 4 == 0) CHECK_OK(es_producer_close_input(stage.producer));
    if (how % 4 == 1) CHECK_OK(es_producer_stop(stage.producer));
    if (how % 4 >= 2) {
      es_producer_close(stage.producer);
      stage.producer = nullptr;
    }
  }

  Stage stage;
  es_consumer* witness = nullptr;
};

void step(Scene* scene, Strangers* strangers, Input* input) {
  const uint8_t choice = input->byte();
  const size_t which = choice >> 4 & 3;
  switch (choice % 16) {
    case 0:
    case 1: return strangers->connect(which);
    case 2: return strangers->say_anything(which, input);
    case 3:
    case 4: return strangers->say_hello(which, input);
    case 5:
    case 6: return strangers->say_typed(which, input);
    case 7: return strangers->hear(which);
    case 8: return strangers->leave(which);
    case 9: return scene->end(input->byte());
    case 10: return scene->post();
    default: return scene->stage.settle();
  }
}

}  // namespace

void fuzz::run_case(Input input) {
  const Objects objects;
  Scene scene((input.byte() & 7) == 7);
  Strangers strangers(&scene.stage, objects);
  for (int count = 0; count < kStepsMax && !input.empty(); count++) step(&scene, &strangers, &input);
  strangers.leave_all();
  if (scene.stage.producer == nullptr) return;
  if (scene.witness != nullptr) {
    scene.post();
    es_consumer_close(scene.witness);
    scene.stage.settle();
  }
  CHECK_EQUAL(scene.stage.info().connections, 0);
  CHECK_EQUAL(scene.stage.info().slots_free, scene.stage.info().slots);
}
