// How a producer's memory follows its consumers and its layout: more slots for a newcomer, another pool for another
// format, and the end of an old pool.
#include <algorithm>
#include <cstring>

#include "format.hpp"
#include "producer.hpp"
#include "status.hpp"
#include "step.hpp"

namespace es {

namespace {
unsigned long long printable(uint64_t value) { return value; }
}  // namespace

// Says what a consumer does not know yet of the memory. It meets each message before any frame that relies on it: it
// compares what it has read with the seat's count.
int Producer::tell_memory(Connection* connection) {
  const int socket = connection->guest.socket.get();
  int result = ES_OK;
  const auto say = [&](const auto& message, const int* fd) {
    if (result == ES_OK) result = send_message(socket, message, fd, fd == nullptr ? 0 : 1);
    if (result == ES_OK) connection->seat.announce();
  };
  const auto has = [](const std::vector<PoolObject>& objects, uint32_t number) {
    return std::any_of(objects.begin(), objects.end(),
                       [number](const PoolObject& object) { return object.shape.pool == number; });
  };
  std::vector<uint32_t>& known = connection->known_objects;
  auto retire = make_message<RetireMessage>(MessageType::retire);
  for (const uint32_t number : known) {
    retire.pool = number;
    if (has(pool_.objects(), number)) continue;
    say(retire, nullptr);
    ES_STEP("producer.retire.sent");
  }
  std::erase_if(known, [&](uint32_t number) { return !has(pool_.objects(), number); });
  if (connection->known_layout != layout_) {
    auto layout = make_message<LayoutMessage>(MessageType::layout);
    layout.layout = connection->known_layout = layout_;
    layout.format = format_;
    say(layout, nullptr);
    ES_STEP("producer.layout.sent");
  }
  for (const PoolObject& object : pool_.objects()) {
    // Frames of an old layout are not for those who did not know it when they were posted.
    const bool is_known = std::find(known.begin(), known.end(), object.shape.pool) != known.end();
    if (is_known || !pool_.is_current(object)) continue;
    const int fd = object.memory.fd.get();
    say(object.shape, &fd);
    ES_STEP("producer.pool.sent");
    known.push_back(object.shape.pool);
  }
  return result;
}

// One that is in its hand-shake hears the rest at its end, all at once: it may be slow to start and read nothing, and
// what changes meanwhile must not fill its socket.
void Producer::tell_all() {
  for (const auto& connection : connections_) {
    if (connection->phase == Connection::Phase::active || connection->phase == Connection::Phase::leaving) {
      tell_or_evict(connection.get());
    }
  }
}

void Producer::tell_or_evict(Connection* connection) {
  const int result = tell_memory(connection);
  if (result == ES_OK) return;
  if (result == ES_CLOSED && peer_has_closed(connection->guest.socket.get())) {
    connection->seat.discard_waiting();
    connection->phase = Connection::Phase::leaving;  // its socket says how, at the next turn
    return;
  }
  goodbye(connection, ES_CAUSE_EVICTED_REQUEST, "it did not take the message about new memory");
}

int Producer::grow_to(uint32_t slots) {
  const uint32_t have = pool_.size();
  if (slots <= have) return ES_OK;
  if (slots > accept_.max_slots) {
    return fail(ES_REFUSED,
                "serving one more would take %u slots, the limit is %u (accept.maxSlots); "
                "ask for a smaller fifoLength, capacity or maxHeld",
                slots, accept_.max_slots);
  }
  // A quarter more than there is keeps the number of memory objects small when consumers come one by one.
  uint32_t target = std::min(std::max(slots, have + have / 4), accept_.max_slots);
  if (!fits(target - have, format_, layout_)) target = slots;
  if (!fits(target - have, format_, layout_)) {
    return fail(ES_REFUSED,
                "serving one more would take more than the %llu bytes the pool may have (accept.maxPoolBytes), or more "
                "than %u slots with those of old layouts; ask for a smaller fifoLength, capacity or maxHeld",
                printable(accept_.max_pool_bytes), ES_SLOTS_MAX);
  }
  PoolObject object;
  const int result = Pool::create(target - have, format_, layout_, unprotected_, &object);
  if (result != ES_OK) return result;
  while (pool_.retire_unclaimed(claims_)) continue;
  pool_.add(std::move(object), claims_);
  ES_STEP("producer.grow.made");
  tell_all();
  ES_STEP("producer.grow.told");
  return ES_OK;
}

bool Producer::fits(uint32_t slots, const es_format& format, uint32_t layout) const {
  const uint64_t bytes = pool_.bytes_in_use(layout, claims_) + Pool::bytes_for(slots, format);
  return bytes <= accept_.max_pool_bytes && pool_.has_room(slots, layout, claims_);
}

// Whatever can fail is done before anything changes.
int Producer::reconfigure(const es_format& format) {
  if (closed_) return fail(ES_BAD_STREAM, "the producer is closed");
  if (!format_is_sound(format)) return fail(ES_BAD_PARAMETER, "the new format was not filled in by es_format_init()");
  if (stopped_) return ES_CLOSED;
  if (input_closed_) return fail(ES_BAD_STATE, "closeInput was called: there are no more frames");
  if (memcmp(&format, &format_, sizeof format) == 0) return ES_OK;
  if (writing_ != 0) {
    return fail(ES_RESOURCE_BUSY, "%u slots of the old layout are out for writing; post or discard them first",
                writing_);
  }
  refresh_all();
  const uint32_t slots = std::max(slots_needed(nullptr), slots_wanted_);
  if (!fits(slots, format, layout_ + 1)) {
    return fail(ES_BAD_ALLOC,
                "%u slots of %llu bytes beside what consumers still hold are more than the %llu bytes the pool may "
                "have (accept.maxPoolBytes), or more than %u slots in all",
                slots, printable(format.size), printable(accept_.max_pool_bytes), ES_SLOTS_MAX);
  }
  PoolObject object;
  const int result = Pool::create(slots, format, layout_ + 1, unprotected_, &object);
  if (result != ES_OK) return result;
  turn_away(format);
  format_ = format;
  layout_++;
  last_slot_ = -1;  // who joins from here on starts in this layout
  pool_.begin_layout(layout_);
  while (pool_.retire_unclaimed(claims_)) continue;
  pool_.add(std::move(object), claims_);
  ES_STEP("producer.reconfigure.made");
  tell_all();
  ES_STEP("producer.reconfigure.told");
  look_at_old_objects();
  writable();
  return ES_OK;
}

void Producer::turn_away(const es_format& format) {
  char text[ES_TEXT_MAX];
  snprintf(text, sizeof text, "the stream has %s frames from here on, which this consumer does not take", format.name);
  for (const auto& connection : connections_) {
    if (!connection->guest.takes(format)) goodbye(connection.get(), ES_CAUSE_EVICTED_REQUEST, text);
  }
}

// Those who still have frames of an old layout are asked to say when they give one back: nobody may post meanwhile.
void Producer::look_at_old_objects() {
  if (!pool_.has_old_objects()) return;
  for (const auto& connection : connections_) {
    for (const PoolObject& object : pool_.objects()) {
      const bool old = !pool_.is_current(object);
      if (old && connection->seat.claims(object.shape.first_slot, object.shape.slot_count)) {
        connection->seat.ask_for_signal();
      }
    }
  }
  refresh_all();
  bool retired = false;
  while (pool_.retire_unclaimed(claims_)) retired = true;
  if (retired) tell_all();
}

}  // namespace es
