#include "producer.hpp"

#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "format.hpp"
#include "runtime_dir.hpp"
#include "status.hpp"
#include "step.hpp"
#include "stream.hpp"

namespace es {

namespace {

constexpr uint32_t kMaxWriting = 2;        // default: one being filled, one about to be posted
constexpr uint32_t kMaxConsumers = 16;     // default
constexpr int32_t kMaxWaitMs = 5000;       // default, for other processes
constexpr uint64_t kMaxPoolBytes = UINT64_C(4) << 30;  // default
// At a camera's pace the consumers sleep deeply, and the scheduler likes to wake them on the processor that wakes them.
// There they wait until this thread sleeps, unless it steps aside. A producer in a hurry is not asked to: its consumers
// would be woken for each frame instead of for many.
constexpr int64_t kUnhurried = kMillisecond;

// Tells the lives of a producer apart, also across restarts of the process. A later life has a larger epoch unless the
// clock was set back in between; so nobody compares epochs for more than equality.
uint64_t new_epoch() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
#ifdef ES_TEST_HOOKS
  const char* set_by = getenv("ES_TEST_CLOCK_SET_BY");  // seconds
  if (set_by != nullptr) now.tv_sec += atol(set_by);
#endif
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<uint64_t>(now.tv_nsec);
}

es_accept with_defaults(es_accept accept) {
  if (accept.when_full_mask == 0) accept.when_full_mask = 7;
  if (accept.max_wait_capacity == 0) accept.max_wait_capacity = ES_CAPACITY_MAX;
  if (accept.max_held == 0) accept.max_held = ES_HELD_MAX;
  if (accept.max_consumers == 0) accept.max_consumers = kMaxConsumers;
  if (accept.max_slots == 0) accept.max_slots = ES_SLOTS_MAX;
  if (accept.max_wait_ms == 0) accept.max_wait_ms = kMaxWaitMs;
  if (accept.max_pool_bytes == 0) accept.max_pool_bytes = kMaxPoolBytes;
  accept.max_consumers = std::min(accept.max_consumers, ES_CONSUMERS_MAX);
  accept.max_slots = std::min(accept.max_slots, ES_SLOTS_MAX);
  return accept;
}

}  // namespace

Producer::Producer(Context* context, const es_producer_options& options, Stream* stream)
    : context_(context),
      id_(context->next_id()),
      stream_(stream),
      format_(options.format),
      accept_(with_defaults(options.accept)),
      slots_wanted_(std::min(options.slots, accept_.max_slots)),
      max_writing_(options.max_writing == 0 ? kMaxWriting : options.max_writing),
      wait_without_consumer_(options.wait_without_consumer != 0),
      unprotected_(options.unprotected != 0),
      support_reset_(options.support_reset != 0),
      epoch_(new_epoch()),
      deadline_(context, [this] { on_deadline(); }),
      reaper_(context, [this] { reap_idle(); }) {}

int Producer::create(Context* context, const es_producer_options& options, Stream* stream, Producer** out) {
  if (!format_is_sound(options.format)) {
    return fail(ES_BAD_PARAMETER, "the producer's format was not filled in by es_format_init()");
  }
#ifndef ES_TEST_HOOKS
  if (options.unprotected != 0) return fail(ES_BAD_ACCESS, "`unprotected` exists in test builds only");
#endif
  std::unique_ptr<Producer> producer(new Producer(context, options, stream));
  producer->pool_.begin_layout(producer->layout_);
  const int result = producer->grow_to(std::max(producer->slots_needed(nullptr), producer->slots_wanted_));
  if (result != ES_OK) {
    producer->stream_ = nullptr;  // it never was the stream's producer, so its end is not the stream's
    return result;
  }
  *out = producer.get();
  context->producers.push_back(std::move(producer));
  return ES_OK;
}

