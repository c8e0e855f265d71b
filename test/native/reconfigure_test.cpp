// Another size or format in mid-stream: what waits and what is held stays as it was, and old memory goes with its last
// claim, at both ends.
#include <dirent.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <string>
#include <thread>

#include "stage.hpp"

using check::Stage;

namespace {

es_format format_of(const char* name, uint32_t width, uint32_t height) {
  es_format format{};
  CHECK_OK(es_format_init(&format, name, width, height));
  return format;
}

es_policy holding(es_policy policy, uint16_t max_held) {
  policy.max_held = max_held;
  policy.no_reuse = 1;
  return policy;
}

// A consumer's frame: its bytes, and that they are as many as its layout says.
void check_frame(es_consumer* consumer, const es_frame& frame, const es_format& expected) {
  es_format format{};
  CHECK_OK(es_consumer_format(consumer, frame.layout, &format));
  CHECK(memcmp(&format, &expected, sizeof format) == 0);
  CHECK_EQUAL(frame.size, expected.size);
  for (uint64_t index = 0; index < frame.size; index++) CHECK_EQUAL(frame.data[index], frame.number & 0xff);
}

// Descriptors of pools: the producer's, for a consumer closes its own once it has mapped them.
int pool_descriptors() {
  int count = 0;
  DIR* dir = opendir("/proc/self/fd");
  CHECK(dir != nullptr);
  while (const dirent* entry = readdir(dir)) {
    char target[64] = {};
    const std::string path = std::string("/proc/self/fd/") + entry->d_name;
    if (readlink(path.c_str(), target, sizeof target - 1) > 0) count += strstr(target, "edgestream-pool") != nullptr;
  }
  closedir(dir);
  return count;
}

// Mappings of pools: one of the producer and one of each consumer.
int pool_mappings() {
  int count = 0;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) count += line.find("edgestream-pool") != std::string::npos;
  return count;
}

}  // namespace

TEST("a reconfigure is for the next frames: those that wait or are held keep their layout and their bytes") {
  Stage stage;
  es_consumer* consumer = stage.join(holding(check::fifo(4), 3));
  const es_format old_format = stage.info().format;
  const es_format new_format = format_of("RGBA", 31, 17);
  stage.post_many(2);
  const es_frame held = stage.take(consumer);
  CHECK_EQUAL(held.layout, 1);
  CHECK_OK(es_producer_reconfigure(stage.producer, &new_format));
  stage.post_many(3);
  const es_frame waited = stage.take(consumer);
  check_frame(consumer, waited, old_format);
  CHECK_EQUAL(waited.layout, 1);
  const es_frame next = stage.take(consumer);
  check_frame(consumer, next, new_format);
  CHECK_EQUAL(next.layout, 2);
  CHECK_EQUAL(next.number, 3);
  CHECK_EQUAL(next.skipped, 0);
  check_frame(consumer, held, old_format);
  stage.check_counts(consumer, 5, 3, 0, 0, 2);
  CHECK_EQUAL(stage.info().layout, 2);
  CHECK_EQUAL(Stage::seen_by_consumer(consumer).layout, 2);
  stage.settle();
  const auto events = stage.events(ES_EVENT_FORMAT);
  CHECK_EQUAL(events.size(), 1);
  CHECK_EQUAL(events[0].value, 2);
}

