/* Orders that read and write shared GPU memory, by copies and by kernels. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probe_kernels.h"
#include "probe_worker.h"

#define WATCHED_BYTES 4096u
#define WRITER_KERNELS 20 /* queued at once, so that some are pending when the process is killed */
#define WRITER_KERNEL_NS 1000000000ull
#define ALONE_SECONDS 20 /* how long the endless copying goes on when nobody kills the worker */

static int read_to_host(struct worker_state *state, struct answer *answer, enum read_method method) {
  struct range range = worker_target(state);
  if (make_scratch(state, answer, range.size) != 0) return answer->code;
  if (method == READ_BY_COPY) return STEP(answer, copy_from_device(state->host, range.address, range.size));
  uint32_t words = (uint32_t)(range.size / 4);
  void *arguments[] = {&state->scratch.address, &range.address, &words};
  if (STEP(answer, set_bytes(state->scratch.address, 0, range.size)) != 0) return answer->code;
  if (note_step(answer, "launch_kernel", launch(state, KERNEL_COPY, 64, NULL, arguments)) != 0) return answer->code;
  if (STEP(answer, context_synchronize()) != 0) return answer->code;
  return STEP(answer, copy_from_device(state->host, state->scratch.address, range.size));
}

static uint32_t host_word(const struct worker_state *state, size_t index) {
  uint32_t word;
  memcpy(&word, state->host + index * 4, sizeof word);
  return word;
}

static double words_that_differ(const struct worker_state *state, size_t words, uint32_t seed) {
  double differing = 0;
  for (size_t i = 0; i < words; i++) {
    if (host_word(state, i) != seed + (uint32_t)i * PATTERN_STEP) differing++;
  }
  return differing;
}

void order_verify(struct worker_state *state, const struct order *order, struct answer *answer) {
  size_t words = worker_target(state).size / 4;
  if (read_to_host(state, answer, (enum read_method)order->a) != 0) return;
  answer->values[0] = words_that_differ(state, words, (uint32_t)order->b);
  answer->values[1] = (double)words;
}

void order_verify_long(struct worker_state *state, const struct order *order, struct answer *answer) {
  size_t words = worker_target(state).size / 4;
  uint64_t end = now_ns() + (uint64_t)order->c * 1000000u;
  int rounds = 0;
  while (now_ns() < end) {
    if (read_to_host(state, answer, rounds % 2 == 0 ? READ_BY_COPY : READ_BY_KERNEL) != 0) return;
    answer->values[0] += words_that_differ(state, words, (uint32_t)order->b);
    answer->values[1] = ++rounds;
  }
}

static int write_by(struct worker_state *state, struct answer *answer, enum write_method method) {
  struct range range = state->imported;
  static const unsigned char bytes[WATCHED_BYTES] = {0xee, 0xee, 0xee, 0xee};
  uint32_t words = WATCHED_BYTES / 4, seed = 0xdead0000u;
  void *arguments[] = {&range.address, &words, &seed};
  switch (method) {
    case WRITE_MEMSET: return STEP(answer, set_bytes(range.address, 0xee, WATCHED_BYTES));
    case WRITE_COPY_FROM_HOST: return STEP(answer, copy_to_device(range.address, bytes, sizeof bytes));
    case WRITE_COPY_ON_DEVICE:
      return STEP(answer, copy_on_device(range.address, state->scratch.address, WATCHED_BYTES));
    default: return note_step(answer, "launch_kernel", launch(state, KERNEL_FILL, 4, NULL, arguments));
  }
}

/* A dead context refuses everything, so the plainest work there is tells whether it lives. */
static int try_context(struct answer *answer) {
  cu_pointer memory;
  int code = STEP(answer, memory_allocate(&memory, 4096));
  if (code == 0) code = STEP(answer, set_bytes(memory, 1, 4096));
  if (code == 0) code = STEP(answer, context_synchronize());
  if (code == 0) code = STEP(answer, memory_free(memory));
  return code;
}

