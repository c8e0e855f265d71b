// The idle reaper: ends connections whose consumers take nothing although something waits for them.
#include <algorithm>

#include "producer.hpp"

namespace es {

namespace {

constexpr int64_t kLooksPerLimit = 4;  // so one goes at most a quarter later than it could

}  // namespace

void Producer::arm_reaper() {
  if (accept_.idle_ms == 0 || reaper_.is_set()) return;
  reaper_.set(es_now() + std::max(accept_.idle_ms * kMillisecond / kLooksPerLimit, kMillisecond));
}

void Producer::reap_idle() {
  refresh_all();
  const int64_t now = es_now();
  bool rest = false;
  for (size_t index = 0; index < connections_.size(); index++) {
    Connection* connection = connections_[index].get();
    if (connection->phase != Connection::Phase::active) continue;
    const uint64_t taken = connection->seat.counters().delivered;
    if (connection->seat.waiting() == 0) {
      connection->idle_since = 0;
    } else if (connection->idle_since == 0 || taken != connection->taken) {
      connection->idle_since = now;
    } else if (now - connection->idle_since >= accept_.idle_ms * kMillisecond) {
      goodbye(connection, ES_CAUSE_EVICTED_IDLE, "it took no frame for accept.idleMs although frames waited");
      continue;
    }
    connection->taken = taken;
    rest = true;
  }
  if (rest) arm_reaper();
}

}  // namespace es
