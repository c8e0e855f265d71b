// The consumer's verbs that look, at what waits, what comes with a frame, what was measured, and take nothing.
#include "consumer.hpp"
#include "metadata.hpp"
#include "status.hpp"

namespace es {

int Consumer::peek(es_pending* out) {
  *out = {};
  if (closed_) return fail(ES_BAD_STREAM, "the consumer is closed");
  if (state_ == ES_STATE_DISCONNECTED) return terminal_result();
  if (said_attached_ && !attached_) read_messages();
  if (!attached_) return ES_WOULD_BLOCK;
  uint64_t position;
  uint32_t slot;
  for (int tries = 0; tries < kTriesMax && seat_.peek(&position, &slot); tries++) {
    const int met = meet_memory(slot);
    if (met == ES_WOULD_BLOCK) continue;
    if (met != ES_OK) return ES_WOULD_BLOCK;  // a broken producer: acquire will say so
    out->is_new = 1;
    if (seat_.read_waiting(position, slot, *slots_[slot].descriptor, out)) return ES_OK;
  }
  *out = {};
  if (is_over()) return terminal_result();
  if (!has_old_frame()) return ES_WOULD_BLOCK;
  const SlotDescriptor& descriptor = *slots_[static_cast<uint32_t>(last_slot_)].descriptor;
  out->number = descriptor.number;
  out->pts = descriptor.pts;
  return ES_OK;
}

int Consumer::arm() {
  if (closed_) return fail(ES_BAD_STREAM, "the consumer is closed");
  if (state_ == ES_STATE_DISCONNECTED) return terminal_result();
  if (said_attached_ && !attached_) read_messages();
  if (!attached_) return ES_WOULD_BLOCK;
  if (!ask_for_wake()) return ES_OK;
  return is_over() ? terminal_result() : ES_WOULD_BLOCK;
}

int Consumer::set_user_info(const void* bytes, uint32_t size) {
  if (closed_) return fail(ES_BAD_STREAM, "the consumer is closed");
  if (said_attached_) return fail(ES_BAD_STATE, "user info: the hand-shake with the producer is over");
  return user_info_.set(bytes, size);
}

int Consumer::set_latency(uint32_t us) {
  if (closed_) return fail(ES_BAD_STREAM, "the consumer is closed");
  latency_us_ = us;
  if (page_) seat_.set_latency_us(us);
  return ES_OK;
}

int Consumer::marks(es_mark* newest, es_mark* acquired) {
  if (closed_) return fail(ES_BAD_STREAM, "the consumer is closed");
  *acquired = {last_number_, last_pts_};
  *newest = *acquired;
  uint64_t position;
  uint32_t slot;
  for (int tries = 0; tries < kTriesMax && page_ && seat_.find_newest(&position, &slot); tries++) {
    const int met = meet_memory(slot);
    if (met == ES_WOULD_BLOCK) continue;
    if (met != ES_OK) return ES_OK;  // a broken producer: acquire will say so
    es_pending waiting{};
    if (!seat_.read_waiting(position, slot, *slots_[slot].descriptor, &waiting)) continue;
    *newest = {waiting.number, waiting.pts == ES_NO_PTS ? last_pts_ : waiting.pts};
    break;
  }
  return ES_OK;
}

int Consumer::get_latency(es_latency* out) const {
  if (!page_) return fail(ES_BAD_STATE, "there is no latency before the producer is met");
  seat_.copy_latency(out);
  return ES_OK;
}

int Consumer::metadata_block(uint64_t lease, uint32_t block, const uint8_t** data, uint32_t* size) const {
  if (block >= ES_METADATA_BLOCKS) {
    return fail(ES_BAD_PARAMETER, "there are metadata blocks 0 to %u, got %u", ES_METADATA_BLOCKS - 1, block);
  }
  const auto slot = static_cast<uint32_t>(lease & 0xff);
  const bool held = !closed_ && leases_[slot].held && !leases_[slot].given_back &&
                    leases_[slot].position == lease >> 8;
  if (!held) return fail(ES_BAD_ACCESS, "the frame's lease is over");
  const BlockPlace place = find_block(*slots_[slot].descriptor, block);
  *data = slots_[slot].metadata + place.offset;
  *size = place.size;
  return ES_OK;
}

}  // namespace es
