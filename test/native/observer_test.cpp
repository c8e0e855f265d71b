// An observer reads statistics and takes no seat.
#include <unistd.h>

#include <cstring>

#include "stage.hpp"

using check::Stage;

namespace {

es_observer* observe(Stage* stage, es_context* context) {
  es_observer* observer = nullptr;
  CHECK_OK(es_open_observer(context, "stage", nullptr, &observer));
  stage->settle();
  return observer;
}

}  // namespace

TEST("a report has the producer's numbers and every connection's") {
  Stage stage([](es_stream_options*, es_producer_options* options) { options->accept.max_consumers = 2; });
  es_consumer* consumer = stage.join(check::mailbox());
  stage.join(check::fifo(8));
  es_observer* observer = observe(&stage, stage.there);
  es_producer_info info{};
  es_connection_info connections[4];
  CHECK(es_observer_report(observer, &info, connections, 4) < 0);  // none has come yet
  stage.post_many(3);
  stage.take(consumer);
  CHECK_OK(es_observer_query(observer));
  stage.settle();
  const auto events = stage.events(ES_EVENT_REPORT);
  CHECK_EQUAL(events.size(), 1);
  CHECK_EQUAL(events[0].object, es_observer_id(observer));
  CHECK_EQUAL(es_observer_report(observer, &info, connections, 4), 2);
  CHECK_EQUAL(info.frames, 3);
  CHECK_EQUAL(info.connections, 2);
  CHECK_EQUAL(info.state, ES_STATE_OLD_FRAME_AVAILABLE);
  CHECK_EQUAL(info.epoch, stage.info().epoch);
  CHECK_EQUAL(connections[0].delivered, 1);
  CHECK_EQUAL(connections[0].skipped, 2);
  CHECK_EQUAL(connections[0].pid, getpid());
  CHECK(strcmp(connections[1].policy.label, "fifo") == 0);
  CHECK_EQUAL(connections[1].waiting, 3);
  CHECK_EQUAL(es_observer_report(observer, &info, connections, 1), 2);
  CHECK_EQUAL(es_observer_report(observer, &info, nullptr, 0), 2);
}

TEST("an observer of a stream without producer sees who waits for it") {
  Stage stage([](es_stream_options* options, es_producer_options*) { options->strict = 1; });
  es_observer* observer = observe(&stage, stage.there);
  CHECK_OK(es_observer_query(observer));
  stage.settle();
  es_producer_info info{};
  CHECK_EQUAL(es_observer_report(observer, &info, nullptr, 0), 0);
  CHECK_EQUAL(info.state, ES_STATE_CREATED);
  stage.join(check::mailbox());
  CHECK_OK(es_observer_query(observer));
  stage.settle();
  CHECK_EQUAL(es_observer_report(observer, &info, nullptr, 0), 0);
  CHECK_EQUAL(info.state, ES_STATE_CONNECTING);
}

TEST("an observer learns that the producer is gone") {
  Stage stage;
  es_observer* observer = observe(&stage, stage.there);
  CHECK_OK(es_observer_query(observer));
  stage.settle();
  es_producer_close(stage.producer);
  stage.settle();
  const auto events = stage.events(ES_EVENT_REPORT);
  CHECK_EQUAL(events.size(), 2);
  CHECK_EQUAL(events[1].code, ES_CLOSED);
  CHECK_RESULT(es_observer_query(observer), ES_CLOSED);
  es_producer_info info{};
  CHECK(es_observer_report(observer, &info, nullptr, 0) < 0);
  es_observer_close(observer);
}

TEST("an observer that asks and never reads costs the producer nothing") {
  Stage stage;
  es_context* deaf = nullptr;
  CHECK_OK(es_context_create(&deaf));
  es_observer* observer = observe(&stage, deaf);
  es_consumer* consumer = stage.join(check::fifo(2));
  for (uint32_t round = 1; round <= 2000; round++) {
    CHECK_OK(es_observer_query(observer));
    stage.post();
    stage.settle();
    CHECK_EQUAL(stage.take(consumer).number, round);
  }
  es_context_destroy(deaf);
}
