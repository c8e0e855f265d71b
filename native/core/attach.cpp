// The consumer's half of the hand-shake, and everything the producer says afterwards. Nothing it sends is believed
// before it is checked: seals, sizes, offsets, formats.
#include <fcntl.h>

#include <algorithm>

#include "consumer.hpp"
#include "format.hpp"
#include "status.hpp"
#include "step.hpp"

namespace es {

namespace {

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
    leave(es_last_error());
    if (held_ == 0) socket_.reset();
    return;
  }
  if (said_attached_ || !page_ || layouts_.empty() || objects_.empty() || cause_ != ES_CAUSE_NONE) return;
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
      return read_memory_message(on_layout(message));
    case MessageType::stream_info:
      return on_stream_info(message);
    case MessageType::pool:
      return read_memory_message(on_pool(received));
    case MessageType::retire:
      return read_memory_message(on_retire(message));
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
  forget_unused_layouts();
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
  bool sound = frame != 0 && count != 0 && count <= ES_SLOTS_MAX && pool->first_slot <= ES_SLOTS_MAX - count &&
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
  SlotView* slots = slots_ + pool->first_slot;
  const bool is_free = std::all_of(slots, slots + count, [](const SlotView& slot) { return slot.data == nullptr; });
  if (!is_free) return fail(ES_BAD_PROTOCOL, "a pool with slots that another one has");
  Mapping mapping;
  const int result = map_received(received->fds[0].get(), pool->bytes, Seal::owner_writes, false, &mapping);
  if (result != ES_OK) return result;
  const uint8_t* base = mapping.data();
  for (uint64_t index = 0; index < count; index++) {
    slots[index] = {reinterpret_cast<const SlotDescriptor*>(base) + index,
                    base + pool->metadata_offset + ES_METADATA_MAX * index,
                    base + pool->data_offset + pool->data_stride * index, frame, pool->layout};
  }
  objects_.push_back({pool->pool, pool->layout, pool->first_slot, pool->slot_count, std::move(mapping)});
  ES_STEP("consumer.pool.mapped");
  return ES_OK;
}

// Memory goes only when nothing here is leased in it, whatever the producer says.
int Consumer::on_retire(const Received& received) {
  const auto* message = received.as<RetireMessage>();
  if (message == nullptr) return fail(ES_BAD_PROTOCOL, "a short retirement of a pool");
  const auto pool = std::find_if(objects_.begin(), objects_.end(),
                                 [message](const PoolView& object) { return object.number == message->pool; });
  if (pool == objects_.end()) return ES_OK;  // from before this connection
  const Lease* leases = leases_ + pool->first_slot;
  if (std::any_of(leases, leases + pool->slot_count, [](const Lease& lease) { return lease.held; })) {
    return fail(ES_BAD_PROTOCOL, "a pool was retired while a frame in it is held");
  }
  std::fill_n(slots_ + pool->first_slot, pool->slot_count, SlotView{});
  objects_.erase(pool);
  ES_STEP("consumer.pool.unmapped");
  return ES_OK;
}

// Those of frames that may come or are held stay. So there is never more than one per slot, and the newest.
void Consumer::forget_unused_layouts() {
  std::erase_if(layouts_, [this](const Layout& layout) {
    return std::none_of(objects_.begin(), objects_.end(),
                        [&layout](const PoolView& object) { return object.layout == layout.id; });
  });
}

// Right after seat_.peek(): makes sure that the slot's memory is known. Its messages were sent before the frame was
// queued, so whoever has read as many as were announced knows it. ES_WOULD_BLOCK: some were read, and the frame may be
// another one by now; look again.
int Consumer::meet_memory(uint32_t slot) {
  const uint64_t announced = seat_.announced();  // once: it may rise before we look again
  const uint64_t before = memory_messages_;
  if (announced > before) read_messages();
  if (memory_messages_ != before) return ES_WOULD_BLOCK;
  if (announced <= before && slots_[slot].data != nullptr) return ES_OK;
  return fail(ES_BAD_PROTOCOL, "the producer queued a frame in memory that it never handed over");
}

int Consumer::read_memory_message(int result) {
  if (result == ES_OK) memory_messages_++;
  return result;
}

// This end cannot go on. Its producer may live: it will see the socket close and use the slots again, so what waits is
// nobody's. What is held keeps the socket open.
void Consumer::leave(const char* reason) {
  left_ = true;
  end(ES_CAUSE_PRODUCER_LOST, reason);
  advance(ES_STATE_DISCONNECTED);  // also in the middle of a drain, which has its cause already
}

// Which waiting frames outlive the producer's goodbye.
bool Consumer::drains() const {
  if (left_) return false;
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