TEST("the memory of an old layout goes at both ends with the last frame in it, though nobody posts") {
  Stage stage;
  es_consumer* consumer = stage.join(holding(check::fifo(2), 2));
  es_consumer* other = stage.join(holding(check::fifo(2), 2));
  const int descriptors = pool_descriptors();
  const int mappings = pool_mappings();
  stage.post();
  const es_frame first = stage.take(consumer);
  const es_frame second = stage.take(other);
  const es_format format = format_of("GRAY8", 128, 8);
  CHECK_OK(es_producer_reconfigure(stage.producer, &format));
  stage.settle();
  CHECK(pool_descriptors() > 1);
  CHECK_OK(es_consumer_release(consumer, first.lease));
  stage.settle();
  CHECK(stage.info().memory_objects > 1);
  CHECK_EQUAL(second.data[0], 1);
  CHECK_OK(es_consumer_release(other, second.lease));
  stage.settle();
  CHECK_EQUAL(stage.info().memory_objects, 1);
  CHECK_EQUAL(pool_descriptors(), 1);
  CHECK_EQUAL(pool_mappings(), 3);
  CHECK(pool_descriptors() <= descriptors && pool_mappings() <= mappings);
}

TEST("50 reconfigures with frames waiting and held leave neither descriptors nor mappings") {
  Stage stage;
  es_consumer* consumers[] = {stage.join(holding(check::fifo(3), 2)), stage.join(check::mailbox()),
                              stage.join(check::broadcast(4)), stage.join(check::dropping(2)),
                              stage.join_in_process(check::mailbox())};
  stage.settle();
  for (uint32_t round = 0; round < 50; round++) {
    const es_format format = format_of(round % 2 == 0 ? "RGB" : "GRAY8", 16 + round, 8);
    CHECK_OK(es_producer_reconfigure(stage.producer, &format));
    stage.post_many(2);
    for (es_consumer* consumer : consumers) {
      const es_frame frame = stage.take(consumer);
      CHECK(frame.layout >= round + 1 && frame.layout <= round + 2);
      CHECK_OK(es_consumer_release(consumer, frame.lease));
    }
    es_frame rest;
    for (es_consumer* consumer : consumers) {
      while (es_consumer_acquire(consumer, ES_ACQUIRE_NEW_ONLY, ES_NO_WAIT, &rest) == ES_OK) {
        check_frame(consumer, rest, format);
        CHECK_OK(es_consumer_release(consumer, rest.lease));
      }
    }
  }
  stage.settle();
  CHECK_EQUAL(stage.info().layout, 51);
  CHECK_EQUAL(stage.info().memory_objects, 1);
  CHECK_EQUAL(pool_descriptors(), 1);
  CHECK_EQUAL(pool_mappings(), 6);
}

TEST("a reconfigure that cannot be says why, and the old format goes on") {
  Stage stage([](es_stream_options*, es_producer_options* options) { options->accept.max_pool_bytes = 1 << 20; });
  es_consumer* consumer = stage.join(check::fifo(2));
  const es_format old_format = stage.info().format;
  es_writable slot{};
  CHECK_OK(es_producer_acquire(stage.producer, ES_NO_WAIT, &slot));
  const es_format wide = format_of("GRAY8", 128, 8);
  CHECK_RESULT(es_producer_reconfigure(stage.producer, &wide), ES_RESOURCE_BUSY);
  CHECK_OK(es_producer_discard(stage.producer, slot.lease));
  es_format broken = wide;
  broken.size++;
  CHECK_RESULT(es_producer_reconfigure(stage.producer, &broken), ES_BAD_PARAMETER);
  CHECK_RESULT(es_producer_reconfigure(stage.producer, nullptr), ES_BAD_PARAMETER);
  const es_format large = format_of("RGBA", 1920, 1080);
  CHECK_RESULT(es_producer_reconfigure(stage.producer, &large), ES_BAD_ALLOC);
  CHECK_TEXT(es_last_error(), "accept.maxPoolBytes");
  CHECK_OK(es_producer_reconfigure(stage.producer, &old_format));
  CHECK_EQUAL(stage.info().layout, 1);
  stage.post();
  check_frame(consumer, stage.take(consumer), old_format);
  CHECK_OK(es_producer_reconfigure(stage.producer, &wide));
  CHECK_OK(es_producer_close_input(stage.producer));
  CHECK_RESULT(es_producer_reconfigure(stage.producer, &old_format), ES_BAD_STATE);
  CHECK_OK(es_producer_stop(stage.producer));
  CHECK_RESULT(es_producer_reconfigure(stage.producer, &old_format), ES_CLOSED);
}

