// Verbs of edgestream_verbs.h: the producer's half.
#include "producer.hpp"
#include "status.hpp"

namespace es {

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

}  // namespace es
