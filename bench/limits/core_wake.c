/*
 * The wake-up by polling without JavaScript: two processes play ping-pong on two streams by the C interface that the
 * addon uses. One-way time = the receiver's clock after its acquire minus the sender's clock before its post.
 *
 * core_wake <own stream> <peer's stream> <serve|return> <warm-up trips> <trips>   ->   {"p50Us": 0.3, "p99Us": 0.5}
 * The side that serves hits first. Streams are found as the library does, see es_runtime_dir().
 */
#define _GNU_SOURCE
#include "measure.h"

#include <string.h>
#include <unistd.h>

#include "edgestream.h"

enum { TRIES = 5000 };

static void check(int result, const char *what) {
  if (result == ES_OK) return;
  fprintf(stderr, "%s: %s: %s\n", what, es_error_string(result), es_last_error());
  exit(1);
}

static es_policy newest_only(void) {
  es_policy policy;
  memset(&policy, 0, sizeof policy);
  policy.capacity = 1;
  policy.when_full = ES_FULL_OVERWRITE;
  policy.pick = ES_PICK_NEWEST;
  policy.max_held = 1;
  strcpy(policy.label, "mailbox");
  return policy;
}

static es_producer *serve_stream(es_context *context, const char *name) {
  es_stream *stream;
  es_producer *producer;
  es_stream_options stream_options;
  es_producer_options options;
  memset(&stream_options, 0, sizeof stream_options);
  memset(&options, 0, sizeof options);
  stream_options.name = name;
  stream_options.socket_group = -1;
  options.max_writing = 1;
  check(es_format_init(&options.format, "bytes", 64, 1), "format");
  check(es_stream_create(context, &stream_options, &stream), "stream");
  check(es_stream_connect_producer(stream, &options, &producer), "producer");
  return producer;
}

static void turn(es_context *context) {
  if (es_dispatch(context) < 0) check(ES_SYSTEM, "dispatch");
  usleep(1000);
}

static es_consumer *open_peer(es_context *context, const char *name) {
  es_consumer *consumer = NULL;
  es_consumer_options options;
  memset(&options, 0, sizeof options);
  options.policy = newest_only();
  int result = ES_NOT_FOUND;
  for (int tries = 0; result == ES_NOT_FOUND && tries < TRIES; tries++) {
    result = es_open_consumer(context, name, &options, &consumer);
    turn(context);
  }
  check(result, "the other side did not come");
  return consumer;
}

static int has_consumer(es_producer *producer) {
  es_connection_info info;
  return es_producer_connections(producer, &info, 1) == 1 && info.state == ES_STATE_EMPTY;
}

static void hit(es_producer *producer) {
  es_writable slot;
  es_post_info info;
  memset(&info, 0, sizeof info);
  check(es_producer_acquire(producer, ES_NO_WAIT, &slot), "producer acquire");
  info.pts = now_ns();
  check(es_producer_post(producer, slot.lease, &info, ES_NO_WAIT, NULL), "post");
}

static int64_t receive(es_consumer *consumer) {
  const uint32_t flags = ES_ACQUIRE_NEW_ONLY | ES_ACQUIRE_NO_WAKE | ES_ACQUIRE_SPIN;
  es_frame frame;
  int result;
  do result = es_consumer_acquire(consumer, flags, ES_NO_WAIT, &frame);
  while (result == ES_WOULD_BLOCK);
  check(result, "acquire");
  return now_ns() - frame.pts;
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fputs("usage: core_wake <own> <peer> <serve|return> <warm-up trips> <trips>\n", stderr);
    return 2;
  }
  const int serves = strcmp(argv[3], "serve") == 0;
  const long warm_up = atol(argv[4]), trips = atol(argv[5]);
  int64_t *one_way_ns = (int64_t *)malloc((size_t)trips * sizeof *one_way_ns);
  if (one_way_ns == NULL || warm_up < 0 || trips < 1) fail("trips");
  es_context *context;
  check(es_context_create(&context), "context");
  es_producer *producer = serve_stream(context, argv[1]);
  es_consumer *consumer = open_peer(context, argv[2]);
  for (int tries = 0; tries < TRIES && !has_consumer(producer); tries++) turn(context);
  while (es_consumer_state(consumer) != ES_STATE_EMPTY && es_consumer_state(consumer) != ES_STATE_NEW_FRAME_AVAILABLE) {
    turn(context);
  }
  for (long trip = -warm_up; trip < trips; trip++) {
    if (serves) hit(producer);
    const int64_t ns = receive(consumer);
    if (trip >= 0) one_way_ns[trip] = ns;
    if (!serves) hit(producer);
  }
  const double p50 = percentile_us(one_way_ns, (size_t)trips, 50);
  printf("{\"p50Us\": %.3f, \"p99Us\": %.3f}\n", p50, percentile_us(one_way_ns, (size_t)trips, 99));
  fflush(stdout);
  usleep(100000); /* the other side may still be reading the last hit */
  es_context_destroy(context);
  return 0;
}