TEST("slots that are held count: no room for a second pool is ES_BAD_ALLOC until they come back") {
  Stage stage;
  es_consumer* consumer = stage.join(holding(check::fifo(100), 60));
  const es_format old_format = stage.info().format;
  es_frame frames[4];
  for (es_frame& frame : frames) {
    stage.post();
    frame = stage.take(consumer);
  }
  const es_format format = format_of("GRAY8", 32, 8);
  CHECK_RESULT(es_producer_reconfigure(stage.producer, &format), ES_BAD_ALLOC);
  stage.post();
  const es_frame later = stage.take(consumer);
  CHECK_EQUAL(later.layout, 1);
  CHECK_OK(es_consumer_release(consumer, later.lease));
  for (uint32_t index = 1; index < 4; index++) CHECK_OK(es_consumer_release(consumer, frames[index].lease));
  CHECK_OK(es_producer_reconfigure(stage.producer, &format));  // only the small first object is left of the old pool
  stage.post();
  check_frame(consumer, stage.take(consumer), format);
  check_frame(consumer, frames[0], old_format);
}

TEST("a consumer that does not take the new format is evicted with that reason, the others go on") {
  Stage stage;
  es_consumer* picky = stage.join(check::fifo(2), 1u << es_format_index("GRAY8"));
  es_consumer* other = stage.join(check::fifo(2));
  stage.post();
  const es_frame held = stage.take(picky);
  const es_format format = format_of("RGB", 16, 16);
  CHECK_OK(es_producer_reconfigure(stage.producer, &format));
  stage.post();
  stage.settle();
  const es_consumer_info info = Stage::seen_by_consumer(picky);
  CHECK_EQUAL(info.cause, ES_CAUSE_EVICTED_REQUEST);
  CHECK_TEXT(info.reason, "RGB");
  es_frame none;
  CHECK_RESULT(es_consumer_acquire(picky, ES_ACQUIRE_NEW_ONLY, ES_NO_WAIT, &none), ES_EVICTED);
  for (uint64_t index = 0; index < held.size; index++) CHECK_EQUAL(held.data[index], 1);
  CHECK_EQUAL(stage.take(other).number, 1);
  check_frame(other, stage.take(other), format);
  es_consumer_close(picky);
  stage.settle();
  CHECK_EQUAL(stage.info().memory_objects, 1);
}

TEST("a consumer that is found dead in the middle of a reconfigure takes no index from the new pool") {
  Stage stage;
  es_consumer* dead = stage.join(check::fifo(2));
  es_consumer* other = stage.join(holding(check::fifo(2), 1));
  stage.post_many(2);
  for (int count = 0; count < 2; count++) CHECK_OK(es_consumer_release(other, stage.take(other).lease));
  es_consumer_close(dead);  // the producer has not heard of it: what waited for it is still claimed
  for (uint32_t width : {16, 24, 32}) {
    const es_format format = format_of("GRAY8", width, 8);
    CHECK_OK(es_producer_reconfigure(stage.producer, &format));
    for (int count = 0; count < 4; count++) {
      stage.post();
      const es_frame frame = stage.take(other);
      check_frame(other, frame, format);
      CHECK_OK(es_consumer_release(other, frame.lease));
    }
  }
  stage.settle();
  CHECK_EQUAL(stage.info().memory_objects, 1);
  CHECK_EQUAL(stage.info().slots_free, stage.info().slots);
  const auto gone = stage.events(ES_EVENT_DISCONNECTED);
  CHECK_EQUAL(gone.size(), 1);
  CHECK_EQUAL(gone[0].code, ES_CAUSE_CONSUMER_CLOSED);  // it left by itself, nobody turned it out
}