/* Each stage has its own code: what the call said, what the wait said, whether the context lives, whether it reads. */
void order_write(struct worker_state *state, const struct order *order, struct answer *answer) {
  struct answer ignored;
  memset(&ignored, 0, sizeof ignored);
  if (make_scratch(state, answer, state->imported.size) != 0) return;
  if (STEP(answer, set_bytes(state->scratch.address, 0x77, WATCHED_BYTES)) != 0) return;
  uint32_t word = 0;
  if (STEP(answer, copy_from_device(&word, state->imported.address, sizeof word)) != 0) return;
  answer->values[WRITE_OLD_WORD] = word;
  answer->values[WRITE_CALL] = write_by(state, &ignored, (enum write_method)order->a);
  answer->values[WRITE_SYNC] = STEP(&ignored, context_synchronize());
  answer->values[WRITE_CONTEXT_AFTER] = try_context(&ignored);
  word = 0;
  answer->values[WRITE_READ_AFTER] = STEP(&ignored, copy_from_device(&word, state->imported.address, sizeof word));
  answer->values[WRITE_NEW_WORD] = word;
  memcpy(answer->step, ignored.step, sizeof answer->step);
  memcpy(answer->name, ignored.name, sizeof answer->name);
}

void order_watch(struct worker_state *state, const struct order *order, struct answer *answer) {
  unsigned char before[WATCHED_BYTES], now[WATCHED_BYTES];
  uint64_t end = now_ns() + (uint64_t)order->c * 1000000u;
  if (STEP(answer, copy_from_device(before, state->imported.address, sizeof before)) != 0) return;
  while (now_ns() < end) {
    if (STEP(answer, copy_from_device(now, state->imported.address, sizeof now)) != 0) return;
    answer->values[WATCH_READS]++;
    if (memcmp(before, now, sizeof now) == 0) continue;
    memcpy(before, now, sizeof now);
    answer->values[WATCH_LAST_CHANGE_NS] = (double)now_ns();
    if (answer->values[WATCH_CHANGES]++ == 0) answer->values[WATCH_FIRST_CHANGE_NS] = (double)now_ns();
  }
}

/* The writer has a stream of its own that does not hold up the copy which sees it at work. */
void order_write_on(struct worker_state *state, struct answer *answer) {
  cu_stream stream;
  uint64_t nanoseconds = WRITER_KERNEL_NS;
  void *arguments[] = {&state->own.address, &nanoseconds};
  uint32_t first = 0, now = 0;
  (void)STEP(answer, copy_from_device(&first, state->own.address, sizeof first));
  (void)STEP(answer, stream_create(&stream, GPU_STREAM_NON_BLOCKING));
  for (int i = 0; answer->code == 0 && i < WRITER_KERNELS; i++) {
    (void)note_step(answer, "launch_kernel", launch(state, KERNEL_WRITE, 16, stream, arguments));
  }
  for (uint64_t end = now_ns() + 5000000000u; answer->code == 0;) {
    if (STEP(answer, copy_from_device(&now, state->own.address, sizeof now)) != 0 || now != first) break;
    if (now_ns() > end) (void)note_step(answer, "the writer kernel does not write", CODE_SYSTEM);
  }
  if (!worker_reply(state->socket, answer, -1)) _exit(WORKER_PARENT_GONE);
  if (answer->code == 0) (void)cuda.stream_synchronize(stream);
}

void order_copy_on(struct worker_state *state, struct answer *answer) {
  (void)read_to_host(state, answer, READ_BY_KERNEL);
  if (!worker_reply(state->socket, answer, -1)) _exit(WORKER_PARENT_GONE);
  uint64_t end = now_ns() + ALONE_SECONDS * 1000000000ull;
  for (int round = 0; answer->code == 0 && now_ns() < end; round++) {
    (void)read_to_host(state, answer, round % 2 == 0 ? READ_BY_COPY : READ_BY_KERNEL);
  }
}
