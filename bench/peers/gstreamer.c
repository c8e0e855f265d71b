/*
 * The same job done by GStreamer: appsrc ! shmsink in one process, shmsrc ! appsink in each consumer.
 *
 * Buffers come from shmsink's own allocator, so nothing is copied on the way: that is its zero-copy path. `bare` hands
 * them on as they are, `copy` fills each by memcpy. With a pace, each frame carries the time of its push in its first
 * eight bytes; without one nobody looks at the pixels.
 *
 * gstreamer produce <socket> <width> <height> <consumers> <bare|copy> <fps, 0 = flood> <warm-up ms> <ms> <slots>
 *     ->   {"framesPerSecond": 24000.0, "cpuUsPerFrame": 34.0}
 * gstreamer consume <socket> <width> <height> <fps> <warm-up ms>
 *     ->   {"framesPerSecond": 24000.0, "cpuUsPerFrame": 12.0, "latency": {"p50Us": 209.0, "p99Us": 600.0}}
 */
#define _GNU_SOURCE
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../limits/measure.h"

enum { SAMPLES_MAX = 1 << 20, CAPS_MAX = 160, DESCRIPTION_MAX = 1024 };

static void stop_with(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  exit(1);
}

static void describe_caps(char *text, const char *width, const char *height) {
  snprintf(text, CAPS_MAX, "video/x-raw,format=NV12,width=%s,height=%s,framerate=60/1", width, height);
}

static GstElement *make_pipeline(const char *description) {
  GError *error = NULL;
  GstElement *pipeline = gst_parse_launch(description, &error);
  if (error != NULL) stop_with("gst_parse_launch", error->message);
  return pipeline;
}

static void nap_us(long us) {
  const struct timespec pause = {us / 1000000, us % 1000000 * 1000};
  nanosleep(&pause, NULL);
}

/* ---------------------------------------------------------------- producer */

struct producer {
  GstAppSrc *source;
  GstAllocator *allocator;
  GstAllocationParams params;
  uint8_t *picture; /* what `copy` fills each frame with; NULL: frames are handed on as they are */
  gsize size;
  int fps;
};

static void count_client(GstElement *sink, gint descriptor, gpointer count) {
  (void)sink, (void)descriptor;
  g_atomic_int_inc((gint *)count);
}

/** shmsink offers its allocator once it runs. */
static void ask_for_allocator(struct producer *producer, const char *caps_text) {
  GstCaps *caps = gst_caps_from_string(caps_text);
  GstPad *pad = gst_element_get_static_pad(GST_ELEMENT(producer->source), "src");
  for (int tries = 0; producer->allocator == NULL; tries++) {
    GstQuery *query = gst_query_new_allocation(caps, FALSE);
    if (gst_pad_peer_query(pad, query) && gst_query_get_n_allocation_params(query) > 0) {
      gst_query_parse_nth_allocation_param(query, 0, &producer->allocator, &producer->params);
    }
    gst_query_unref(query);
    if (tries == 2000) stop_with("shmsink", "offers no allocator");
    if (producer->allocator == NULL) nap_us(1000);
  }
  gst_object_unref(pad);
  gst_caps_unref(caps);
}

static void push_one(struct producer *producer) {
  GstBuffer *buffer;
  /* No free block: the consumers have them all. The allocator cannot be waited for. */
  while ((buffer = gst_buffer_new_allocate(producer->allocator, producer->size, &producer->params)) == NULL) nap_us(10);
  if (producer->picture != NULL || producer->fps > 0) {
    GstMapInfo map;
    gst_buffer_map(buffer, &map, GST_MAP_WRITE);
    if (producer->picture != NULL) memcpy(map.data, producer->picture, producer->size);
    if (producer->fps > 0) {
      const int64_t now = now_ns();
      memcpy(map.data, &now, sizeof now);
    }
    gst_buffer_unmap(buffer, &map);
  }
  if (gst_app_src_push_buffer(producer->source, buffer) != GST_FLOW_OK) stop_with("appsrc", "refused a buffer");
}

/** Pushes for `ms`, at a steady rate if there is one. Returns how many. */
static int64_t push_for(struct producer *producer, int64_t ms) {
  const int64_t start = now_ns();
  const int64_t end = start + ms * 1000000;
  int64_t pushed = 0;
  for (; now_ns() < end; pushed++) {
    if (producer->fps > 0) {
      const int64_t due = start + pushed * 1000000000 / producer->fps;
      const int64_t now = now_ns();
      if (due > now) nap_us((due - now) / 1000);
    }
    push_one(producer);
  }
  return pushed;
}

static char segment[64];

/** An end from outside must not leave the segment behind either; shmsink would only remove it in good order. */
static void remove_segment(int signal_number) {
  (void)signal_number;
  unlink(segment);
  _exit(1);
}

