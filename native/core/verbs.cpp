// Verbs of edgestream_verbs.h: the producer's half.
#include "producer.hpp"
#include "status.hpp"
#include "stream.hpp"

namespace es {

// EGL: the times of a FIFO increase. Only a strict stream holds its producer to it.
bool Producer::goes_back(const es_post_info& info) const {
  if (info.pts == ES_NO_PTS || last_pts_ == ES_NO_PTS || info.pts > last_pts_) return false;
  if (stream_ == nullptr || !stream_->strict()) return false;
  for (const auto& connection : connections_) {
    if (connection->phase == Connection::Phase::active && connection->policy.when_full == ES_FULL_WAIT) return true;
  }
  return false;
}

int Producer::watch_drops(bool watch) {
  if (closed_) return fail(ES_BAD_STREAM, "the producer is closed");
  drops_watched_ = watch;
  return ES_OK;
}

// A program that posts without taking events must not lose the rarer ones to these.
void Producer::announce_drop(const Connection* connection, es_drop why) {
  if (!drops_watched_ || context_->crowded()) return;
  es_event event{};
  event.kind = ES_EVENT_DROPPED;
  event.object = id_;
  event.connection = connection == nullptr ? 0 : connection->id;
  event.code = why;
  event.value = number_;
  event.at = es_now();
  context_->queue(event);
}

int Producer::reset() {
  if (closed_) return fail(ES_BAD_STREAM, "the producer is closed");
  if (!support_reset_) return fail(ES_BAD_ACCESS, "reset: the stream was made without supportReset");
  if (input_closed_) return fail(ES_BAD_STATE, "reset: there are no more frames");
  for (const auto& connection : connections_) {
    if (connection->phase != Connection::Phase::active) continue;
    connection->seat.reset(number_);
    connection->blocked_since = 0;
    connection->wake();  // it may sleep on an old frame, which it should give up
  }
  last_slot_ = -1;
  writable();
  return ES_OK;
}

int Producer::pause(bool pause) {
  if (closed_) return fail(ES_BAD_STREAM, "the producer is closed");
  paused_ = pause;
  for (const auto& connection : connections_) connection->blocked_since = 0;  // nobody holds up a paused producer
  writable();
  return ES_OK;
}

bool Producer::paused(uint64_t* dropped) const {
  if (dropped != nullptr) *dropped = dropped_paused_;
  return paused_;
}

// As a frame that nobody is there for, except that somebody is: a number, and the slot is free again.
void Producer::drop_paused(Slot* slot) {
  number_++;
  dropped_paused_++;
  slot->writing = false;
  writing_--;
  announce_drop(nullptr, ES_DROP_PAUSED);
}

int Producer::set_user_info(const void* bytes, uint32_t size) {
  if (closed_) return fail(ES_BAD_STREAM, "the producer is closed");
  if (user_info_told_) return fail(ES_BAD_STATE, "user info: a consumer has its hand-shake behind it");
  return user_info_.set(bytes, size);
}

int Producer::user_info(uint64_t id, uint8_t* out) const {
  for (const auto& connection : connections_) {
    if (connection->id == id) return connection->user_info.copy(out);
  }
  return fail(ES_BAD_PARAMETER, "there is no connection %llu", static_cast<unsigned long long>(id));
}

int Producer::newest(es_mark* out) const {
  if (closed_) return fail(ES_BAD_STREAM, "the producer is closed");
  *out = {number_, last_pts_};
  return ES_OK;
}

int Producer::set_metadata(uint32_t block, uint32_t offset, const void* bytes, uint32_t size) {
  if (closed_) return fail(ES_BAD_STREAM, "the producer is closed");
  if (input_closed_) return fail(ES_BAD_STATE, "metadata: there are no more frames");
  if (stream_ != nullptr && stream_->strict() && active_count() == 0) {
    return fail(ES_BAD_STATE, "metadata: no consumer is connected, and the stream is strict");
  }
  return blocks_.set(block, offset, bytes, size);
}

}  // namespace es