int Producer::open(Context* context, const char* name, const std::string& dir, const es_producer_options& options,
                   Producer** out) {
  Fd link;
  int result = connect_to(name, dir, &link);
  if (result != ES_OK) return result;
  auto hello = make_message<HelloMessage>(MessageType::hello);
  hello.header.version = kVersionMin;
  hello.kind = static_cast<uint32_t>(Kind::produce);
  hello.version_min = kVersionMin;
  hello.version_max = kVersionMax;
  hello.pid = getpid();
  copy_text(hello.stream, sizeof hello.stream, name);
  copy_text(hello.client, sizeof hello.client, program_invocation_short_name);
  if (send_message(link.get(), hello) != ES_OK) return fail(ES_NOT_FOUND, "stream \"%s\" closed the connection", name);
  result = create(context, options, nullptr, out);
  if (result != ES_OK) return result;
  (*out)->link_ = std::move(link);
  result = context->watch((*out)->link_.get(), *out, &(*out)->link_watch_);
  if (result != ES_OK) context->producers.pop_back();
  return result;
}

Producer::~Producer() {
  close();
  context_->forget(id_);
}

void Producer::close(es_cause cause) {
  if (closed_) return;
  closed_ = true;
  deadline_.clear();
  reaper_.clear();
  for (const auto& connection : connections_) {
    if (connection->phase == Connection::Phase::attaching || connection->phase == Connection::Phase::active) {
      if (connection->policy.on_disconnect == ES_DISCONNECT_DROP) connection->seat.discard_waiting();
      goodbye(connection.get(), cause, "");
    }
  }
  ES_STEP("producer.close.said");
  connections_.clear();
  ES_STEP("producer.close.forgot");
  onlookers_.clear();
  link_watch_.reset();
  link_.reset();
  if (stream_ != nullptr) stream_->producer_gone();
  stream_ = nullptr;
  context_->queue_wake(ES_EVENT_WRITABLE, id_, &wake_pending_);
}

// ---------------------------------------------------------------- verbs

int Producer::acquire(es_writable* out) {
  if (closed_) return fail(ES_BAD_STREAM, "the producer is closed");
  if (stopped_) return ES_CLOSED;
  if (input_closed_) return fail(ES_BAD_STATE, "closeInput was called: there are no more frames");
  if (writing_ >= max_writing_) {
    return fail(ES_RESOURCE_BUSY, "%u slots are out for writing already; post or discard one first", writing_);
  }
  refresh_all();
  look_at_old_objects();
  int found = pool_.find_free(claims_, last_slot_);
  if (found < 0) {
    for (const auto& connection : connections_) connection->seat.ask_for_signal();
    refresh_all();
    found = pool_.find_free(claims_, last_slot_);
    if (found < 0) return ES_WOULD_BLOCK;
  }
  Slot& slot = pool_.at(static_cast<uint32_t>(found));
  slot.writing = true;
  writing_++;
  slot.lease = ++last_lease_ << 8 | static_cast<uint32_t>(found);
  slot.acquired_at = es_now();
  if (found == last_slot_) last_slot_ = -1;
  *out = {slot.lease, slot.data, format_.size, layout_, static_cast<uint32_t>(found)};
  return ES_OK;
}

int Producer::find_writing(uint64_t lease) {
  const auto slot = static_cast<uint32_t>(lease & 0xff);
  if (slot < pool_.end() && pool_.at(slot).writing && pool_.at(slot).lease == lease) return static_cast<int>(slot);
  return fail(ES_BAD_ACCESS, "this frame is not out for writing: it was posted or discarded already");
}

int Producer::discard(uint64_t lease) {
  if (closed_) return ES_OK;
  const int slot = find_writing(lease);
  if (slot < 0) return slot;
  pool_.at(static_cast<uint32_t>(slot)).writing = false;
  writing_--;
  return ES_OK;
}

