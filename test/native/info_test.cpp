// The verbs of edgestream_info.h, as a C program calls them.
#include <unistd.h>

#include <cstring>
#include <string>

#include "stage.hpp"
#include "throughput.hpp"

using check::Stage;

namespace {

constexpr int64_t kMs = 1'000'000;

std::string told_to(es_consumer* consumer) {
  uint8_t bytes[ES_STREAM_INFO_MAX];
  const int size = es_consumer_stream_info(consumer, bytes);
  CHECK(size >= 0);
  return std::string(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
}

void tell(Stage* stage, const std::string& text) {
  CHECK_OK(es_producer_set_stream_info(stage->producer, text.data(), static_cast<uint32_t>(text.size())));
}

}  // namespace

TEST("stream info: a consumer has it when it is attached, and an event for each change after that") {
  Stage stage;
  es_consumer* early = stage.join(check::mailbox());
  CHECK(told_to(early).empty());
  tell(&stage, "one");
  stage.settle();
  CHECK(told_to(early) == "one");
  es_consumer* late = stage.join(check::mailbox());
  CHECK(told_to(late) == "one");
  CHECK_EQUAL(stage.events(ES_EVENT_STREAM_INFO).size(), 1);
  CHECK_EQUAL(stage.events(ES_EVENT_STREAM_INFO)[0].object, es_consumer_id(early));
  tell(&stage, "");
  stage.settle();
  CHECK(told_to(early).empty() && told_to(late).empty());
  CHECK_EQUAL(stage.events(ES_EVENT_STREAM_INFO).size(), 3);
}

TEST("stream info: 2048 bytes at most, and none after close_input") {
  Stage stage;
  const std::string most(ES_STREAM_INFO_MAX, 'x');
  tell(&stage, most);
  CHECK_RESULT(es_producer_set_stream_info(stage.producer, (most + "x").data(), ES_STREAM_INFO_MAX + 1),
               ES_BAD_PARAMETER);
  CHECK(told_to(stage.join(check::mailbox())) == most);
  CHECK_OK(es_producer_close_input(stage.producer));
  CHECK_RESULT(es_producer_set_stream_info(stage.producer, "a", 1), ES_BAD_STATE);
}

TEST("stream info: who does not read in time gets the newest later, and stays connected") {
  Stage stage;
  es_consumer* consumer = stage.join(check::mailbox());
  for (int edition = 0; edition < 2000; edition++) tell(&stage, std::string(2000, 'x'));
  tell(&stage, "the newest");
  for (int tries = 0; tries < 100 && told_to(consumer) != "the newest"; tries++) {
    usleep(20'000);
    stage.settle();
  }
  CHECK(told_to(consumer) == "the newest");
  stage.post();
  CHECK_EQUAL(stage.take(consumer).number, 1);
}

TEST("an observer's report brings the stream info and the throughput") {
  Stage stage;
  es_observer* observer = nullptr;
  CHECK_OK(es_open_observer(stage.there, "stage", nullptr, &observer));
  tell(&stage, "door");
  stage.post_many(5);
  CHECK_OK(es_observer_query(observer));
  stage.settle();
  CHECK_EQUAL(stage.events(ES_EVENT_REPORT).size(), 1);
  uint8_t bytes[ES_STREAM_INFO_MAX];
  es_throughput throughput{};
  CHECK_EQUAL(es_observer_stream_info(observer, bytes, &throughput), 4);
  CHECK(memcmp(bytes, "door", 4) == 0);
  CHECK_EQUAL(throughput.frames, 4);  // from the first one on
  CHECK_EQUAL(throughput.bytes, 4 * stage.info().format.size);
  CHECK(throughput.elapsed > 0);
}

TEST("throughput: frames from one to the next, exact while they come, less and less when they do not, then none") {
  es::Throughput throughput;
  CHECK_EQUAL(throughput.read(1).elapsed, 0);
  int64_t now = 1000 * kMs;
  for (int frame = 0; frame < 300; frame++) throughput.count(now += 20 * kMs, 7);
  const es_throughput steady = throughput.read(now + 19 * kMs);
  CHECK_EQUAL(steady.elapsed, static_cast<int64_t>(steady.frames) * 20 * kMs);
  CHECK_EQUAL(steady.bytes, steady.frames * 7);
  CHECK(steady.elapsed > 1500 * kMs && steady.elapsed <= 2000 * kMs);
  const es_throughput late = throughput.read(now + 1000 * kMs);
  CHECK_EQUAL(late.elapsed, static_cast<int64_t>(late.frames) * 20 * kMs + 1000 * kMs);
  const es_throughput over = throughput.read(now + 3000 * kMs);
  CHECK_EQUAL(over.frames, 0);
  CHECK(over.elapsed > 0);
}

TEST("a consumer's latency is in what its producer says of it") {
  Stage stage;
  es_consumer* consumer = stage.join(check::mailbox());
  CHECK_EQUAL(stage.seen_by_producer(consumer).latency_us, 0);
  CHECK_OK(es_consumer_set_latency(consumer, 16'000));
  CHECK_EQUAL(stage.seen_by_producer(consumer).latency_us, 16'000);
}

TEST("marks: the newest frame that reached a consumer, and the one it acquired last") {
  Stage stage;
  es_consumer* fifo = stage.join(check::fifo(4));
  es_mark newest{}, acquired{}, posted{};
  CHECK_OK(es_consumer_marks(fifo, &newest, &acquired));
  CHECK_EQUAL(newest.number, 0);
  CHECK_EQUAL(acquired.number, 0);
  CHECK(newest.pts == ES_NO_PTS);
  stage.post_many(3);
  stage.take(fifo);
  CHECK_OK(es_consumer_marks(fifo, &newest, &acquired));
  CHECK_EQUAL(newest.number, 3);
  CHECK_EQUAL(acquired.number, 1);
  CHECK_OK(es_producer_newest(stage.producer, &posted));
  CHECK_EQUAL(posted.number, 3);
  stage.take(fifo);
  stage.take(fifo);
  CHECK_OK(es_consumer_marks(fifo, &newest, &acquired));
  CHECK_EQUAL(newest.number, 3);
  CHECK_EQUAL(acquired.number, 3);
}

TEST("a pool that is asked for more slots has them from the beginning, as far as accept.max_slots goes") {
  {
    Stage asked([](es_stream_options*, es_producer_options* options) { options->slots = 20; });
    CHECK_EQUAL(asked.info().slots, 20);
    CHECK_EQUAL(asked.info().memory_objects, 1);
  }
  Stage bounded([](es_stream_options*, es_producer_options* options) {
    options->slots = 20;
    options->accept.max_slots = 8;
  });
  CHECK_EQUAL(bounded.info().slots, 8);
}
