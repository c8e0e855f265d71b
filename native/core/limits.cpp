// What the producer does about consumers that pass a limit: skip too much, hold it up, hold a frame too long.
#include <algorithm>

#include "producer.hpp"

namespace es {

namespace {

constexpr int64_t kHoldChecks = 4;  // looks per max_hold_ms: a lease is told of after 1 to 1.5 times that long

uint64_t to_milliseconds(int64_t nanoseconds) { return static_cast<uint64_t>(nanoseconds / kMillisecond); }

}  // namespace

void Producer::check_lag(Connection* connection) {
  const es_policy& policy = connection->policy;
  if (connection->phase != Connection::Phase::active || (policy.max_lag == 0 && policy.max_lag_total == 0)) return;
  const uint64_t in_a_row = connection->seat.lag();
  const uint64_t in_all = connection->seat.counters().skipped;
  if (policy.max_lag != 0 && in_a_row > policy.max_lag) {
    announce(ES_EVENT_LAGGED, connection, 0, in_a_row);
    goodbye(connection, ES_CAUSE_EVICTED_LAG, "it skipped more frames in a row than its maxLag");
  } else if (policy.max_lag_total != 0 && in_all > policy.max_lag_total) {
    announce(ES_EVENT_LAGGED, connection, 0, in_all);
    goodbye(connection, ES_CAUSE_EVICTED_LAG, "it skipped more frames in all than its maxLagTotal");
  }
}

void Producer::stall(Connection* connection, int64_t now) {
  announce(ES_EVENT_STALLED, connection, 0, to_milliseconds(now - connection->blocked_since));
  if (connection->policy.on_stall == ES_STALL_EVICT) {
    goodbye(connection, ES_CAUSE_EVICTED_STALL, "its full queue held up the producer longer than maxWaitMs");
    return;
  }
  if (connection->stalled_since == 0) connection->stalled_since = connection->blocked_since;
  connection->stalled_delivered = connection->seat.counters().delivered;
  connection->blocked_since = 0;
  connection->seat.overwrite_oldest();
  connection->seat.ask_for_signal();  // its next take is news, also when nobody posts
}

// A stalled consumer that takes a frame has recovered.
void Producer::check_recovery(Connection* connection) {
  if (connection->seat.counters().delivered == connection->stalled_delivered) return;
  const int64_t waited = es_now() - connection->stalled_since;
  connection->stalled_since = 0;
  if (connection->phase == Connection::Phase::active) {
    announce(ES_EVENT_RECOVERED, connection, 0, to_milliseconds(waited));
  }
}

// Holds are looked at by a timer and not per post: a hold ends nothing by itself, and a post must not get dearer.
void Producer::watch_holds(int64_t now) {
  if (accept_.max_hold_ms == 0 || holds_checked_at_ != 0) return;
  const int64_t limit = accept_.max_hold_ms * kMillisecond;
  holds_checked_at_ = now + std::max(limit / kHoldChecks, kMillisecond);
  arm_deadline();
}

void Producer::check_holds(int64_t now) {
  const int64_t limit = accept_.max_hold_ms * kMillisecond;
  refresh_all();
  for (size_t index = 0; index < connections_.size(); index++) {
    Connection* connection = connections_[index].get();
    while (connection->phase == Connection::Phase::active) {
      const int64_t held_for = connection->seat.find_overdue(now, limit);
      if (held_for == 0) break;
      const auto frames = static_cast<int>(connection->seat.held());
      announce(ES_EVENT_HELD_TOO_LONG, connection, frames, to_milliseconds(held_for));
      if (accept_.on_held_too_long == ES_HOLD_EVICT) {
        goodbye(connection, ES_CAUSE_EVICTED_HOLD, "it held a frame longer than the producer's accept.maxHoldMs");
      }
    }
  }
  holds_checked_at_ = 0;
  if (active_count() != 0) watch_holds(now);
}

}  // namespace es
