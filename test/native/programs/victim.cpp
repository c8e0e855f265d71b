// victim <role>: processes that die or stand still at a named step (native/core/step.hpp), and those beside them.
//   steps                       prints the name of every step there is, one a line
//   consume mailbox|fifo        lives through all that a consumer can do, first in this mode, then in the other
//   produce <consumers> <paced> lives through all that a producer can do, once that many consumers are there
//   watch                       consumers of `produce`: a fifo, a mailbox that holds a frame, one to be evicted
//   inherit                     takes the name, hands one frame to a consumer of its own, and leaves
// The directory is EDGESTREAM_RUNTIME_DIR; the step is ES_TEST_STEP.
#include "victim.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "step.hpp"

void fail(const std::string& what) {
  fprintf(stderr, "%s\n", what.c_str());
  exit(1);
}

void must(int result, const char* what) {
  if (result != ES_OK) fail(std::string(what) + ": " + es_error_string(result) + ", " + es_last_error());
}

void say(const std::string& json) {
  printf("%s\n", json.c_str());
  fflush(stdout);
}

es_policy fifo(uint32_t capacity, uint16_t max_held, int32_t max_wait_ms) {
  es_policy policy{};
  policy.capacity = capacity;
  policy.max_held = max_held;
  policy.max_wait_ms = max_wait_ms;
  policy.on_disconnect = ES_DISCONNECT_DRAIN;
  strcpy(policy.label, "fifo");
  return policy;
}

es_policy mailbox(uint32_t capacity, uint16_t max_held) {
  es_policy policy{};
  policy.capacity = capacity;
  policy.when_full = ES_FULL_OVERWRITE;
  policy.pick = ES_PICK_NEWEST;
  policy.max_held = max_held;
  strcpy(policy.label, "mailbox");
  return policy;
}

es_consumer* try_open_consumer(es_context* context, const es_policy& policy) {
  es_consumer_options options{};
  options.policy = policy;
  es_consumer* consumer = nullptr;
  return es_open_consumer(context, kName, &options, &consumer) == ES_OK ? consumer : nullptr;
}

es_consumer* open_consumer(es_context* context, const es_policy& policy) {
  for (;;) {
    es_consumer* consumer = try_open_consumer(context, policy);
    if (consumer != nullptr) return consumer;
    usleep(1000);
  }
}

void fill_frame(const es_writable& slot, uint64_t number) {
  memset(slot.data, static_cast<uint8_t>(number), slot.size);
}

void check_frame(const es_frame& frame, const char* who) {
  for (uint64_t index = 0; index < frame.size; index++) {
    if (frame.data[index] == static_cast<uint8_t>(frame.number)) continue;
    fail(std::string(who) + ": frame " + std::to_string(frame.number) + " is torn at byte " + std::to_string(index));
  }
}

int list_steps() {
  std::vector<const char*> names(es_test_steps(nullptr, 0));
  es_test_steps(names.data(), names.size());
  for (const char* name : names) printf("%s\n", name);
  return 0;
}

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == "steps") return list_steps();
  if (role == "consume" && argc == 3) return consume(strcmp(argv[2], "fifo") == 0);
  if (role == "produce" && argc == 4) return produce(atoi(argv[2]), atoi(argv[3]));
  if (role == "watch") return watch();
  if (role == "inherit") return inherit();
  fail("usage: victim steps | consume mailbox|fifo | produce <consumers> <paced> | watch | inherit");
}
