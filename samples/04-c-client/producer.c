/*
 * A C producer: waits for a consumer, posts frames of the pattern, says that there are no more.
 *   producer <stream name> [frames]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"

#define CONSUMER_TIMEOUT_US 30000000

static int failed(const char *what, int result) {
  fprintf(stderr, "%s: %s: %s\n", what, es_error_string(result), es_last_error());
  return 1;
}

static void fill(const es_format *format, uint8_t *data, uint64_t number) {
  uint32_t plane, row, byte;
  for (plane = 0; plane < format->plane_count; plane++) {
    const uint32_t width = row_bytes(format, plane);
    for (row = 0; row < format->planes[plane].height; row++) {
      uint8_t *line = data + format->planes[plane].offset + (size_t)row * format->planes[plane].stride;
      for (byte = 0; byte < width; byte++) line[byte] = pattern_at(plane, byte, row, number);
    }
  }
}

static int post_frames(es_producer *producer, const es_format *format, uint64_t count) {
  uint64_t number;
  for (number = 1; number <= count; number++) {
    es_writable slot;
    es_post_info info;
    int result = es_producer_acquire(producer, CONSUMER_TIMEOUT_US, &slot);
    if (result != ES_OK) return failed("acquire", result);
    fill(format, slot.data, number);
    memset(&info, 0, sizeof info);
    info.pts = (int64_t)number * 40000000; /* 25 frames a second */
    info.duration = 40000000;
    result = es_producer_post(producer, slot.lease, &info, CONSUMER_TIMEOUT_US, NULL);
    if (result != ES_OK) return failed("post", result);
  }
  return 0;
}

int main(int argc, char **argv) {
  const char *name = argc > 1 ? argv[1] : "sample-04";
  const uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 300;
  es_context *context;
  es_stream *stream;
  es_producer *producer;
  es_stream_options stream_options;
  es_producer_options options;
  int result = es_context_create(&context);
  if (result != ES_OK) return failed("context", result);

  memset(&stream_options, 0, sizeof stream_options);
  stream_options.name = name;
  stream_options.socket_group = -1;
  result = es_stream_create(context, &stream_options, &stream);
  if (result != ES_OK) return failed("stream", result);

  memset(&options, 0, sizeof options);
  es_format_init(&options.format, PATTERN_FORMAT, PATTERN_WIDTH, PATTERN_HEIGHT);
  options.wait_without_consumer = 1; /* the first frame waits for the first consumer */
  result = es_stream_connect_producer(stream, &options, &producer);
  if (result != ES_OK) return failed("producer", result);

  if (post_frames(producer, &options.format, count) != 0) return 1;
  es_producer_close_input(producer);
  result = es_producer_drain(producer, CONSUMER_TIMEOUT_US);
  if (result != ES_OK) return failed("drain", result);
  printf("c producer: %llu frames of %s %ux%u\n", (unsigned long long)count, options.format.name, options.format.width,
         options.format.height);
  es_context_destroy(context);
  return 0;
}
