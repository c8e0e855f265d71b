// The life of a producer: it comes past every step of a producer's and a stream's. And the life of its heir.
#include <dirent.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "victim.hpp"

namespace {

constexpr int64_t kWaitUs = 10'000'000;
constexpr int kAtOnce = 40;  // more than any queue of victim_watch.cpp has
constexpr useconds_t kPaceUs = 2000;

struct Source {
  es_context* context = nullptr;
  es_stream* stream = nullptr;
  es_producer* producer = nullptr;

  // What es_stream_create said.
  int create() {
    must(es_context_create(&context), "context");
    es_stream_options options{};
    options.name = kName;
    options.socket_group = -1;
    return es_stream_create(context, &options, &stream);
  }

  void connect() {
    es_producer_options options{};
    options.support_reset = 1;
    must(es_format_init(&options.format, "GRAY8", 64, 64), "format");
    must(es_stream_connect_producer(stream, &options, &producer), "producer");
  }

  void change_format() const {
    es_format format{};
    must(es_format_init(&format, "GRAY8", 64, 48), "format");
    must(es_producer_reconfigure(producer, &format), "reconfigure");
  }

  uint64_t post() const {
    es_writable slot;
    es_producer_info info;
    must(es_producer_acquire(producer, kWaitUs, &slot), "acquire");
    must(es_producer_get_info(producer, &info), "info");
    fill_frame(slot, info.frames + 1);
    uint64_t number = 0;
    must(es_producer_post(producer, slot.lease, nullptr, kWaitUs, &number), "post");
    return number;
  }

  void post_paced(int count) const {
    for (int frame = 0; frame < count; frame++) {
      post();
      usleep(kPaceUs);
      es_dispatch(context);
    }
  }

  std::vector<es_connection_info> connections() const {
    es_dispatch(context);
    std::vector<es_connection_info> all(ES_CONSUMERS_MAX);
    all.resize(static_cast<size_t>(es_producer_connections(producer, all.data(), ES_CONSUMERS_MAX)));
    return all;
  }

  template <typename Condition>
  void wait_until(Condition so) const {
    while (!so(connections())) usleep(1000);
  }

  void close() {
    es_producer_close(producer);
    es_stream_close(stream);
    es_context_destroy(context);
  }
};

using Connections = std::vector<es_connection_info>;

bool fifo_is_empty(const Connections& all) { return all.empty() || all.front().waiting == 0; }

std::string what_is_left() {
  std::string names;
  DIR* dir = opendir(getenv("EDGESTREAM_RUNTIME_DIR"));
  if (dir == nullptr) fail("EDGESTREAM_RUNTIME_DIR cannot be read");
  for (const dirent* entry; (entry = readdir(dir)) != nullptr;) {
    if (entry->d_name[0] != '.') names += std::string(names.empty() ? "" : " ") + entry->d_name;
  }
  closedir(dir);
  return names;
}

}  // namespace

int produce(int consumers, int paced) {
  Source source;
  must(source.create(), "stream");
  source.connect();
  say("{\"kind\":\"listening\"}");
  source.wait_until([consumers](const Connections& all) {
    return static_cast<int>(all.size()) == consumers && all.back().state >= ES_STATE_EMPTY;
  });
  source.post_paced(paced);
  for (int frame = 0; frame < kAtOnce; frame++) source.post();
  es_producer_drain(source.producer, ES_NO_WAIT);  // whoever has a frame waiting is asked to tell when it took it
  const auto before = source.connections();
  must(es_producer_evict(source.producer, before[2].id, "so that it goes"), "evict");
  source.wait_until([&before](const Connections& all) { return all.size() == before.size() - 1; });
  source.wait_until(fifo_is_empty);
  must(es_producer_reset(source.producer), "reset");
  source.post_paced(8);
  source.change_format();
  source.post_paced(8);
  const uint64_t last = source.post();
  source.wait_until(fifo_is_empty);
  must(es_producer_stop(source.producer), "stop");
  source.close();
  say("{\"kind\":\"lived\",\"frames\":" + std::to_string(last) + "}");
  return 0;
}

int inherit() {
  Source source;
  const int result = source.create();
  if (result == ES_OK) {
    source.connect();
    es_consumer* consumer = open_consumer(source.context, fifo(4, 1, 1000));
    source.wait_until([](const Connections& all) { return all.size() == 1 && all[0].state >= ES_STATE_EMPTY; });
    source.post();
    es_frame frame;
    must(es_consumer_acquire(consumer, 0, kWaitUs, &frame), "the heir's consumer");
    check_frame(frame, "the heir's consumer");
    es_consumer_close(consumer);
    source.close();
  }
  say(std::string("{\"kind\":\"heir\",\"result\":\"") + es_error_string(result) + "\",\"left\":\"" + what_is_left() +
      "\"}");
  return 0;
}
