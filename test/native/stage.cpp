#include "stage.hpp"

#include <poll.h>
#include <sys/resource.h>

#include <cstring>

namespace check {

namespace {

constexpr int kRoundsMax = 200;  // of dispatch, until a stage counts as settled whatever still moves

es_policy policy_of(uint32_t capacity, es_when_full when_full, es_pick pick, const char* label) {
  es_policy policy{};
  policy.capacity = capacity;
  policy.when_full = static_cast<uint8_t>(when_full);
  policy.pick = static_cast<uint8_t>(pick);
  policy.max_held = 1;
  policy.max_wait_ms = -1;
  strncpy(policy.label, label, sizeof policy.label - 1);
  return policy;
}

}  // namespace

es_policy mailbox() { return policy_of(1, ES_FULL_OVERWRITE, ES_PICK_NEWEST, "mailbox"); }

es_policy fifo(uint32_t capacity, int32_t max_wait_ms) {
  es_policy policy = policy_of(capacity, ES_FULL_WAIT, ES_PICK_NEXT, "fifo");
  policy.on_disconnect = ES_DISCONNECT_DRAIN;
  policy.max_wait_ms = max_wait_ms;
  return policy;
}

es_policy broadcast(uint32_t capacity, uint32_t max_lag) {
  es_policy policy = policy_of(capacity, ES_FULL_OVERWRITE, ES_PICK_NEXT, "broadcast");
  policy.max_lag = max_lag;
  return policy;
}

es_policy dropping(uint32_t capacity) { return policy_of(capacity, ES_FULL_DROP, ES_PICK_NEXT, "dropping"); }

int64_t elapsed_ms(int64_t start) { return (es_now() - start) / 1'000'000; }

int64_t processor_ms() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

Stage::Stage(const Edit& edit) {
  es_stream_options stream_options{};
  stream_options.name = "stage";
  stream_options.socket_group = -1;
  es_producer_options options{};
  CHECK_OK(es_format_init(&options.format, "GRAY8", 64, 8));
  options.accept.max_wait_ms = -1;
  if (edit) edit(&stream_options, &options);
  CHECK_OK(es_context_create(&here));
  CHECK_OK(es_context_create(&there));
  CHECK_OK(es_stream_create(here, &stream_options, &stream));
  if (stream_options.strict == 0) CHECK_OK(es_stream_connect_producer(stream, &options, &producer));
}

Stage::~Stage() {
  es_context_destroy(there);
  es_context_destroy(here);
}

bool Stage::collect(es_context* context) {
  if (context == nullptr) return false;
  pollfd ready{es_fd(context), POLLIN, 0};
  const bool moved = poll(&ready, 1, 0) > 0;
  es_dispatch(context);
  es_event event;
  while (es_next_event(context, &event) != 0) events_.push_back(event);
  return moved;
}

void Stage::settle() {
  for (int round = 0; round < kRoundsMax; round++) {
    const bool moved_here = collect(here);
    const bool moved_there = collect(there);
    if (!moved_here && !moved_there) return;
  }
}

es_consumer* Stage::join(const es_policy& policy, uint32_t format_mask) {
  es_consumer_options options{};
  options.policy = policy;
  options.format_mask = format_mask;
  es_consumer* consumer = nullptr;
  CHECK_OK(es_open_consumer(there, "stage", &options, &consumer));
  settle();
  return consumer;
}

es_consumer* Stage::join_in_process(const es_policy& policy) {
  es_consumer_options options{};
  options.policy = policy;
  es_consumer* consumer = nullptr;
  CHECK_OK(es_stream_connect_consumer(stream, &options, &consumer));
  settle();
  return consumer;
}

uint64_t Stage::post() {
  es_writable slot{};
  CHECK_OK(es_producer_acquire(producer, ES_NO_WAIT, &slot));
  const uint64_t next = info().frames + 1;
  memset(slot.data, static_cast<uint8_t>(next), slot.size);
  uint64_t number = 0;
  CHECK_OK(es_producer_post(producer, slot.lease, nullptr, ES_NO_WAIT, &number));
  CHECK_EQUAL(number, next);
  return number;
}

void Stage::post_many(uint32_t count) {
  for (uint32_t index = 0; index < count; index++) post();
}

int Stage::try_post(int64_t timeout_us) {
  es_writable slot{};
  CHECK_OK(es_producer_acquire(producer, ES_NO_WAIT, &slot));
  memset(slot.data, static_cast<uint8_t>(info().frames + 1), slot.size);
  const int result = es_producer_post(producer, slot.lease, nullptr, timeout_us, nullptr);
  if (result != ES_OK) CHECK_OK(es_producer_discard(producer, slot.lease));
  return result;
}

es_frame Stage::take(es_consumer* consumer, uint32_t flags) {
  es_frame frame{};
  CHECK_OK(es_consumer_acquire(consumer, flags, ES_NO_WAIT, &frame));
  for (uint64_t index = 0; index < frame.size; index++) CHECK_EQUAL(frame.data[index], frame.number & 0xff);
  return frame;
}

es_connection_info Stage::seen_by_producer(es_consumer* consumer) {
  es_connection_info all[ES_CONSUMERS_MAX];
  const int count = es_producer_connections(producer, all, ES_CONSUMERS_MAX);
  const uint64_t id = seen_by_consumer(consumer).connection;
  for (int index = 0; index < count; index++) {
    if (all[index].id == id) return all[index];
  }
  fail(__FILE__, __LINE__, "the producer has no connection %llu", static_cast<unsigned long long>(id));
}

es_producer_info Stage::info() {
  es_producer_info out{};
  CHECK_OK(es_producer_get_info(producer, &out));
  return out;
}

es_consumer_info Stage::seen_by_consumer(es_consumer* consumer) {
  es_consumer_info out{};
  CHECK_OK(es_consumer_get_info(consumer, &out));
  return out;
}

void Stage::check_counts(es_consumer* consumer, uint64_t posted, uint64_t delivered, uint64_t skipped,
                         uint64_t discarded, uint64_t waiting) {
  const es_connection_info outer = seen_by_producer(consumer);
  CHECK_EQUAL(outer.posted, posted);
  CHECK_EQUAL(outer.delivered, delivered);
  CHECK_EQUAL(outer.skipped, skipped);
  CHECK_EQUAL(outer.discarded, discarded);
  CHECK_EQUAL(outer.waiting, waiting);
  CHECK_EQUAL(posted, delivered + skipped + discarded + waiting);
  const es_consumer_info inner = seen_by_consumer(consumer);
  CHECK_EQUAL(inner.posted, posted);
  CHECK_EQUAL(inner.delivered, delivered);
  CHECK_EQUAL(inner.skipped, skipped);
  CHECK_EQUAL(inner.discarded, discarded);
  CHECK_EQUAL(inner.waiting, waiting);
}

std::vector<es_event> Stage::events(es_event_kind kind) const {
  std::vector<es_event> found;
  for (const es_event& event : events_) {
    if (event.kind == static_cast<uint32_t>(kind)) found.push_back(event);
  }
  return found;
}

}  // namespace check
