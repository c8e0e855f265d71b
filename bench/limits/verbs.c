/*
 * What the four verbs of a frame cost without JavaScript: acquire and post, acquire and release, in one process, by
 * the C interface that the addon uses. The producer posts a queue full, then the consumer takes it; only the
 * consumer's two verbs are timed, and nobody ever waits. `touch` reads one byte of each frame.
 *
 * verbs <width> <height> <queue length> <milliseconds> <untouched|touch>   ->   {"consumerNs": 95.0}
 */
#define _GNU_SOURCE
#include "measure.h"

#include <string.h>

#include "edgestream.h"

enum { CHUNKS = 20 };

static void check(int result, const char *what) {
  if (result == ES_OK) return;
  fprintf(stderr, "%s: %s: %s\n", what, es_error_string(result), es_last_error());
  exit(1);
}

static es_policy queue_of(uint32_t length) {
  es_policy policy;
  memset(&policy, 0, sizeof policy);
  policy.capacity = length;
  policy.when_full = ES_FULL_WAIT;
  policy.pick = ES_PICK_NEXT;
  policy.max_held = 1;
  policy.max_wait_ms = -1;
  strcpy(policy.label, "fifo");
  return policy;
}

static void fill_queue(es_producer *producer, uint32_t length) {
  es_post_info info;
  memset(&info, 0, sizeof info);
  info.pts = ES_NO_PTS;
  for (uint32_t i = 0; i < length; i++) {
    es_writable slot;
    check(es_producer_acquire(producer, ES_NO_WAIT, &slot), "producer acquire");
    check(es_producer_post(producer, slot.lease, &info, ES_NO_WAIT, NULL), "post");
  }
}

/** Returns how long it took, ns. */
static int64_t empty_queue(es_consumer *consumer, uint32_t length, int touch, uint64_t *sum) {
  const int64_t start = now_ns();
  for (uint32_t i = 0; i < length; i++) {
    es_frame frame;
    check(es_consumer_acquire(consumer, 0, ES_NO_WAIT, &frame), "acquire");
    if (touch) *sum += frame.data[100];
    check(es_consumer_release(consumer, frame.lease), "release");
  }
  return now_ns() - start;
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fputs("usage: verbs <width> <height> <queue length> <milliseconds> <untouched|touch>\n", stderr);
    return 2;
  }
  const uint32_t length = (uint32_t)atoi(argv[3]);
  const int64_t chunk_ns = strtoll(argv[4], NULL, 10) * 1000000 / CHUNKS;
  const int touch = strcmp(argv[5], "touch") == 0;
  es_context *context;
  es_stream *stream;
  es_producer *producer;
  es_consumer *consumer;
  es_stream_options stream_options;
  es_producer_options producer_options;
  es_consumer_options consumer_options;
  memset(&stream_options, 0, sizeof stream_options);
  memset(&producer_options, 0, sizeof producer_options);
  memset(&consumer_options, 0, sizeof consumer_options);
  stream_options.socket_group = -1;
  producer_options.max_writing = 1;
  consumer_options.policy = queue_of(length);
  check(es_format_init(&producer_options.format, "NV12", (uint32_t)atoi(argv[1]), (uint32_t)atoi(argv[2])), "format");
  check(es_context_create(&context), "context");
  check(es_stream_create(context, &stream_options, &stream), "stream");
  check(es_stream_connect_consumer(stream, &consumer_options, &consumer), "consumer");
  check(es_stream_connect_producer(stream, &producer_options, &producer), "producer");
  while (es_consumer_state(consumer) != ES_STATE_EMPTY) {
    if (es_dispatch(context) < 0) check(ES_SYSTEM, "dispatch");
  }
  uint64_t sum = 0;
  int64_t chunk_means[CHUNKS];
  for (int chunk = -1; chunk < CHUNKS; chunk++) { /* the first one warms caches and counts for nothing */
    int64_t busy_ns = 0, frames = 0;
    for (const int64_t start = now_ns(); now_ns() - start < chunk_ns; frames += length) {
      fill_queue(producer, length);
      busy_ns += empty_queue(consumer, length, touch, &sum);
    }
    if (chunk >= 0) chunk_means[chunk] = busy_ns * 1000 / frames; /* in ps, so that a ns is not the finest step */
  }
  printf("{\"consumerNs\": %.1f, \"sum\": %lu}\n", percentile_us(chunk_means, CHUNKS, 50), (unsigned long)sum);
  es_context_destroy(context);
  return 0;
}
