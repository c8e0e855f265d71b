/*
 * A C consumer: reads a stream to its end, checks every pixel of every frame, prints a summary.
 *   consumer <stream name> [frames expected]
 * Exits 0 when the stream ended properly and every pixel was right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pattern.h"

#define FIND_TIMEOUT_NS 30000000000LL
#define FRAME_TIMEOUT_US 30000000

static int failed(const char *what, int result) {
  fprintf(stderr, "%s: %s: %s\n", what, es_error_string(result), es_last_error());
  return 1;
}

/* A fifo of four: nothing is lost, and the producer waits for us when four frames wait. */
static es_consumer_options fifo_options(void) {
  es_consumer_options options;
  memset(&options, 0, sizeof options);
  options.policy.capacity = 4;
  options.policy.when_full = ES_FULL_WAIT;
  options.policy.pick = ES_PICK_NEXT;
  options.policy.on_disconnect = ES_DISCONNECT_DRAIN;
  options.policy.max_held = 1;
  options.policy.max_wait_ms = 5000;
  strcpy(options.policy.label, "fifo");
  options.format_mask = 1u << es_format_index(PATTERN_FORMAT);
  options.client = "c consumer";
  return options;
}

/* The stream may not be there yet: looks for it until the time is over. */
static int find_stream(es_context *context, const char *name, es_consumer **consumer) {
  const es_consumer_options options = fifo_options();
  const struct timespec pause = {0, 50000000};
  const int64_t until = es_now() + FIND_TIMEOUT_NS;
  int result;
  while ((result = es_open_consumer(context, name, &options, consumer)) == ES_NOT_FOUND && es_now() < until) {
    nanosleep(&pause, NULL);
  }
  return result;
}

static uint64_t wrong_pixels(const es_format *format, const es_frame *frame) {
  uint64_t wrong = 0;
  uint32_t plane, row, byte;
  for (plane = 0; plane < format->plane_count; plane++) {
    const uint32_t width = row_bytes(format, plane);
    for (row = 0; row < format->planes[plane].height; row++) {
      const uint8_t *line = frame->data + format->planes[plane].offset + (size_t)row * format->planes[plane].stride;
      for (byte = 0; byte < width; byte++) wrong += line[byte] != pattern_at(plane, byte, row, frame->number);
    }
  }
  return wrong;
}

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "sample-04";
  const uint64_t expected = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
  es_context *context;
  es_consumer *consumer;
  es_consumer_info info;
  es_format format = {0};
  es_frame frame;
  uint64_t frames = 0, wrong = 0, skipped = 0;
  int result = es_context_create(&context);
  if (result != ES_OK) return failed("context", result);
  result = find_stream(context, name, &consumer);
  if (result != ES_OK) return failed(name, result);
  while ((result = es_consumer_acquire(consumer, ES_ACQUIRE_NEW_ONLY, FRAME_TIMEOUT_US, &frame)) == ES_OK) {
    result = es_consumer_format(consumer, frame.layout, &format);
    if (result != ES_OK) return failed("format", result);
    frames++;
    skipped += frame.skipped;
    wrong += wrong_pixels(&format, &frame);
    es_consumer_release(consumer, frame.lease);
  }
  if (result != ES_CLOSED) return failed("acquire", result);
  es_consumer_get_info(consumer, &info);
  printf("c consumer: %llu frames of %s %ux%u, %llu skipped, %llu wrong pixels, %s\n", (unsigned long long)frames,
         format.name, format.width, format.height, (unsigned long long)skipped, (unsigned long long)wrong,
         es_cause_string((int)info.cause));
  es_context_destroy(context);
  if (expected != 0 && frames != expected) return 1;
  return frames > 0 && wrong == 0 && skipped == 0 && info.cause == ES_CAUSE_ENDED ? 0 : 1;
}