int Producer::post(uint64_t lease, const es_post_info& info, uint64_t* number, bool* steps_aside) {
  if (closed_) return fail(ES_BAD_STREAM, "the producer is closed");
  const int found = find_writing(lease);
  if (found < 0) return found;
  if (stopped_) return ES_CLOSED;
  if (input_closed_) return fail(ES_BAD_STATE, "closeInput was called: there are no more frames");
  if (info.size > format_.size) {
    return fail(ES_BAD_PARAMETER, "a frame of %llu bytes in a slot of %llu", static_cast<unsigned long long>(info.size),
                static_cast<unsigned long long>(format_.size));
  }
  if (info.metadata_size > ES_METADATA_MAX || (info.metadata_size != 0 && info.metadata == nullptr)) {
    return fail(ES_BAD_PARAMETER, "metadata of %u bytes; at most %u", info.metadata_size, ES_METADATA_MAX);
  }
  if (info.metadata_size + blocks_.bytes() > ES_METADATA_MAX) {
    return fail(ES_BAD_PARAMETER, "metadata of %u bytes, and %u in blocks; together at most %u", info.metadata_size,
                blocks_.bytes(), ES_METADATA_MAX);
  }
  if (goes_back(info)) return fail(ES_BAD_PARAMETER, "a strict fifo wants each pts above the one before");
  if (paused_) {
    drop_paused(&pool_.at(static_cast<uint32_t>(found)));
    if (number != nullptr) *number = number_;
    return ES_OK;
  }
  refresh_all();
  if (!make_places()) return ES_WOULD_BLOCK;
  const uint32_t active = active_count();
  if (active == 0 && wait_without_consumer_) return ES_WOULD_BLOCK;
  const auto index = static_cast<uint32_t>(found);
  Slot& slot = pool_.at(index);
  number_++;
  if (number != nullptr) *number = number_;
  write_descriptor(&slot, info, number_);
  ES_STEP("producer.post.described");
  throughput_.count(slot.descriptor->posted, slot.descriptor->size);
  slot.writing = false;
  writing_--;
  last_slot_ = found;
  if (active == 0) {
    no_consumer_++;
    announce_drop(nullptr, ES_DROP_NO_CONSUMER);
  }
  bool woke = false;
  for (const auto& connection : connections_) {
    if (connection->phase == Connection::Phase::active) woke |= deliver(connection.get(), index);
  }
  for (size_t position = 0; position < connections_.size(); position++) check_lag(connections_[position].get());
  const int64_t posted = slot.descriptor->posted;
  *steps_aside = woke && posted - last_posted_ >= kUnhurried;
  last_posted_ = posted;
  return ES_OK;
}

void Producer::write_descriptor(Slot* slot, const es_post_info& info, uint64_t number) {
  SlotDescriptor& descriptor = *slot->descriptor;
  descriptor.number = number;
  descriptor.epoch = epoch_;
  descriptor.pts = info.pts;
  if (info.pts != ES_NO_PTS) last_pts_ = info.pts;
  descriptor.duration = info.duration;
  descriptor.captured = info.captured != 0 ? info.captured : slot->acquired_at;
  descriptor.posted = es_now();
  descriptor.size = info.size != 0 ? info.size : format_.size;
  descriptor.layout = layout_;
  descriptor.metadata_size = info.metadata_size;
  if (info.metadata_size != 0) memcpy(slot->metadata, info.metadata, info.metadata_size);
  blocks_.write(slot->metadata + info.metadata_size, descriptor.block_size);
}

// A waiting queue has a place by now; an overwriting one makes it; a dropping one goes without. true: it slept.
bool Producer::deliver(Connection* connection, uint32_t slot) {
  ProducerSeat& seat = connection->seat;
  connection->blocked_since = 0;
  if (!seat.has_place()) {
    if (connection->policy.when_full == ES_FULL_DROP) {
      seat.discard_one();
      announce_drop(connection, ES_DROP_QUEUE_FULL);
      return false;
    }
    seat.overwrite_oldest();
  }
  seat.push(slot);
  return connection->wake();
}

// true when every waiting queue has a place. The time of those that have none runs. Only one of them is asked to
// signal: when it does the others are looked at again, and by then most have a place without having been asked.
bool Producer::make_places() {
  bool all = true;
  bool timed = false;  // somebody's time runs
  int64_t now = 0;     // the clock is asked only when it matters: it costs as much as the rest
  for (size_t index = 0; index < connections_.size(); index++) {
    Connection* connection = connections_[index].get();
    timed = timed || connection->phase == Connection::Phase::attaching;
    if (connection->phase != Connection::Phase::active || connection->policy.when_full != ES_FULL_WAIT) continue;
    if (!connection->seat.has_place() && all) {
      connection->seat.ask_for_signal();
      connection->seat.refresh();
    }
    if (connection->seat.has_place()) {
      connection->blocked_since = 0;
      continue;
    }
    timed = true;
    if (now == 0) now = es_now();
    if (connection->blocked_since == 0) connection->blocked_since = now;
    const int64_t limit = connection->policy.max_wait_ms * kMillisecond;
    if (limit >= 0 && now - connection->blocked_since >= limit) {
      stall(connection, now);
    } else {
      all = false;
    }
  }
  if (timed) arm_deadline();
  return all;
}

