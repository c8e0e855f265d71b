// steady_producer <name> <frames per second> [unprotected|changing]: a producer that others try to disturb, and a
// witness of it, a fifo consumer in a process of its own that checks number and every byte of every frame. Each line on
// standard input is answered with the producer's numbers; end of input ends the stream. Then it prints what the witness
// saw, and exits 0 only when that missed nothing and no post was held up. `unprotected` lets it write into slots that
// others hold: what a test does not notice then, it cannot notice. `changing` gives it another format every 50 frames.
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "edgestream.h"

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr uint64_t kChangeEvery = 50;
constexpr int64_t kHeldUpMax = 500'000'000;  // ns that a post may take: far above a busy machine, far below a stall

void must(int result, const char* what) {
  if (result == ES_OK) return;
  printf("{\"failed\":\"%s\",\"result\":\"%s\",\"text\":\"%s\"}\n", what, es_error_string(result), es_last_error());
  fflush(stdout);
  exit(1);
}

// The witness's exit code: 0 when all frames came whole and in order, from the first to the end of the stream.
int witness(const char* name) {
  es_context* context = nullptr;
  es_consumer* consumer = nullptr;
  must(es_context_create(&context), "witness context");
  es_consumer_options options{};
  options.policy.capacity = 64;
  options.policy.max_held = 1;
  options.policy.max_wait_ms = 5000;
  options.policy.on_disconnect = ES_DISCONNECT_DRAIN;
  strcpy(options.policy.label, "fifo");
  options.client = "witness";
  while (es_open_consumer(context, name, &options, &consumer) != ES_OK) usleep(10'000);
  for (uint64_t expected = 1;; expected++) {
    es_frame frame;
    const int result = es_consumer_acquire(consumer, ES_ACQUIRE_NEW_ONLY, 30'000'000, &frame);
    if (result == ES_CLOSED) {
      es_consumer_info info;
      es_consumer_get_info(consumer, &info);
      printf("{\"witness\":\"%s\",\"frames\":%llu}\n", es_cause_string(static_cast<int>(info.cause)),
             static_cast<unsigned long long>(expected - 1));
      fflush(stdout);
      return info.cause == ES_CAUSE_ENDED ? 0 : 1;
    }
    must(result, "witness acquire");
    if (frame.number != expected || frame.skipped != 0) {
      fprintf(stderr, "witness: frame %llu came, %llu was due\n", static_cast<unsigned long long>(frame.number),
              static_cast<unsigned long long>(expected));
      return 1;
    }
    for (uint64_t index = 0; index < frame.size; index++) {
      if (frame.data[index] == static_cast<uint8_t>(expected)) continue;
      fprintf(stderr, "witness: frame %llu is torn at byte %llu\n", static_cast<unsigned long long>(expected),
              static_cast<unsigned long long>(index));
      return 1;
    }
    must(es_consumer_release(consumer, frame.lease), "witness release");
  }
}

struct Counts {
  int refused = 0, evicted = 0, lost = 0, stalled = 0, held_up = 0;
};

void take_events(es_context* context, Counts* counts) {
  es_dispatch(context);
  es_event event;
  while (es_next_event(context, &event) != 0) {
    counts->refused += event.kind == ES_EVENT_REFUSED;
    counts->stalled += event.kind == ES_EVENT_STALLED;
    if (event.kind != ES_EVENT_DISCONNECTED) continue;
    counts->lost += event.code == ES_CAUSE_CONSUMER_LOST;
    const bool evicted = event.code >= ES_CAUSE_EVICTED_LAG && event.code <= ES_CAUSE_EVICTED_REQUEST;
    counts->evicted += evicted;
    if (evicted) fprintf(stderr, "evicted: %s, %s\n", es_cause_string(event.code), event.text);
  }
}

void post_one(es_producer* producer, uint64_t number, Counts* counts) {
  const int64_t start = es_now();
  es_writable slot;
  must(es_producer_acquire(producer, 10'000'000, &slot), "acquire");
  memset(slot.data, static_cast<uint8_t>(number), slot.size);
  uint64_t posted = 0;
  must(es_producer_post(producer, slot.lease, nullptr, 10'000'000, &posted), "post");
  if (es_now() - start > kHeldUpMax) counts->held_up++;
}

// Now and then there is no room for another pool, because others hold frames of several old ones.
void change_format(es_producer* producer, uint64_t number) {
  es_format format{};
  const bool large = number / kChangeEvery % 2 == 0;
  must(es_format_init(&format, "GRAY8", large ? 320 : 200, large ? 240 : 100), "format");
  const int result = es_producer_reconfigure(producer, &format);
  if (result != ES_BAD_ALLOC) must(result, "reconfigure");
}

void print_status(es_producer* producer, const Counts& counts) {
  es_producer_info info;
  es_producer_get_info(producer, &info);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const long processor_ms = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                            (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
  printf("{\"frames\":%llu,\"connections\":%u,\"slots\":%u,\"slotsFree\":%u,\"refused\":%d,\"evicted\":%d,"
         "\"lost\":%d,\"stalled\":%d,\"heldUp\":%d,\"processorMs\":%ld}\n",
         static_cast<unsigned long long>(info.frames), info.connections, info.slots, info.slots_free, counts.refused,
         counts.evicted, counts.lost, counts.stalled, counts.held_up, processor_ms);
  fflush(stdout);
}

// false at the end of input.
bool answer_commands(es_producer* producer, const Counts& counts) {
  pollfd ready{STDIN_FILENO, POLLIN, 0};
  if (poll(&ready, 1, 0) <= 0) return true;
  char line[64];
  const ssize_t size = read(STDIN_FILENO, line, sizeof line);
  if (size <= 0) return false;
  for (ssize_t index = 0; index < size; index++) {
    if (line[index] == '\n') print_status(producer, counts);
  }
  return true;
}

// Posts at an even pace until the end of input, dispatching in between.
void serve(es_context* context, es_producer* producer, int64_t interval, bool changing, Counts* counts) {
  int64_t due = es_now();
  for (uint64_t number = 1;; number++) {
    if (changing && number % kChangeEvery == 0) change_format(producer, number);
    post_one(producer, number, counts);
    due += interval;
    for (int64_t left; (left = due - es_now()) > 0;) {
      pollfd ready[] = {{es_fd(context), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
      const timespec rest{left / kSecond, left % kSecond};
      ppoll(ready, 2, &rest, nullptr);
      take_events(context, counts);
      if (!answer_commands(producer, *counts)) return;
    }
    if (es_now() - due > kSecond) due = es_now();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const double rate = argc >= 3 ? atof(argv[2]) : 0;
  if (rate <= 0) {
    fprintf(stderr, "usage: steady_producer <name> <frames per second> [unprotected|changing]\n");
    return 2;
  }
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return witness(argv[1]);
  }
  es_context* context = nullptr;
  es_stream* stream = nullptr;
  es_producer* producer = nullptr;
  must(es_context_create(&context), "context");
  es_stream_options stream_options{};
  stream_options.name = argv[1];
  stream_options.socket_group = -1;
  must(es_stream_create(context, &stream_options, &stream), "stream");
  es_producer_options options{};
  options.unprotected = argc == 4 && strcmp(argv[3], "unprotected") == 0;
  must(es_format_init(&options.format, "GRAY8", 320, 240), "format");
  must(es_stream_connect_producer(stream, &options, &producer), "producer");
  Counts counts;
  es_connection_info first{};
  while (es_producer_connections(producer, &first, 1) == 0 || first.state < ES_STATE_EMPTY) {
    take_events(context, &counts);
    usleep(1000);
  }
  printf("%s\n", es_stream_socket(stream));
  fflush(stdout);
  const bool changing = argc == 4 && strcmp(argv[3], "changing") == 0;
  serve(context, producer, static_cast<int64_t>(1e9 / rate), changing, &counts);
  must(es_producer_close_input(producer), "closeInput");
  must(es_producer_drain(producer, 10'000'000), "drain");
  print_status(producer, counts);
  int status = 1;
  waitpid(child, &status, 0);
  es_context_destroy(context);
  return status == 0 && counts.held_up == 0 && counts.stalled == 0 ? 0 : 1;
}
