// The consumer's half of the hand-shake, and everything the producer says afterwards. Nothing it sends is believed
// before it is checked: seals, sizes, offsets, formats.
#include <fcntl.h>

#include "consumer.hpp"
#include "format.hpp"
#include "status.hpp"
#include "step.hpp"

namespace es {

namespace {

// A producer announces one. The bound is there so that none can make its consumers remember without end.
constexpr size_t kLayoutsMax = 256;
// More than a socket holds, so whatever was sent before this call is read; a producer that goes on sending must wait.
constexpr int kMessagesAtOnce = 1024;

}  // namespace

void Consumer::on_ready(int fd) {
  if (fd == wakes_.get()) {
    if (woken() == ES_CLOSED) wake_watch_.reset();  // an ended socket would be ready for ever
    return readable();
  }
  read_messages();
}

void Consumer::read_messages() {
  if (!socket_) return;
  Received* received = context_->received();
  for (int message = 0; message < kMessagesAtOnce; message++) {
    const int result = receive(socket_.get(), received);
    if (result == ES_WOULD_BLOCK) break;
    if (result == ES_CLOSED) {
      socket_watch_.reset();
      end(ES_CAUSE_PRODUCER_LOST, "the producer's process is gone");
      if (held_ == 0) socket_.reset();
      break;
    }
    const int handled = result == ES_OK ? handle(*received) : result;
    if (handled == ES_OK) continue;
    socket_watch_.reset();
    if (handled == ES_BAD_ALLOC && !attached_) {  // this side lacks it; nothing is wrong with the producer
      refused_ = handled;
      end(ES_CAUSE_REFUSED, es_last_error());
      socket_.reset();
      return;
    }
    end(ES_CAUSE_PRODUCER_LOST, es_last_error());
    if (held_ == 0) socket_.reset();
    return;
  }
  if (said_attached_ || !page_ || layouts_.empty() || slots_.empty() || cause_ != ES_CAUSE_NONE) return;
  said_attached_ = true;
  user_info_.send(socket_.get());
  send_message(socket_.get(), make_message<AttachedMessage>(MessageType::attached));
  ES_STEP("consumer.attached.sent");
}

// `empty` is a promise: whoever sees this state gets every frame that is posted from then on.
void Consumer::on_active() {
  if (!said_attached_ || attached_) return;
  attached_ = true;
  ES_STEP("consumer.active.seen");
  if (state_ < ES_STATE_CREATED) advance(ES_STATE_CREATED);
  if (state_ < ES_STATE_CONNECTING) advance(ES_STATE_CONNECTING);
  advance(ES_STATE_EMPTY);
  readable();
}

int Consumer::handle(const Received& message) {
  Received* received = context_->received();
  switch (message.type()) {
    case MessageType::pending:
      if (state_ < ES_STATE_CREATED) advance(ES_STATE_CREATED);
      if (state_ < ES_STATE_CONNECTING) advance(ES_STATE_CONNECTING);
      return ES_OK;
    case MessageType::welcome:
      return on_welcome(received);
    case MessageType::active:
      on_active();
      return ES_OK;
    case MessageType::user_info:
      return producer_info_.take(message) ? ES_OK : fail(ES_BAD_PROTOCOL, "user info that is none");
    case MessageType::layout:
      return on_layout(message);
    case MessageType::stream_info:
      return on_stream_info(message);
    case MessageType::pool:
      return on_pool(received);
    case MessageType::refused: {
      const auto* refused = message.as<RefusedMessage>();
      if (refused == nullptr) return fail(ES_BAD_PROTOCOL, "a short refusal");
      refused_ = refused->code < 0 ? refused->code : ES_CLOSED;
      end(ES_CAUSE_REFUSED, refused->text);
      return ES_OK;
    }
    case MessageType::bye: {
      const auto* bye = message.as<ByeMessage>();
      if (bye == nullptr || bye->cause > ES_CAUSE_EVICTED_IDLE) {
        return fail(ES_BAD_PROTOCOL, "a goodbye without a cause");
      }
      end(static_cast<es_cause>(bye->cause), bye->text);
      return ES_OK;
    }
    default:
      return ES_OK;  // a newer producer may say more
  }
}

int Consumer::on_welcome(Received* received) {
  const auto* welcome = received->as<WelcomeMessage>();
  if (welcome == nullptr || received->fd_count != 2 || welcome->page_bytes != kSeatPageBytes || page_) {
    return fail(ES_BAD_PROTOCOL, "a welcome that is not one");
  }
  const int result = map_received(received->fds[0].get(), kSeatPageBytes, Seal::both_write, true, &page_);
  if (result != ES_OK) return result;
  auto* page = reinterpret_cast<SeatPage*>(page_.data());
  if (page->magic != kMagic || page->version != welcome->header.version || page->connection != welcome->connection) {
    page_.reset();
    return fail(ES_BAD_PROTOCOL, "the seat page is not the one of this connection");
  }
  ES_STEP("consumer.welcome.mapped");
  connection_ = welcome->connection;
  epoch_ = welcome->epoch;
  policy_ = welcome->policy;
  policy_.label[sizeof policy_.label - 1] = 0;
  seat_.init(page, policy_);
  seat_.set_latency_us(latency_us_);
  wakes_ = std::move(received->fds[1]);
  fcntl(wakes_.get(), F_SETFL, O_NONBLOCK);
  return context_->watch(wakes_.get(), this, &wake_watch_);
}

int Consumer::on_layout(const Received& received) {
  const auto* message = received.as<LayoutMessage>();
  if (message == nullptr || !format_is_sound(message->format)) return fail(ES_BAD_PROTOCOL, "a layout that is not one");
  if (layouts_.size() == kLayoutsMax) return fail(ES_BAD_PROTOCOL, "more than %zu layouts", kLayoutsMax);
  layouts_.push_back({message->layout, message->format});
  if (!attached_) return ES_OK;
  es_event event{};
  event.kind = ES_EVENT_FORMAT;
  event.object = id_;
  event.connection = connection_;
  event.value = message->layout;
  context_->queue(event);
  return ES_OK;
}

const Consumer::Layout* Consumer::find_layout(uint32_t id) const {
  for (const Layout& layout : layouts_) {
    if (layout.id == id) return &layout;
  }
  return nullptr;
}

int Consumer::format(uint32_t layout, es_format* out) {
  if (layouts_.empty()) return fail(ES_BAD_STATE, "the format is known once the producer is met");
  const Layout* found = layout == 0 ? &layouts_.back() : find_layout(layout);
  if (found == nullptr) return fail(ES_BAD_PARAMETER, "there is no layout %u", layout);
  *out = found->format;
  return ES_OK;
}

int Consumer::on_pool(Received* received) {
  const auto* pool = received->as<PoolMessage>();
  if (pool == nullptr || received->fd_count != 1) return fail(ES_BAD_PROTOCOL, "a pool that is not one");
  const Layout* layout = find_layout(pool->layout);
  const uint64_t count = pool->slot_count;
  const uint64_t frame = layout == nullptr ? 0 : layout->format.size;
  bool sound = frame != 0 && count != 0 && pool->first_slot == slots_.size() && slots_.size() + count <= ES_SLOTS_MAX &&
               pool->bytes <= UINT64_C(1) << 46 && pool->data_stride <= pool->bytes &&
               pool->metadata_offset <= pool->bytes && pool->data_offset <= pool->bytes &&
               pool->metadata_offset >= sizeof(SlotDescriptor) * count &&
               pool->data_offset >= pool->metadata_offset + ES_METADATA_MAX * count;
#ifdef ES_TEST_HOOKS
  const bool shared_data = pool->data_stride == 0;
#else
  const bool shared_data = false;
#endif
  sound = sound && (shared_data || pool->data_stride >= frame) &&
          pool->data_offset + pool->data_stride * (count - 1) + frame <= pool->bytes;
  if (!sound) return fail(ES_BAD_PROTOCOL, "a pool whose parts do not fit into it");
  Mapping mapping;
  const int result = map_received(received->fds[0].get(), pool->bytes, Seal::owner_writes, false, &mapping);
  if (result != ES_OK) return result;
  const uint8_t* base = mapping.data();
  for (uint64_t index = 0; index < count; index++) {
    slots_.push_back({reinterpret_cast<const SlotDescriptor*>(base) + index,
                      base + pool->metadata_offset + ES_METADATA_MAX * index,
                      base + pool->data_offset + pool->data_stride * index, frame});
  }
  objects_.push_back(std::move(mapping));
  ES_STEP("consumer.pool.mapped");
  return ES_OK;
}

// Which waiting frames outlive the producer's goodbye.
bool Consumer::drains() const {
  switch (cause_) {
    case ES_CAUSE_ENDED: return true;
    case ES_CAUSE_PRODUCER_CLOSED:
    case ES_CAUSE_PRODUCER_LOST: return policy_.on_disconnect == ES_DISCONNECT_DRAIN;
    default: return false;
  }
}

void Consumer::end(es_cause cause, const char* reason) {
  // The first cause is the true one; but a drain after closeInput can still be cancelled.
  const bool cancelled = cause_ == ES_CAUSE_ENDED && cause == ES_CAUSE_STOPPED && state_ != ES_STATE_DISCONNECTED;
  if (cause_ != ES_CAUSE_NONE && !cancelled) return;
  cause_ = cause;
  copy_text(reason_, sizeof reason_, reason);
  // An evicted consumer's producer lives, and wants the slot of a frame that was given back.
  if (last_slot_ >= 0 && leases_[last_slot_].given_back && !keeps_last()) end_lease(static_cast<uint32_t>(last_slot_));
  uint64_t position;
  uint32_t slot;
  if (!attached_ || !drains() || !seat_.peek(&position, &slot)) advance(ES_STATE_DISCONNECTED);
  readable();
}

}  // namespace es
