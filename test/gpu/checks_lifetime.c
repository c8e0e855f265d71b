/* Checks 3: what is left of shared memory when one side is killed. */
#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "checks.h"

#define POOL_BYTES (256 << 20) /* large, so that it shows in the free memory of the device */
#define SEED 0x5eed0003u
#define WATCH_MS 5000
#define KILL_AFTER_MS 1000
#define NEW_EXPORTERS 3
#define ANSWER_MS 30000

static const struct worker no_worker = {.pid = -1, .socket = -1};

static void nap_ms(int milliseconds) {
  nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000L}, NULL);
}

static double free_mib(struct worker *monitor) {
  struct answer answer;
  enum call_result call = worker_call(monitor, (struct order){.kind = ORDER_MEMORY_INFO}, -1, &answer, NULL);
  return call == CALL_ANSWERED && answer.code == 0 ? answer.values[0] / MIB : -1;
}

/* Freed memory may come back a little later than the call that freed it. */
static double free_mib_when_at_least(struct worker *monitor, double wanted) {
  double available = free_mib(monitor);
  for (int i = 0; i < 50 && available >= 0 && available < wanted; i++) {
    nap_ms(100);
    available = free_mib(monitor);
  }
  return available;
}

static bool check_reader_after_death(struct shared_memory *shared, struct worker *reader) {
  double by_copy, by_kernel;
  int access;
  struct finding *finding = finding_begin("3.1", "reader-after-exporter-sigkill");
  if (!share_memory(finding, shared, NULL, POOL_BYTES, SEED) ||
      !open_worker(finding, reader, NULL, OPEN_KERNELS, GPU_CONTEXT_BLOCKING_SYNC) ||
      !import_memory(finding, reader, shared, &access) || !verify(finding, reader, READ_BY_COPY, SEED, &by_copy)) {
    return false;
  }
  finding_number(finding, "before_words_that_differ", by_copy);
  uint64_t start = now_ns();
  bool gone = worker_kill(&shared->exporter);
  finding_number(finding, "exporter_gone_ms", (double)(now_ns() - start) / 1e6);
  if (!gone) {
    finding_end(finding, "broken");
    return false;
  }
  if (!verify(finding, reader, READ_BY_COPY, SEED, &by_copy)) return false;
  if (!verify(finding, reader, READ_BY_KERNEL, SEED, &by_kernel)) return false;
  finding_number(finding, "after_copy_words_that_differ", by_copy);
  finding_number(finding, "after_kernel_words_that_differ", by_kernel);
  finding_end(finding, by_copy == 0 && by_kernel == 0 ? "survives" : "differs");
  return true;
}

/* New exporters allocate, fill and free the same amount while the orphaned memory is read again and again. */
static void check_new_exporters(struct worker *reader) {
  struct finding *finding = finding_begin("3.2", "reader-while-new-exporters-start");
  struct answer answer;
  (void)worker_send(reader, (struct order){ORDER_VERIFY_LONG, 0, SEED, WATCH_MS}, -1);
  uint64_t longest = 0;
  int started = 0;
  struct finding *setup = finding_begin("3.2a", "new-exporters");
  for (bool running = true; running && started < NEW_EXPORTERS; started++) {
    struct shared_memory another = {.fd = -1, .exporter = no_worker};
    uint64_t start = now_ns();
    running = share_memory(setup, &another, NULL, POOL_BYTES, SEED + 100u + (uint32_t)started);
    uint64_t took = now_ns() - start;
    longest = took > longest ? took : longest;
    unshare_memory(&another);
    if (!running) break;
  }
  if (started == NEW_EXPORTERS) {
    finding_number(setup, "started", started);
    finding_number(setup, "longest_start_ms", (double)longest / 1e6);
    finding_end(setup, "measured");
  }
  enum call_result call = worker_receive(reader, WATCH_MS + ANSWER_MS, &answer, NULL);
  if (call != CALL_ANSWERED || answer.code != 0) {
    finding_failed(finding, call, reader, &answer);
    return;
  }
  finding_number(finding, "words_that_differ", answer.values[0]);
  finding_number(finding, "rounds", answer.values[1]);
  finding_number(finding, "bytes", (double)shared_size(POOL_BYTES));
  finding_end(finding, answer.values[0] == 0 ? "survives" : "differs");
}

static void check_late_import(const struct shared_memory *shared) {
  struct worker late = no_worker;
  double differing;
  int access;
  struct finding *finding = finding_begin("3.3", "import-after-exporter-sigkill");
  if (open_worker(finding, &late, NULL, OPEN_KERNELS, GPU_CONTEXT_BLOCKING_SYNC) &&
      import_memory(finding, &late, shared, &access) && verify(finding, &late, READ_BY_KERNEL, SEED, &differing)) {
    finding_number(finding, "words_that_differ", differing);
    finding_end(finding, differing == 0 ? "works" : "differs");
  }
  worker_stop(&late);
}

