// How a guest becomes a connection and how a connection ends: the producer's half of the hand-shake.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "format.hpp"
#include "producer.hpp"
#include "status.hpp"
#include "step.hpp"
#include "stream.hpp"

namespace es {

namespace {

constexpr int64_t kAttachTimeout = 5'000'000'000;  // ns from welcome to attached

bool trusts(const Guest& guest) { return guest.vouched_for && peer_may_signal_us(guest.socket.get()); }

}  // namespace

void Connection::on_ready(int fd) { producer->connection_ready(this, fd); }

// ---------------------------------------------------------------- coming

void Producer::adopt(Guest guest) {
  if (guest.hello.kind == static_cast<uint32_t>(Kind::observe)) {
    auto onlooker = std::make_unique<Onlooker>(this);
    onlooker->socket = std::move(guest.socket);
    if (onlookers_.size() >= ES_CONSUMERS_MAX) return;
    if (context_->watch(onlooker->socket.get(), onlooker.get(), &onlooker->watch) == ES_OK) {
      onlookers_.push_back(std::move(onlooker));
    }
    return;
  }
  auto connection = std::make_unique<Connection>(this);
  connection->guest = std::move(guest);
  const int result = admit(connection.get());
  if (result != ES_OK) return refuse(connection->guest, result, es_last_error());
  connections_.push_back(std::move(connection));
  arm_deadline();
}

int Producer::grant(const Guest& guest, es_policy* policy) const {
  *policy = guest.hello.policy;
  if (input_closed_) return fail(ES_CLOSED, "the stream has ended");
  if (connections_.size() >= accept_.max_consumers) {
    return fail(ES_REFUSED, "the stream has %zu of %u consumers already; the producer's accept.maxConsumers decides",
                connections_.size(), accept_.max_consumers);
  }
  if (policy->capacity < 1 || policy->capacity > ES_CAPACITY_MAX || policy->max_held < 1 ||
      policy->max_held > ES_HELD_MAX || policy->when_full > 2 || policy->pick > 1 || policy->on_stall > 1 ||
      policy->start > 1 || policy->on_disconnect > 1 || policy->no_reuse > 1) {
    return fail(ES_BAD_PARAMETER, "the policy asked for is out of range (capacity %u, maxHeld %u)", policy->capacity,
                policy->max_held);
  }
  if (!guest.takes(format_)) {
    return fail(ES_BAD_MATCH, "the stream has %s frames, which this consumer does not take", format_.name);
  }
  if ((accept_.when_full_mask & 1u << policy->when_full) == 0) {
    return fail(ES_REFUSED, "the producer does not accept mode %s (accept.modes)", policy->label);
  }
  if (policy->when_full == ES_FULL_WAIT && policy->capacity > accept_.max_wait_capacity) {
    return fail(ES_REFUSED, "fifoLength %u is above the producer's accept.maxFifoLength %u", policy->capacity,
                accept_.max_wait_capacity);
  }
  if (policy->max_held > accept_.max_held) {
    return fail(ES_REFUSED, "maxHeld %u is above the producer's accept.maxHeld %u", policy->max_held, accept_.max_held);
  }
  if (!guest.in_process && accept_.max_wait_ms >= 0) {
    const bool unlimited = policy->max_wait_ms < 0;
    policy->max_wait_ms = unlimited ? accept_.max_wait_ms : std::min(policy->max_wait_ms, accept_.max_wait_ms);
  }
  return ES_OK;
}

// Waiting frames of waiting and overwriting queues are the newest ones for all of them, so the longest covers the
// others; a dropping queue keeps old ones of its own. What may be held is never shared.
uint32_t Producer::slots_needed(const es_policy* joining) const {
  uint32_t longest = 0, dropping = 0, held = 0;
  const auto add = [&](const es_policy& policy, bool gets_frames) {
    held += policy.max_held;
    if (!gets_frames) return;
    if (policy.when_full == ES_FULL_DROP) {
      dropping += policy.capacity;
    } else {
      longest = std::max(longest, policy.capacity);
    }
  };
  for (const auto& connection : connections_) {
    add(connection->policy, connection->phase != Connection::Phase::evicted);
  }
  if (joining != nullptr) add(*joining, true);
  return max_writing_ + longest + dropping + held;
}

int Producer::admit(Connection* connection) {
  int result = grant(connection->guest, &connection->policy);
  if (result != ES_OK) return result;
  result = grow_to(slots_needed(&connection->policy));
  if (result != ES_OK) return result;
  result = create_shared("edgestream-seat", kSeatPageBytes, Seal::both_write, &connection->page);
  if (result != ES_OK) return result;
  Fd wake_reader;
  result = connection->waker.create(trusts(connection->guest), &wake_reader);
  if (result != ES_OK) return result;
  connection->id = ++last_connection_;
  auto* page = reinterpret_cast<SeatPage*>(connection->page.mapping.data());
  connection->seat.init(page, connection->id, connection->policy, &claims_);
  ES_STEP("producer.page.made");
  connection->attach_by = es_now() + kAttachTimeout;
  result = send_welcome(connection, wake_reader.get());
  if (result != ES_OK) return fail(ES_CLOSED, "the consumer went away during the hand-shake");
  connection->page.fd.reset();
  return context_->watch(connection->guest.socket.get(), connection, &connection->socket_watch);
}

int Producer::send_welcome(Connection* connection, int wake_reader) {
  const int socket = connection->guest.socket.get();
  auto welcome = make_message<WelcomeMessage>(MessageType::welcome);
  welcome.connection = connection->id;
  welcome.epoch = epoch_;
  welcome.policy = connection->policy;
  welcome.page_bytes = kSeatPageBytes;
  welcome.layout = layout_;
  const int fds[] = {connection->page.fd.get(), wake_reader};
  const int result = send_message(socket, welcome, fds, 2);
  ES_STEP("producer.welcome.sent");
  return result == ES_OK ? tell_memory(connection) : result;
}

void Producer::activate(Connection* connection) {
  ES_STEP("producer.attached.seen");
  connection->phase = Connection::Phase::active;
  connection->since = es_now();
  tell_or_evict(connection);  // what changed while it mapped the memory
  if (connection->phase == Connection::Phase::evicted) return;
  user_info_told_ = true;
  user_info_.send(connection->guest.socket.get());
  tell_stream_info();
  connection->previous = find_previous(*connection);
  watch_holds(connection->since);
  const bool with_newest = connection->policy.start == ES_START_NEWEST && last_slot_ >= 0;
  // Not number_: what was dropped while paused has numbers too.
  const uint64_t before = with_newest ? pool_.at(static_cast<uint32_t>(last_slot_)).descriptor->number - 1 : number_;
  connection->seat.activate(before);
  send_message(connection->guest.socket.get(), make_message<ActiveMessage>(MessageType::active));
  ES_STEP("producer.active.sent");
  connection->announced = true;
  announce(ES_EVENT_CONNECTED, connection, 0, connection->previous, connection->guest.hello.client);
  if (with_newest) {
    connection->seat.push(static_cast<uint32_t>(last_slot_));
    connection->wake();
  }
  if (input_closed_) goodbye(connection, stopped_ ? ES_CAUSE_STOPPED : ES_CAUSE_ENDED, "");
  arm_reaper();
  writable();
}

void Producer::connection_ready(Connection* connection, int fd) {
  Received* received = context_->received();
  const int result = receive(fd, received);
  if (result == ES_WOULD_BLOCK) return;
  if (result == ES_OK && received->type() == MessageType::signal) {
    if (connection->stalled_since != 0) refresh_all();
    look_at_old_objects();
    return writable();
  }
  if (result == ES_OK && connection->phase == Connection::Phase::attaching) {
    if (received->type() == MessageType::attached) return activate(connection);
    if (received->type() == MessageType::user_info && connection->user_info.take(*received)) return;
  }
  if (connection->cause == ES_CAUSE_NONE) {
    const bool said_goodbye = result == ES_OK && received->type() == MessageType::bye;
    connection->cause = said_goodbye ? ES_CAUSE_CONSUMER_CLOSED : ES_CAUSE_CONSUMER_LOST;
  }
  finish(connection);
}

// ---------------------------------------------------------------- going

void Producer::goodbye(Connection* connection, es_cause cause, const char* text) {
  if (connection->phase == Connection::Phase::evicted) return;
  connection->cause = cause;
  connection->blocked_since = 0;
  if (send_bye(connection->guest.socket.get(), cause, text) != ES_OK) {
    // It hears the end of the stream instead. What it holds stays its own until it closes its side.
    shutdown(connection->guest.socket.get(), SHUT_WR);
  }
  ES_STEP("producer.goodbye.said");
  connection->phase = is_eviction(cause) ? Connection::Phase::evicted : Connection::Phase::leaving;
  if (connection->phase != Connection::Phase::evicted) return;
  uint32_t discarded = connection->seat.discard_waiting();
  if (cause == ES_CAUSE_EVICTED_VIOLATION || connection->seat.waiting() != 0) {
    // Nobody can say what it really holds; who writes nonsense into its page has no claim on slots.
    discarded += connection->seat.waiting();
    connection->seat.abandon();
  }
  ES_STEP("producer.evict.emptied");
  if (connection->announced) announce_end(*connection, discarded, text);
  writable();
}

// Its socket closed: whatever it held is free now, for nobody is left who could read it.
void Producer::finish(Connection* connection) {
  const uint64_t before = connection->seat.counters().discarded;
  connection->seat.refresh();
  connection->seat.abandon();
  ES_STEP("producer.finish.abandoned");
  const uint64_t discarded = connection->seat.counters().discarded - before;
  if (connection->phase != Connection::Phase::evicted && connection->announced) {
    announce_end(*connection, discarded, "");
  }
  if (stream_ != nullptr && stream_->strict()) {
    stream_->consumer_gone();
    stopped_ = true;
  }
  std::erase_if(connections_, [connection](const auto& other) { return other.get() == connection; });
  look_at_old_objects();
  writable();
}

void Producer::refuse(const Guest& guest, int code, const char* text) {
  es_event event{};
  event.kind = ES_EVENT_REFUSED;
  event.object = id_;
  event.code = code;
  copy_text(event.text, sizeof event.text, text);
  send_refused(guest.socket.get(), code, text);
  context_->queue(event);
}

void Producer::announce_end(const Connection& connection, uint64_t discarded, const char* text) {
  if (ended_.size() == ES_ENDED_MAX) ended_.erase(ended_.begin());
  es_connection_info& info = ended_.emplace_back();
  fill_connection(connection, &info);
  info.state = ES_STATE_DISCONNECTED;
  const uint64_t rest = info.waiting;  // places that were kept to the end
  info.discarded += rest;
  info.waiting = 0;
  announce(ES_EVENT_DISCONNECTED, &connection, connection.cause, discarded + rest, text);
}

void Producer::announce(es_event_kind kind, const Connection* connection, int code, uint64_t value, const char* text) {
  es_event event{};
  event.kind = kind;
  event.object = id_;
  event.connection = connection->id;
  event.code = code;
  event.value = value;
  copy_text(event.text, sizeof event.text, text);
  context_->queue(event);
}

// ---------------------------------------------------------------- observers, and the stream's process

void Producer::answer_query(Onlooker* onlooker, int fd) {
  Received* received = context_->received();
  const int result = receive(fd, received);
  if (result == ES_WOULD_BLOCK) return;
  if (result == ES_OK && received->type() == MessageType::query) {
    const auto* query = received->as<QueryMessage>();
    const uint64_t connection = query == nullptr ? 0 : query->connection;
    const int sent = connection == 0 ? send_report(fd) : send_latency(fd, connection);
    if (sent != ES_CLOSED) return;  // one that does not read gets fewer
  }
  std::erase_if(onlookers_, [onlooker](const auto& other) { return other.get() == onlooker; });
}

// The stream lives in another process: it says whether we are its producer, and sends its callers over.
void Producer::on_ready(int fd) {
  Received* received = context_->received();
  const int result = receive(fd, received);
  if (result == ES_WOULD_BLOCK) return;
  es_event event{};
  event.kind = ES_EVENT_PRODUCER;
  event.object = id_;
  if (result == ES_OK && received->type() == MessageType::offer) {
    const auto* offer = received->as<OfferMessage>();
    if (offer == nullptr || received->fd_count != 1) return;
    Guest guest;
    guest.socket = std::move(received->fds[0]);
    guest.hello = offer->hello;
    terminate_texts(&guest.hello);
    const bool known = guest.hello.kind == static_cast<uint32_t>(Kind::consume) ||
                       guest.hello.kind == static_cast<uint32_t>(Kind::observe);
    if (!known) return;
    guest.pid = offer->peer_pid;
    guest.vouched_for = peer_may_signal_us(link_.get());  // it might offer the wrong end of somebody else's socket
    guest.uid = offer->peer_uid;
    return adopt(std::move(guest));
  }
  if (result == ES_OK && received->type() == MessageType::granted) {
    event.code = 1;
    return context_->queue(event);
  }
  const auto* refused = received->as<RefusedMessage>();
  if (result == ES_OK && received->type() == MessageType::refused && refused != nullptr) {
    event.kind = ES_EVENT_REFUSED;
    event.code = refused->code;
    copy_text(event.text, sizeof event.text, refused->text);
  }
  link_watch_.reset();  // without its stream the producer serves the connections that it has
  link_.reset();
  context_->queue(event);
}

}  // namespace es
