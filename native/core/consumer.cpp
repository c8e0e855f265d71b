#include "consumer.hpp"

#include <algorithm>
#include <cerrno>

#include "status.hpp"
#include "step.hpp"
#include "wake.hpp"

namespace es {

namespace {

constexpr int kSpinLooks = 100;  // 1 to 4 us, by processor

// Tells the processor that it waits, so that it saves power and lets its other half work.
inline void pause_processor() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

Consumer::Consumer(Context* context, bool in_process)
    : context_(context),
      id_(context->next_id()),
      state_(in_process ? ES_STATE_CREATED : ES_STATE_INITIALIZING) {}

int Consumer::create(Context* context, Fd socket, const char* stream, const es_consumer_options& options,
                     bool in_process, Consumer** out) {
  std::unique_ptr<Consumer> consumer(new Consumer(context, in_process));
  consumer->policy_ = options.policy;
  auto hello = make_message<HelloMessage>(MessageType::hello);
  hello.header.version = kVersionMin;
  hello.kind = static_cast<uint32_t>(Kind::consume);
  hello.format_mask = options.format_mask;
  hello.version_min = kVersionMin;
  hello.version_max = kVersionMax;
  hello.pid = getpid();
  hello.policy = options.policy;
  copy_text(hello.stream, sizeof hello.stream, stream);
  copy_text(hello.client, sizeof hello.client,
            options.client == nullptr ? program_invocation_short_name : options.client);
  if (send_message(socket.get(), hello) != ES_OK) return fail(ES_NOT_FOUND, "the stream closed the connection");
  ES_STEP("consumer.hello.sent");
  consumer->socket_ = std::move(socket);
  const int result = context->watch(consumer->socket_.get(), consumer.get(), &consumer->socket_watch_);
  if (result != ES_OK) return result;
  *out = consumer.get();
  context->consumers.push_back(std::move(consumer));
  return ES_OK;
}

Consumer::~Consumer() {
  close();
  context_->forget(id_);
}

void Consumer::close() {
  if (closed_) return;
  for (uint32_t slot = 0; slot < ES_SLOTS_MAX; slot++) end_lease(slot);
  ES_STEP("consumer.close.released");
  if (cause_ == ES_CAUSE_NONE) {
    cause_ = ES_CAUSE_CONSUMER_CLOSED;
    send_bye(socket_.get(), ES_CAUSE_CONSUMER_CLOSED, "");
    ES_STEP("consumer.close.said");
  }
  advance(ES_STATE_DISCONNECTED);
  closed_ = true;
  socket_watch_.reset();
  wake_watch_.reset();
  // The memory goes first: when the producer sees the socket close, nobody here can read a slot any more.
  objects_.clear();
  page_.reset();
  ES_STEP("consumer.close.unmapped");
  socket_.reset();
  wakes_.reset();
  readable();
}

// ---------------------------------------------------------------- verbs

int Consumer::acquire(uint32_t flags, es_frame* out) {
  if (closed_) return fail(ES_BAD_STREAM, "the consumer is closed");
  if ((flags & ES_ACQUIRE_PAST_END) != 0) keeps_past_end_ = true;
  if (state_ == ES_STATE_DISCONNECTED) return past_end(flags, out);
  if (said_attached_ && !attached_) read_messages();  // the answer may be there, though no loop ran yet
  if (!attached_) return ES_WOULD_BLOCK;
  for (int tries = 0; tries < kTriesMax; tries++) {
    uint64_t position;
    uint32_t slot;
    if (!seat_.peek(&position, &slot)) {
      const int result = nothing_new(flags, out);
      if (result != ES_OK || out->is_new == 0) return result;
      continue;
    }
    const int met = meet_memory(slot);
    if (met != ES_OK && met != ES_WOULD_BLOCK) leave(es_last_error());
    if (state_ == ES_STATE_DISCONNECTED) return past_end(flags, out);  // also by what was read just now
    if (met == ES_WOULD_BLOCK) continue;
    // The last credit is exchanged: with one the earlier lease ends here (EGL), with more the frame kept for reuse.
    const bool out_of_credit = held_ >= policy_.max_held;
    if (out_of_credit && (last_slot_ < 0 || (policy_.max_held > 1 && !leases_[last_slot_].given_back))) {
      credit_blocked_ = true;
      return ES_WOULD_BLOCK;
    }
    // false: the producer put a newer one in its place
    const int64_t now = es_now();
    const bool keeps_place = (flags & ES_ACQUIRE_KEEP_PLACE) != 0;
    if (keeps_place) seat_.keep_place();
    if (!(out_of_credit ? exchange_last(position, slot, now) : seat_.take(position, slot))) {
      if (keeps_place) {
        seat_.consume(1);
        signal();  // the producer may have met the place while it was kept
      }
      continue;
    }
    return lease_frame(position, slot, now, out);
  }
  leave("the producer's queue never stood still long enough to take a frame from it");
  return terminal_result();
}

// OK with is_new set: look again, something came in between.
int Consumer::nothing_new(uint32_t flags, es_frame* out) {
  if (is_over()) return past_end(flags, out);
  if ((flags & ES_ACQUIRE_NEW_ONLY) == 0 && has_old_frame()) return old_frame(out);
  const bool came = (flags & ES_ACQUIRE_SPIN) != 0 && spin();
  if (!came) {
    if ((flags & ES_ACQUIRE_NO_WAKE) != 0) give_up_old();
    if ((flags & ES_ACQUIRE_NO_WAKE) != 0 || ask_for_wake()) return ES_WOULD_BLOCK;
  }
  out->is_new = 1;
  return ES_OK;
}

// Nothing waits. true: and nothing will come.
bool Consumer::is_over() {
  if (cause_ == ES_CAUSE_ENDED) read_messages();  // stop() may have emptied the queue; its goodbye came before that
  if (cause_ == ES_CAUSE_NONE) return false;
  advance(ES_STATE_DISCONNECTED);
  return true;
}

// true: nothing waits, and a wake-up follows when something comes or the producer resets.
bool Consumer::ask_for_wake() {
  if (!seat_.prepare_sleep()) return false;
  give_up_old();  // after the flag: a reset that this look misses rings
  return true;
}

// After the producer's reset, what was kept for a second acquire is kept for nothing.
void Consumer::give_up_old() {
  if (last_slot_ < 0 || has_old_frame() || !leases_[last_slot_].given_back) return;
  end_lease(static_cast<uint32_t>(last_slot_));
}

int Consumer::past_end(uint32_t flags, es_frame* out) {
  const bool wanted = (flags & ES_ACQUIRE_PAST_END) != 0 && (flags & ES_ACQUIRE_NEW_ONLY) == 0;
  return wanted && keeps_last() && has_old_frame() ? old_frame(out) : terminal_result();
}

// An evicted consumer keeps nothing that it gave back: its producer lives and wants the slot.
bool Consumer::keeps_last() const {
  return policy_.no_reuse == 0 && (cause_ == ES_CAUSE_NONE || (abandoned() && keeps_past_end_));
}

bool Consumer::abandoned() const { return cause_ == ES_CAUSE_PRODUCER_CLOSED || cause_ == ES_CAUSE_PRODUCER_LOST; }

// true: something came. Long enough that a loop that polls spends most of its time looking.
bool Consumer::spin() {
  uint64_t position;
  uint32_t slot;
  for (int look = 0; look < kSpinLooks; look++) {
    pause_processor();
    if (seat_.peek(&position, &slot)) return true;
  }
  return false;
}

bool Consumer::exchange_last(uint64_t position, uint32_t slot, int64_t now) {
  Lease& earlier = leases_[last_slot_];
  const auto earlier_slot = static_cast<uint32_t>(last_slot_);
  if (!seat_.take_instead_of(earlier.position, earlier_slot, position, slot)) return false;
  count_hold(&earlier, now);
  earlier.held = false;
  held_--;
  last_slot_ = -1;
  return true;
}

void Consumer::count_hold(Lease* lease, int64_t now) {
  if (lease->hold_counted) return;
  lease->hold_counted = true;
  seat_.latency().add(ES_STEP_HOLD, lease->acquired_at, now);
}

void Consumer::count_delivery(const es_frame& frame) {
  LatencyWriter& latency = seat_.latency();
  const int64_t woken = woken_at_ > frame.posted ? woken_at_ : frame.acquired;
  latency.add(ES_STEP_POST, frame.captured, frame.posted);
  latency.add(ES_STEP_WAKE, frame.posted, woken);
  latency.add(ES_STEP_ACQUIRE, woken, frame.acquired);
  latency.add(ES_STEP_DELIVER, frame.posted, frame.acquired);
}

int Consumer::lease_frame(uint64_t position, uint32_t slot, int64_t now, es_frame* out) {
  // With credits left, the old frame was kept only for want of a newer one.
  if (last_slot_ >= 0 && leases_[last_slot_].given_back) end_lease(static_cast<uint32_t>(last_slot_));
  signal();
  leases_[slot] = {position, true, false, false, now};
  held_++;
  last_slot_ = static_cast<int>(slot);
  if (!seen_first_) {
    last_number_ = seat_.start_number();
    seen_first_ = true;
  }
  fill(slot, out);
  out->is_new = 1;
  out->skipped = out->number - last_number_ - 1;
  last_number_ = out->number;
  if (out->pts != ES_NO_PTS) last_pts_ = out->pts;
  count_delivery(*out);
  // The last one that waited: whoever looks for the next producer need not ask for one more to hear of it.
  uint64_t next_position;
  uint32_t next_slot;
  if (abandoned() && !seat_.peek(&next_position, &next_slot)) advance(ES_STATE_DISCONNECTED);
  return ES_OK;
}

int Consumer::old_frame(es_frame* out) {
  Lease& old = leases_[last_slot_];
  if (old.given_back) seat_.reuse();
  old.given_back = false;
  fill(static_cast<uint32_t>(last_slot_), out);
  out->is_new = 0;
  out->skipped = 0;
  return ES_OK;
}

// The slot is leased, so its descriptor stands still; but a producer is not believed about lengths, nor that it does
// not change them between our check and our use.
void Consumer::fill(uint32_t slot, es_frame* out) const {
  const SlotView& view = slots_[slot];
  const SlotDescriptor& descriptor = *view.descriptor;
  out->lease = pack_entry(leases_[slot].position, slot);
  out->number = descriptor.number;
  out->epoch = descriptor.epoch;
  out->pts = descriptor.pts;
  out->duration = descriptor.duration;
  out->captured = descriptor.captured;
  out->posted = descriptor.posted;
  out->acquired = leases_[slot].acquired_at;
  out->data = view.data;
  out->size = std::min(read_once(descriptor.size), view.data_bytes);
  out->metadata = view.metadata;
  out->metadata_size = std::min(read_once(descriptor.metadata_size), ES_METADATA_MAX);
  out->layout = view.layout;
  out->slot = slot;
}

void Consumer::end_lease(uint32_t slot) {
  Lease& lease = leases_[slot];
  if (!lease.held) return;
  lease.held = false;
  held_--;
  if (last_slot_ == static_cast<int>(slot)) last_slot_ = -1;
  if (!lease.hold_counted) count_hold(&lease, es_now());
  seat_.release(lease.position, slot);
  signal();
  if (held_ == 0 && !closed_ && cause_ != ES_CAUSE_NONE && !socket_watch_.active()) socket_.reset();
}

int Consumer::release(uint64_t lease) {
  const auto slot = static_cast<uint32_t>(lease & 0xff);
  if (closed_) return ES_OK;
  Lease& own = leases_[slot];
  if (!own.held || own.given_back || own.position != lease >> 8) return ES_OK;
  const bool keep = last_slot_ == static_cast<int>(slot) && keeps_last() && last_number_ > seat_.reset_number();
  if (keep) {
    own.given_back = true;
    seat_.keep(own.position);
    if (!own.hold_counted) count_hold(&own, es_now());
  } else {
    end_lease(slot);
  }
  if (credit_blocked_) {
    credit_blocked_ = false;
    readable();
  }
  return ES_OK;
}

int Consumer::consume(uint32_t count) {
  if (closed_ || !attached_) return fail(ES_BAD_STATE, "the consumer has no seat");
  if (!seat_.consume(count)) return fail(ES_BAD_PARAMETER, "consume: not so many places are kept");
  signal();
  return ES_OK;
}

int Consumer::take_wake_fd() {
  if (!wakes_) return -1;
  wake_watch_.reset();
  return wakes_.get();
}

int Consumer::woken() {
  const bool more = !closed_ && drain_wakes(wakes_.get());
  woken_at_ = es_now();
  return more ? ES_OK : ES_CLOSED;
}

bool Consumer::prepare_sleep() {
  return !closed_ && cause_ == ES_CAUSE_NONE && (!attached_ || ask_for_wake());
}

void Consumer::signal() {
  if (!seat_.take_signal_request()) return;
  ES_STEP("consumer.signal.taken");
  // Over the socket, not a pipe of its own: a write to a producer that just died must not raise SIGPIPE here.
  send_message(socket_.get(), make_message<SignalMessage>(MessageType::signal));
  ES_STEP("consumer.signal.sent");
}

// ---------------------------------------------------------------- state

int Consumer::state() {
  if (closed_ || state_ == ES_STATE_DISCONNECTED) return ES_STATE_DISCONNECTED;
  if (said_attached_ && !attached_) read_messages();
  if (!attached_) return state_;
  uint64_t position;
  uint32_t slot;
  if (seat_.peek(&position, &slot)) return ES_STATE_NEW_FRAME_AVAILABLE;
  if (cause_ != ES_CAUSE_NONE) return ES_STATE_DISCONNECTED;
  return has_old_frame() ? ES_STATE_OLD_FRAME_AVAILABLE : ES_STATE_EMPTY;
}

bool Consumer::has_old_frame() const {
  return last_slot_ >= 0 && policy_.no_reuse == 0 && last_number_ > seat_.reset_number();
}

int Consumer::terminal_result() const {
  if (refused_ != ES_OK) return refused_;
  return is_eviction(cause_) ? ES_EVICTED : ES_CLOSED;
}

void Consumer::advance(es_state state) {
  if (state_ == state) return;
  es_event event{};
  event.kind = ES_EVENT_STATE;
  event.object = id_;
  event.connection = connection_;
  event.code = state == ES_STATE_DISCONNECTED ? cause_ : ES_CAUSE_NONE;
  event.old_state = static_cast<uint8_t>(state_);
  event.new_state = static_cast<uint8_t>(state);
  copy_text(event.text, sizeof event.text, reason_);
  state_ = state;
  context_->queue(event);
}

void Consumer::readable() { context_->queue_wake(ES_EVENT_READABLE, id_, &wake_pending_); }

int Consumer::get_info(es_consumer_info* out) {
  *out = {};
  out->connection = connection_;
  out->epoch = epoch_;
  out->state = static_cast<uint32_t>(state());
  out->cause = cause_;
  out->held = held_;
  out->policy = policy_;
  copy_text(out->reason, sizeof out->reason, reason_);
  out->layout = layouts_.empty() ? 0 : layouts_.back().id;
  if (!page_) return ES_OK;
  const SeatCounters counters = seat_.counters();
  out->posted = counters.posted;
  out->delivered = counters.delivered;
  out->skipped = counters.skipped;
  out->discarded = counters.discarded;
  out->reset_number = seat_.reset_number();
  const uint64_t accounted = out->delivered + out->skipped + out->discarded;
  const uint64_t rest = out->posted > accounted ? out->posted - accounted : 0;
  // What waits when the connection is over will never be delivered, whether or not the producer lives to count it.
  (out->state == ES_STATE_DISCONNECTED ? out->discarded : out->waiting) += rest;
  return ES_OK;
}

}  // namespace es