int Producer::close_input() {
  if (closed_) return fail(ES_BAD_STREAM, "the producer is closed");
  if (input_closed_) return ES_OK;
  input_closed_ = true;
  for (size_t index = 0; index < connections_.size(); index++) {
    Connection* connection = connections_[index].get();
    if (connection->phase == Connection::Phase::active) goodbye(connection, ES_CAUSE_ENDED, "");
  }
  writable();
  return ES_OK;
}

int Producer::drain() {
  if (closed_) return ES_OK;
  bool rest = false;
  for (const auto& connection : connections_) {
    if (connection->phase == Connection::Phase::evicted) continue;
    connection->seat.ask_for_signal();
    connection->seat.refresh();
    rest = rest || connection->phase == Connection::Phase::attaching || connection->seat.occupied() != 0;
  }
  return rest ? ES_WOULD_BLOCK : ES_OK;
}

int Producer::stop() {
  if (closed_) return fail(ES_BAD_STREAM, "the producer is closed");
  if (stopped_) return ES_OK;
  stopped_ = input_closed_ = true;
  for (size_t index = 0; index < connections_.size(); index++) {
    goodbye(connections_[index].get(), ES_CAUSE_STOPPED, "");
    ES_STEP("producer.stop.said");
    connections_[index]->seat.discard_waiting();
    ES_STEP("producer.stop.emptied");
  }
  writable();
  return ES_OK;
}

int Producer::evict(uint64_t id, const char* reason) {
  for (const auto& connection : connections_) {
    if (connection->id != id || connection->phase == Connection::Phase::evicted) continue;
    goodbye(connection.get(), ES_CAUSE_EVICTED_REQUEST, reason == nullptr ? "" : reason);
    return ES_OK;
  }
  return fail(ES_BAD_PARAMETER, "there is no connection %llu", static_cast<unsigned long long>(id));
}

// ---------------------------------------------------------------- what happened meanwhile

void Producer::refresh_all() {
  for (size_t index = 0; index < connections_.size(); index++) {
    Connection* connection = connections_[index].get();
    if (connection->seat.refresh()) {
      if (connection->stalled_since != 0) check_recovery(connection);
      continue;
    }
    if (connection->phase == Connection::Phase::evicted) {
      connection->seat.abandon();
      continue;
    }
    goodbye(connection, ES_CAUSE_EVICTED_VIOLATION, "its page holds what no consumer of this protocol writes");
  }
}

uint32_t Producer::active_count() const {
  return static_cast<uint32_t>(std::count_if(connections_.begin(), connections_.end(), [](const auto& connection) {
    return connection->phase == Connection::Phase::active;
  }));
}

// A stall that is due is told here: the next post judges it, the timer has nothing to add.
void Producer::arm_deadline() {
  const int64_t now = es_now();
  int64_t first = 0;
  const auto consider = [&first](int64_t at) {
    if (first == 0 || at < first) first = at;
  };
  for (const auto& connection : connections_) {
    if (connection->phase == Connection::Phase::attaching) consider(connection->attach_by);
    if (connection->blocked_since != 0 && connection->policy.max_wait_ms >= 0) {
      const int64_t due = connection->blocked_since + connection->policy.max_wait_ms * kMillisecond;
      due > now ? consider(due) : writable();
    }
  }
  if (holds_checked_at_ != 0) consider(holds_checked_at_);
  if (first != 0) deadline_.set(first);
}

// A hand-shake took too long, or a queue held us up too long: the next try of post() judges the queue.
void Producer::on_deadline() {
  const int64_t now = es_now();
  for (size_t index = connections_.size(); index-- > 0;) {
    Connection* connection = connections_[index].get();
    if (connection->phase == Connection::Phase::attaching && now >= connection->attach_by) finish(connection);
  }
  if (holds_checked_at_ != 0 && now >= holds_checked_at_) check_holds(now);
  writable();
  arm_deadline();
}

void Producer::writable() { context_->queue_wake(ES_EVENT_WRITABLE, id_, &wake_pending_); }

}  // namespace es
