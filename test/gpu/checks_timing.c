/* Checks 5 (when does a host thread learn that the GPU finished) and 6 (what does a context cost). */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "checks.h"

#define CONTEXTS_MAX 32

static void report_latency(struct finding *finding, const struct answer *answer, enum latency_method method) {
  const double *values = answer->values;
  finding_number(finding, "iterations", values[LATENCY_COUNT]);
  finding_number(finding, "min_us", values[LATENCY_MIN] / 1e3);
  finding_number(finding, "p50_us", values[LATENCY_P50] / 1e3);
  finding_number(finding, "p99_us", values[LATENCY_P99] / 1e3);
  finding_number(finding, "max_us", values[LATENCY_MAX] / 1e3);
  finding_number(finding, "negative", values[LATENCY_NEGATIVE]);
  if (method == LATENCY_HOST_FUNCTION) {
    finding_number(finding, "woken_thread_p50_us", values[LATENCY_P50_THREAD] / 1e3);
    finding_number(finding, "woken_thread_p99_us", values[LATENCY_P99_THREAD] / 1e3);
  }
  /* A negative figure means that the observing thread itself was not running when the GPU finished. */
  bool noisy = values[LATENCY_NEGATIVE] > values[LATENCY_COUNT] / 100;
  finding_end(finding, values[LATENCY_COUNT] == 0 ? "broken" : noisy ? "measured-too-noisy" : "measured");
}

void check_latency(void) {
  static const char *const ids[LATENCY_METHODS] = {"5.1", "5.2", "5.3", "5.4", "5.5"};
  static const char *const names[LATENCY_METHODS] = {
      "event-synchronize-blocking", "event-synchronize-on-busy-core", "host-function", "event-query-spinning",
      "event-query-with-naps"};
  for (int method = 0; method < LATENCY_METHODS; method++) {
    struct worker worker = {.pid = -1, .socket = -1};
    struct answer answer;
    struct finding *finding = finding_begin(ids[method], names[method]);
    struct order measure = {ORDER_LATENCY, method, options.iterations, 0};
    if (open_worker(finding, &worker, NULL, OPEN_KERNELS, GPU_CONTEXT_BLOCKING_SYNC) &&
        call_step(finding, &worker, measure, &answer)) {
      report_latency(finding, &answer, (enum latency_method)method);
    }
    worker_stop(&worker);
  }
}

static bool free_bytes(struct finding *finding, struct worker *monitor, double *bytes) {
  struct answer answer;
  if (!call_step(finding, monitor, (struct order){.kind = ORDER_MEMORY_INFO}, &answer)) return false;
  *bytes = answer.values[0];
  return true;
}

static bool start_contexts(struct finding *finding, struct worker *monitor, struct worker *workers, int count,
                           int64_t level, int64_t flags) {
  double before, after_first = 0, after_all = 0;
  if (!free_bytes(finding, monitor, &before)) return false;
  for (int i = 0; i < count; i++) {
    if (!open_worker(finding, &workers[i], NULL, level, flags)) return false;
    if (!free_bytes(finding, monitor, &after_all)) return false;
    if (i == 0) after_first = after_all;
  }
  finding_number(finding, "processes", count);
  finding_number(finding, "free_before_mib", before / MIB);
  finding_number(finding, "first_mib", (before - after_first) / MIB);
  finding_number(finding, "per_process_mib", (before - after_all) / MIB / count);
  return true;
}

/* The memory of a process that ended comes back when the kernel has torn it down. */
static bool wait_for_return(struct finding *finding, struct worker *monitor, double before, double *missing) {
  double now = 0;
  for (int i = 0; i < 50; i++) {
    if (!free_bytes(finding, monitor, &now)) return false;
    if (now >= before) break;
    nanosleep(&(struct timespec){0, 100000000}, NULL);
  }
  *missing = before - now;
  return true;
}

static void check_stage(const char *id, const char *name, struct worker *monitor, int64_t level, int64_t flags) {
  struct worker workers[CONTEXTS_MAX];
  for (int i = 0; i < CONTEXTS_MAX; i++) workers[i] = (struct worker){.pid = -1, .socket = -1};
  struct finding *finding = finding_begin(id, name);
  double before, missing;
  bool going = free_bytes(finding, monitor, &before) &&
               start_contexts(finding, monitor, workers, options.contexts, level, flags);
  for (int i = 0; i < options.contexts; i++) worker_stop(&workers[i]);
  if (!going || !wait_for_return(finding, monitor, before, &missing)) return;
  finding_number(finding, "not_returned_mib", missing / MIB);
  finding_end(finding, "measured");
}

void check_context_memory(void) {
  static const struct {
    const char *id, *name;
    int64_t level, flags;
  } stages[] = {
      {"6.1", "memory-of-driver-only", OPEN_DRIVER, 0},
      {"6.2", "memory-of-context", OPEN_CONTEXT, 0},
      {"6.3", "memory-of-blocking-context", OPEN_CONTEXT, GPU_CONTEXT_BLOCKING_SYNC},
      {"6.4", "memory-of-context-with-kernels", OPEN_KERNELS, 0},
      {"6.5", "memory-of-blocking-context-with-kernels", OPEN_KERNELS, GPU_CONTEXT_BLOCKING_SYNC},
  };
  struct worker monitor = {.pid = -1, .socket = -1};
  struct finding *finding = finding_begin("6.0", "memory-monitor");
  if (open_worker(finding, &monitor, NULL, OPEN_CONTEXT, GPU_CONTEXT_BLOCKING_SYNC)) {
    double bytes;
    if (free_bytes(finding, &monitor, &bytes)) {
      finding_number(finding, "free_mib", bytes / MIB);
      finding_end(finding, "ready");
      for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++) {
        check_stage(stages[i].id, stages[i].name, &monitor, stages[i].level, stages[i].flags);
      }
    }
  }
  worker_stop(&monitor);
}