static void check_orphaned_memory(void) {
  struct shared_memory shared = {.fd = -1, .exporter = no_worker};
  struct worker reader = no_worker, monitor = no_worker;
  struct finding *finding = finding_begin("3.4", "orphaned-memory-returns");
  if (!open_worker(finding, &monitor, NULL, OPEN_CONTEXT, GPU_CONTEXT_BLOCKING_SYNC)) {
    worker_stop(&monitor);
    return;
  }
  double before = free_mib(&monitor);
  if (check_reader_after_death(&shared, &reader)) {
    check_new_exporters(&reader);
    check_late_import(&shared);
  }
  double held = free_mib(&monitor);
  worker_stop(&reader);
  double only_descriptor = free_mib(&monitor);
  bool had_descriptor = shared.fd >= 0;
  unshare_memory(&shared);
  double after = free_mib_when_at_least(&monitor, before - 1);
  finding_number(finding, "pool_mib", (double)shared_size(POOL_BYTES) / MIB);
  finding_number(finding, "free_before_mib", before);
  finding_number(finding, "free_held_by_reader_mib", held);
  finding_number(finding, "free_held_by_descriptor_mib", only_descriptor);
  finding_number(finding, "free_after_mib", after);
  bool known = had_descriptor && before >= 0 && after >= 0;
  finding_end(finding, !known ? "unavailable" : after >= before - 1 ? "returned" : "not-returned");
  worker_stop(&monitor);
}

/* 3.5: the exporter's kernels are running and more are queued when it is killed. */
static void check_killed_writer(void) {
  struct shared_memory shared = {.fd = -1, .exporter = no_worker};
  struct worker reader = no_worker;
  struct answer answer;
  int access;
  struct finding *finding = finding_begin("3.5", "exporter-killed-mid-write");
  if (share_memory(finding, &shared, NULL, 64 << 20, SEED) &&
      open_worker(finding, &reader, NULL, OPEN_KERNELS, GPU_CONTEXT_BLOCKING_SYNC) &&
      import_memory(finding, &reader, &shared, &access) &&
      call_step(finding, &shared.exporter, (struct order){.kind = ORDER_WRITE_ON}, &answer)) {
    (void)worker_send(&reader, (struct order){.kind = ORDER_WATCH, .c = WATCH_MS}, -1);
    nap_ms(KILL_AFTER_MS);
    uint64_t killed = now_ns();
    bool gone = worker_kill(&shared.exporter);
    uint64_t reaped = now_ns();
    enum call_result call = worker_receive(&reader, WATCH_MS + ANSWER_MS, &answer, NULL);
    if (call == CALL_ANSWERED && answer.code == 0) {
      double last = answer.values[WATCH_LAST_CHANGE_NS];
      finding_number(finding, "reads", answer.values[WATCH_READS]);
      finding_number(finding, "changes_seen", answer.values[WATCH_CHANGES]);
      finding_number(finding, "last_change_after_kill_ms", last > 0 ? (last - (double)killed) / 1e6 : -1);
      finding_number(finding, "last_change_after_reap_ms", last > 0 ? (last - (double)reaped) / 1e6 : -1);
      finding_number(finding, "reaped_after_ms", (double)(reaped - killed) / 1e6);
      bool after = last > (double)reaped;
      bool seen = answer.values[WATCH_CHANGES] > 0;
      finding_end(finding, !gone || !seen ? "broken" : after ? "writes-after-death" : "reader-lives-writes-stopped");
    } else if (call == CALL_ANSWERED) {
      finding_text(finding, "reader", "harmed, %s %d", answer.step, answer.code);
      finding_end(finding, "reader-harmed");
    } else {
      finding_failed(finding, call, &reader, &answer);
    }
  }
  worker_stop(&reader);
  unshare_memory(&shared);
}

/* 3.6: the other way round; the producer must not notice. */
static void check_killed_reader(void) {
  struct shared_memory shared = {.fd = -1, .exporter = no_worker};
  struct worker reader = no_worker;
  struct answer answer;
  double differing;
  int access;
  struct finding *finding = finding_begin("3.6", "importer-killed-mid-copy");
  if (share_memory(finding, &shared, NULL, 64 << 20, SEED) &&
      open_worker(finding, &reader, NULL, OPEN_KERNELS, GPU_CONTEXT_BLOCKING_SYNC) &&
      import_memory(finding, &reader, &shared, &access) &&
      call_step(finding, &reader, (struct order){.kind = ORDER_COPY_ON}, &answer)) {
    nap_ms(100);
    uint64_t killed = now_ns();
    bool gone = worker_kill(&reader);
    finding_number(finding, "reaped_after_ms", (double)(now_ns() - killed) / 1e6);
    if (!gone) {
      finding_end(finding, "broken");
    } else if (verify(finding, &shared.exporter, READ_BY_KERNEL, SEED, &differing)) {
      finding_number(finding, "words_that_differ", differing);
      finding_end(finding, differing == 0 ? "exporter-unharmed" : "differs");
    }
  }
  worker_stop(&reader);
  unshare_memory(&shared);
}

void check_lifetime(void) {
  check_orphaned_memory();
  check_killed_writer();
  check_killed_reader();
}
