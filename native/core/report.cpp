// What a producer tells about itself and its connections: state, counters, the last words of those that ended.
#include <algorithm>

#include "producer.hpp"
#include "status.hpp"

namespace es {

es_state Producer::state_of(const Connection& connection) const {
  if (connection.phase == Connection::Phase::evicted) return ES_STATE_DISCONNECTED;
  if (connection.phase == Connection::Phase::attaching) return ES_STATE_CONNECTING;
  if (connection.seat.occupied() != 0) return ES_STATE_NEW_FRAME_AVAILABLE;
  if (connection.phase == Connection::Phase::leaving) return ES_STATE_DISCONNECTED;
  const bool seen = connection.seat.has_seen() && connection.policy.no_reuse == 0;
  return seen ? ES_STATE_OLD_FRAME_AVAILABLE : ES_STATE_EMPTY;
}

void Producer::fill_info(es_producer_info* out) {
  refresh_all();
  *out = {};
  out->epoch = epoch_;
  out->frames = number_;
  out->no_consumer = no_consumer_;
  out->pool_bytes = pool_.bytes();
  out->layout = layout_;
  out->slots = pool_.size();
  out->slots_free = pool_.count_free(claims_);
  out->memory_objects = static_cast<uint32_t>(pool_.objects().size());
  out->connections = static_cast<uint32_t>(connections_.size());
  out->format = format_;
  uint32_t best = closed_ || input_closed_ || stopped_ ? ES_STATE_DISCONNECTED : ES_STATE_CREATED;
  for (const auto& connection : connections_) {
    const uint32_t state = state_of(*connection);
    if (!closed_ && state != ES_STATE_DISCONNECTED && (state > best || best == ES_STATE_DISCONNECTED)) best = state;
  }
  out->state = best;
}

uint32_t Producer::fill_connections(es_connection_info* out, uint32_t count) {
  refresh_all();
  uint32_t filled = 0;
  for (const auto& connection : connections_) {
    if (filled == count) break;
    fill_connection(*connection, &out[filled++]);
  }
  return static_cast<uint32_t>(connections_.size());
}

void Producer::fill_connection(const Connection& connection, es_connection_info* out) const {
  const SeatCounters& counters = connection.seat.counters();
  *out = {};
  out->id = connection.id;
  out->state = state_of(connection);
  out->pid = connection.guest.pid;
  out->uid = connection.guest.uid;
  out->policy = connection.policy;
  // Whoever keeps a frame's place has not delivered it yet.
  const uint64_t kept = std::min(connection.seat.places_kept(), counters.delivered);
  out->waiting = connection.seat.waiting() + kept;
  out->held = connection.seat.held();
  out->posted = counters.posted;
  out->skipped = counters.skipped;
  out->discarded = counters.discarded;
  out->delivered = counters.delivered - kept;
  out->since = connection.since;
  out->latency_us = connection.seat.latency_us();
  out->previous = connection.previous;
  copy_text(out->client, sizeof out->client, connection.guest.hello.client);
}

int Producer::latency(uint64_t id, es_latency* out) const {
  for (const auto& connection : connections_) {
    if (connection->id != id) continue;
    copy_latency(connection->seat.latency(), out);
    return ES_OK;
  }
  return fail(ES_BAD_PARAMETER, "there is no connection %llu", static_cast<unsigned long long>(id));
}

int Producer::send_report(int fd) {
  const int told = stream_info_.send(fd, throughput_.read(es_now()));
  if (told != ES_OK) return told;
  std::vector<es_connection_info> connections(connections_.size());
  const uint32_t count = fill_connections(connections.data(), static_cast<uint32_t>(connections.size()));
  const size_t size = sizeof(ReportMessage) + count * sizeof(es_connection_info);
  auto report = make_message<ReportMessage>(MessageType::report, size);
  fill_info(&report.info);
  report.connection_count = count;
  std::vector<uint8_t> bytes(size);
  memcpy(bytes.data(), &report, sizeof report);
  if (count != 0) memcpy(bytes.data() + sizeof report, connections.data(), size - sizeof report);
  return send_bytes(fd, bytes.data(), size, nullptr, 0);
}

// One that is gone has no time left to tell of: zeros, so that every question has an answer.
int Producer::send_latency(int fd, uint64_t connection) const {
  auto message = make_message<LatencyMessage>(MessageType::latency);
  message.connection = connection;
  latency(connection, &message.latency);
  return send_message(fd, message);
}

// Only a name that nobody else uses now says who somebody is.
uint64_t Producer::find_previous(const Connection& connection) const {
  const auto is_same = [&](const char* client, int32_t uid) {
    return uid == connection.guest.uid && strcmp(client, connection.guest.hello.client) == 0;
  };
  for (const auto& other : connections_) {
    const bool lives = other.get() != &connection && other->phase != Connection::Phase::evicted;
    if (lives && is_same(other->guest.hello.client, other->guest.uid)) return 0;
  }
  const auto last = std::find_if(ended_.rbegin(), ended_.rend(),
                                 [&](const es_connection_info& info) { return is_same(info.client, info.uid); });
  return last == ended_.rend() ? 0 : last->id;
}

int Producer::find_ended(uint64_t connection, es_connection_info* out) const {
  for (const es_connection_info& info : ended_) {
    if (info.id != connection) continue;
    *out = info;
    return ES_OK;
  }
  return fail(ES_BAD_PARAMETER, "connection %llu is not among the last %u that ended",
              static_cast<unsigned long long>(connection), ES_ENDED_MAX);
}

}  // namespace es