TEST("a hand-shake that takes long is not filled with what changes meanwhile: it hears the rest at its end") {
  Stage stage;
  es_consumer_options options{};
  options.policy = check::fifo(2);
  es_consumer* slow = nullptr;
  CHECK_OK(es_open_consumer(stage.there, "stage", &options, &slow));
  es_dispatch(stage.here);  // it is admitted, and reads nothing
  for (uint32_t round = 0; round < 1000; round++) {
    const es_format format = format_of("GRAY8", 16 + round % 50, 8);
    CHECK_OK(es_producer_reconfigure(stage.producer, &format));
  }
  stage.settle();
  stage.post();
  check_frame(slow, stage.take(slow), stage.info().format);
  CHECK_EQUAL(pool_descriptors(), 1);
  CHECK_EQUAL(pool_mappings(), 2);
}

TEST("who joins after a reconfigure, or hangs in its hand-shake during one, starts in the new layout") {
  Stage stage;
  es_consumer* early = stage.join(check::fifo(4));
  stage.post();
  es_policy with_newest = check::mailbox();
  with_newest.start = ES_START_NEWEST;
  es_consumer_options options{};
  options.policy = with_newest;
  es_consumer* between = nullptr;
  CHECK_OK(es_open_consumer(stage.there, "stage", &options, &between));
  es_dispatch(stage.here);  // it is admitted in the old layout, and has not answered
  const es_format format = format_of("NV12", 32, 16);
  CHECK_OK(es_producer_reconfigure(stage.producer, &format));
  es_consumer* late = stage.join(with_newest);
  es_frame none;
  CHECK_RESULT(es_consumer_acquire(late, ES_ACQUIRE_NEW_ONLY, ES_NO_WAIT, &none), ES_WOULD_BLOCK);
  stage.post();
  check_frame(between, stage.take(between), format);
  check_frame(late, stage.take(late), format);
  CHECK_EQUAL(stage.take(early).layout, 1);
  check_frame(early, stage.take(early), format);
  es_format unknown;
  CHECK_RESULT(es_consumer_format(late, 1, &unknown), ES_BAD_PARAMETER);
}

TEST("a consumer that reads on a thread of its own gets every frame in its own layout while the producer changes it") {
  constexpr uint32_t kFrames = check::kUnderSanitizer ? 300 : 2000;
  Stage stage;
  es_consumer* consumer = stage.join(holding(check::fifo(4), 2));
  std::thread reader([consumer] {
    es_frame before{};
    for (uint64_t number = 1; number <= kFrames; number++) {
      es_frame frame{};
      CHECK_OK(es_consumer_acquire(consumer, ES_ACQUIRE_NEW_ONLY, 10'000'000, &frame));
      CHECK_EQUAL(frame.number, number);
      es_format format{};
      CHECK_OK(es_consumer_format(consumer, frame.layout, &format));
      check_frame(consumer, frame, format);
      CHECK_EQUAL(format.width, 16 + frame.layout % 50);
      if (number > 1) check_frame(consumer, before, format_of("GRAY8", 16 + before.layout % 50, 8));
      if (number > 1) CHECK_OK(es_consumer_release(consumer, before.lease));
      before = frame;
    }
  });
  for (uint32_t number = 1, layout = 1; number <= kFrames; number++) {
    if (number % 3 == 1) {
      const es_format format = format_of("GRAY8", 16 + ++layout % 50, 8);
      CHECK_OK(es_producer_reconfigure(stage.producer, &format));
    }
    es_writable slot{};
    CHECK_OK(es_producer_acquire(stage.producer, 10'000'000, &slot));
    memset(slot.data, static_cast<uint8_t>(number), slot.size);
    CHECK_OK(es_producer_post(stage.producer, slot.lease, nullptr, 10'000'000, nullptr));
  }
  reader.join();
  es_consumer_close(consumer);
  stage.settle();
  CHECK_EQUAL(stage.info().memory_objects, 1);
}