static void produce(char **argv) {
  snprintf(segment, sizeof segment, "/dev/shm/shmpipe.%5d.%5d", getpid(), 0);
  signal(SIGTERM, remove_segment);
  const int consumers = atoi(argv[5]);
  const int copies = strcmp(argv[6], "copy") == 0;
  struct producer producer = {.size = (gsize)atoi(argv[3]) * (gsize)atoi(argv[4]) * 3 / 2, .fps = atoi(argv[7])};
  if (copies) producer.picture = memset(g_malloc(producer.size), 1, producer.size);
  char caps[CAPS_MAX], text[DESCRIPTION_MAX];
  describe_caps(caps, argv[3], argv[4]);
  /* A page more per slot: the allocator aligns its blocks. */
  const gsize pool = (producer.size + 4096) * (gsize)atoi(argv[10]);
  snprintf(text, sizeof text,
           "appsrc name=source block=true max-buffers=2 max-bytes=0 format=time caps=%s ! shmsink name=sink "
           "socket-path=%s sync=false wait-for-connection=true shm-size=%zu",
           caps, argv[2], pool);
  gint clients = 0;
  GstElement *pipeline = make_pipeline(text);
  GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  producer.source = GST_APP_SRC(gst_bin_get_by_name(GST_BIN(pipeline), "source"));
  g_signal_connect(sink, "client-connected", G_CALLBACK(count_client), &clients);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  ask_for_allocator(&producer, caps);
  while (g_atomic_int_get(&clients) < consumers) nap_us(1000);

  push_for(&producer, strtoll(argv[8], NULL, 10));
  const int64_t start = now_ns();
  const double start_cpu = cpu_us();
  const int64_t pushed = push_for(&producer, strtoll(argv[9], NULL, 10));
  const double seconds = (double)(now_ns() - start) / 1e9;
  const double cpu = (cpu_us() - start_cpu) / (double)pushed;
  printf("{\"framesPerSecond\": %.1f, \"cpuUsPerFrame\": %.3f}\n", (double)pushed / seconds, cpu);
  /* Only an orderly end removes its segment from /dev/shm. */
  gst_element_set_state(pipeline, GST_STATE_NULL);
}

/* ---------------------------------------------------------------- consumer */

/** The window opens after the warm-up and closes with the last frame. */
struct window {
  int64_t first_ns, start_ns, last_ns, frames;
  double start_cpu, last_cpu;
  int64_t *latency_ns;
  size_t samples;
};

static void note_frame(struct window *window, GstSample *sample, int64_t warm_up_ns, int paced) {
  const int64_t now = now_ns();
  if (window->first_ns == 0) window->first_ns = now;
  if (window->start_ns == 0) {
    if (now - window->first_ns < warm_up_ns) return;
    window->start_ns = now;
    window->start_cpu = cpu_us();
    return;
  }
  window->frames++;
  window->last_ns = now;
  if (!paced || window->samples == SAMPLES_MAX) return;
  GstMapInfo map;
  GstBuffer *buffer = gst_sample_get_buffer(sample);
  gst_buffer_map(buffer, &map, GST_MAP_READ);
  int64_t stamp;
  memcpy(&stamp, map.data, sizeof stamp);
  window->latency_ns[window->samples++] = now - stamp;
  gst_buffer_unmap(buffer, &map);
}

/** The producer may not be there yet, and its socket's file is there before anybody listens. */
static void connect_to(GstElement *pipeline, const char *path) {
  for (int tries = 0; tries < 2000; tries++) {
    if (access(path, F_OK) == 0) {
      if (gst_element_set_state(pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE) return;
      gst_element_set_state(pipeline, GST_STATE_NULL);
    }
    nap_us(5000);
  }
  stop_with(path, "the producer does not listen");
}

static void consume(char **argv) {
  const int paced = atoi(argv[5]) > 0;
  const int64_t warm_up_ns = strtoll(argv[6], NULL, 10) * 1000000;
  char caps[CAPS_MAX], text[DESCRIPTION_MAX];
  describe_caps(caps, argv[3], argv[4]);
  snprintf(text, sizeof text, "shmsrc socket-path=%s is-live=true ! %s ! appsink name=sink sync=false max-buffers=2",
           argv[2], caps);
  GstElement *pipeline = make_pipeline(text);
  GstAppSink *sink = GST_APP_SINK(gst_bin_get_by_name(GST_BIN(pipeline), "sink"));
  connect_to(pipeline, argv[2]);
  struct window window = {.latency_ns = g_malloc(SAMPLES_MAX * sizeof(int64_t))};
  GstSample *sample;
  while ((sample = gst_app_sink_pull_sample(sink)) != NULL) { /* NULL: the producer is gone */
    note_frame(&window, sample, warm_up_ns, paced);
    gst_sample_unref(sample);
  }
  window.last_cpu = cpu_us();
  if (window.frames == 0) stop_with("shmsrc", "the run ended within its warm-up");
  const double seconds = (double)(window.last_ns - window.start_ns) / 1e9;
  const double cpu = (window.last_cpu - window.start_cpu) / (double)window.frames;
  const double p50 = percentile_us(window.latency_ns, window.samples, 50);
  printf("{\"framesPerSecond\": %.1f, \"cpuUsPerFrame\": %.3f, \"latency\": {\"p50Us\": %.3f, \"p99Us\": %.3f}}\n",
         (double)window.frames / seconds, cpu, p50, percentile_us(window.latency_ns, window.samples, 99));
  gst_element_set_state(pipeline, GST_STATE_NULL);
}

int main(int argc, char **argv) {
  prctl(PR_SET_TIMERSLACK, 1000); /* naps of 10 µs, not of 60 */
  gst_init(&argc, &argv);
  if (argc == 11 && strcmp(argv[1], "produce") == 0) produce(argv);
  else if (argc == 7 && strcmp(argv[1], "consume") == 0) consume(argv);
  else stop_with("usage", "gstreamer produce|consume ...; see the first lines of gstreamer.c");
  return 0;
}
