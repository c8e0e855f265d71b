#include "raw_peer.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "check.hpp"

namespace check {

namespace {

std::string path_of(const char* name_or_path) {
  if (strchr(name_or_path, '/') != nullptr) return name_or_path;
  return std::string(getenv("EDGESTREAM_RUNTIME_DIR")) + "/" + name_or_path + ".sock";
}

}  // namespace

RawPeer::RawPeer(const char* name_or_path) : received(new es::Received) {
  const std::string path = path_of(name_or_path);
  socket = es::Fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  CHECK(path.size() < sizeof address.sun_path);
  memcpy(address.sun_path, path.c_str(), path.size());
  CHECK(connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
}

RawPeer::~RawPeer() { delete received; }

void RawPeer::hello(const es_policy& policy) {
  auto message = es::make_message<es::HelloMessage>(es::MessageType::hello);
  message.kind = static_cast<uint32_t>(es::Kind::consume);
  message.version_min = es::kVersionMin;
  message.version_max = es::kVersionMax;
  message.pid = getpid();
  message.policy = policy;
  strcpy(message.client, "raw peer");
  CHECK_OK(es::send_message(socket.get(), message));
}

int RawPeer::read(int timeout_ms) {
  pollfd ready{socket.get(), POLLIN, 0};
  if (poll(&ready, 1, timeout_ms) <= 0) return ES_TIMEOUT;
  const int result = es::receive(socket.get(), received);
  return result == ES_WOULD_BLOCK ? ES_TIMEOUT : result;
}

void RawPeer::take_message() {
  switch (received->type()) {
    case es::MessageType::welcome: {
      welcome = *received->as<es::WelcomeMessage>();
      CHECK_EQUAL(received->fd_count, 2);
      page_fd = std::move(received->fds[0]);
      wake_socket = std::move(received->fds[1]);
      void* address = mmap(nullptr, es::kSeatPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, page_fd.get(), 0);
      CHECK(address != MAP_FAILED);
      page_mapping = es::Mapping(address, es::kSeatPageBytes);
      page = static_cast<es::SeatPage*>(address);
      seat.init(page, welcome.policy);
      break;
    }
    case es::MessageType::layout:
      format = received->as<es::LayoutMessage>()->format;
      break;
    case es::MessageType::pool: {
      RawPool pool;
      pool.shape = *received->as<es::PoolMessage>();
      pool.fd = std::move(received->fds[0]);
      void* address = mmap(nullptr, pool.shape.bytes, PROT_READ, MAP_SHARED, pool.fd.get(), 0);
      CHECK(address != MAP_FAILED);
      pool.mapping = es::Mapping(address, pool.shape.bytes);
      pools.push_back(std::move(pool));
      break;
    }
    default:
      break;
  }
}

void RawPeer::attach(int timeout_ms) {
  // The pools follow the welcome at once; after the first of them a short silence is the end.
  for (int wait = timeout_ms; read(wait) == ES_OK;) {
    take_message();
    if (!pools.empty()) wait = timeout_ms == 0 ? 0 : 20;
  }
  CHECK(page != nullptr && !pools.empty());
  CHECK_OK(es::send_message(socket.get(), es::make_message<es::AttachedMessage>(es::MessageType::attached)));
}

uint32_t RawPeer::goodbye(int timeout_ms) {
  const int64_t until = es_now() + timeout_ms * INT64_C(1'000'000);
  for (int64_t left = timeout_ms; left >= 0; left = (until - es_now()) / 1'000'000) {
    const int result = read(static_cast<int>(left));
    if (result != ES_OK) break;
    if (received->type() == es::MessageType::bye) return received->as<es::ByeMessage>()->cause;
    take_message();
  }
  return ES_CAUSE_NONE;
}

const uint8_t* RawPeer::data_of(uint32_t slot) const {
  for (const RawPool& pool : pools) {
    const uint32_t index = slot - pool.shape.first_slot;
    if (index < pool.shape.slot_count) {
      return pool.mapping.data() + pool.shape.data_offset + pool.shape.data_stride * index;
    }
  }
  fail(__FILE__, __LINE__, "slot %u is in no pool", slot);
}

const es::SlotDescriptor* RawPeer::descriptor_of(uint32_t slot) const {
  for (const RawPool& pool : pools) {
    const uint32_t index = slot - pool.shape.first_slot;
    if (index < pool.shape.slot_count) return reinterpret_cast<const es::SlotDescriptor*>(pool.mapping.data()) + index;
  }
  fail(__FILE__, __LINE__, "slot %u is in no pool", slot);
}

bool RawPeer::take(uint64_t* position, uint32_t* slot, int timeout_ms) {
  const int64_t until = es_now() + timeout_ms * INT64_C(1'000'000);
  while (es_now() < until) {
    while (read(0) == ES_OK) take_message();  // the pool may have grown
    if (seat.peek(position, slot) && seat.take(*position, *slot)) return true;
    usleep(200);
  }
  return false;
}

}  // namespace check
