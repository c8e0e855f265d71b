/* Checks 1 (what a read-only mapping is worth) and 4 (descriptors), and the steps that all memory checks begin with. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"

#define SMALL_BYTES (4 << 20)
#define SEED 0x5eed0001u

int64_t granularity;

int64_t shared_size(int64_t bytes) {
  int64_t unit = granularity > 0 ? granularity : 2 << 20;
  return (bytes + unit - 1) / unit * unit;
}

bool call_step(struct finding *finding, struct worker *worker, struct order order, struct answer *answer) {
  enum call_result call = worker_call(worker, order, -1, answer, NULL);
  if (call == CALL_ANSWERED && answer->code == 0) return true;
  finding_failed(finding, call, worker, answer);
  return false;
}

bool open_worker(struct finding *finding, struct worker *worker, const struct isolation *isolation, int64_t level,
                 int64_t context_flags) {
  struct answer answer;
  if (!worker_start(worker, isolation)) {
    finding_text(finding, "reason", "the system refuses this isolation: %m");
    finding_end(finding, "skipped");
    return false;
  }
  struct order open = {ORDER_OPEN, level, context_flags, 0};
  enum call_result call = worker_call(worker, open, -1, &answer, NULL);
  if (call == CALL_ANSWERED && answer.code == 0) return true;
  if (call == CALL_DIED && worker_could_not_change_user(worker)) {
    finding_text(finding, "reason", "this process may not become another user");
    finding_end(finding, "skipped");
    return false;
  }
  finding_failed(finding, call, worker, &answer);
  return false;
}

bool share_memory(struct finding *finding, struct shared_memory *shared, const struct isolation *isolation,
                  int64_t bytes, uint32_t seed) {
  struct answer answer;
  shared->fd = -1;
  shared->size = shared_size(bytes);
  shared->seed = seed;
  if (!open_worker(finding, &shared->exporter, isolation, OPEN_KERNELS, GPU_CONTEXT_BLOCKING_SYNC)) return false;
  struct order create = {ORDER_CREATE, shared->size, seed, 0};
  enum call_result call = worker_call(&shared->exporter, create, -1, &answer, &shared->fd);
  if (call == CALL_ANSWERED && answer.code == 0 && shared->fd >= 0) return true;
  finding_failed(finding, call, &shared->exporter, &answer);
  return false;
}

void unshare_memory(struct shared_memory *shared) {
  if (shared->fd >= 0) close(shared->fd);
  shared->fd = -1;
  worker_stop(&shared->exporter);
}

bool import_memory(struct finding *finding, struct worker *worker, const struct shared_memory *shared, int *access) {
  struct answer answer;
  struct order import = {ORDER_IMPORT, shared->size, GPU_ACCESS_READ, 0};
  *access = GPU_ACCESS_READ;
  enum call_result call = worker_call(worker, import, shared->fd, &answer, NULL);
  if (call == CALL_ANSWERED && answer.code == 0) return true;
  if (call == CALL_ANSWERED && strcmp(answer.step, "cuMemSetAccess") == 0) {
    *access = GPU_ACCESS_READ_WRITE;
    return call_step(finding, worker, (struct order){.kind = ORDER_UPGRADE}, &answer);
  }
  finding_failed(finding, call, worker, &answer);
  return false;
}

bool verify(struct finding *finding, struct worker *worker, enum read_method method, uint32_t seed,
            double *differing) {
  struct answer answer;
  *differing = -1;
  if (!call_step(finding, worker, (struct order){ORDER_VERIFY, method, seed, 0}, &answer)) return false;
  *differing = answer.values[0];
  return true;
}

/* 1.1 to 1.3: is the mapping accepted, and can it be read by copies and by kernels. */
static bool check_mapping(const struct shared_memory *shared, struct worker *reader) {
  struct answer answer;
  struct finding *finding = finding_begin("1.1", "read-only-mapping");
  if (!open_worker(finding, reader, NULL, OPEN_KERNELS, GPU_CONTEXT_BLOCKING_SYNC)) return false;
  struct order import = {ORDER_IMPORT, shared->size, GPU_ACCESS_READ, 0};
  enum call_result call = worker_call(reader, import, shared->fd, &answer, NULL);
  if (call != CALL_ANSWERED || (answer.code != 0 && strcmp(answer.step, "cuMemSetAccess") != 0)) {
    finding_failed(finding, call, reader, &answer);
    return false;
  }
  finding_code(finding, "set_access", answer.code);
  if (answer.code == 0) finding_number(finding, "access_reported", answer.values[0]);
  finding_end(finding, answer.code == 0 ? "accepted" : "refused");
  if (answer.code != 0) return false;
  static const char *const names[] = {"read-only-read-by-copy", "read-only-read-by-kernel"};
  for (int method = READ_BY_COPY; method <= READ_BY_KERNEL; method++) {
    double differing;
    finding = finding_begin(method == READ_BY_COPY ? "1.2" : "1.3", names[method]);
    if (!verify(finding, reader, (enum read_method)method, shared->seed, &differing)) return false;
    finding_number(finding, "words_that_differ", differing);
    finding_end(finding, differing == 0 ? "works" : "differs");
  }
  return true;
}

/* What became of the memory, of the exporter, and of another reader after somebody tried to write. */
static void report_bystanders(struct finding *finding, struct shared_memory *shared, struct worker *reader,
                              const char *result) {
  struct worker *const bystanders[] = {&shared->exporter, reader};
  static const char *const names[] = {"exporter", "other_reader"};
  bool changed = false;
  for (int i = 0; i < 2; i++) {
    struct answer answer;
    struct order verification = {ORDER_VERIFY, READ_BY_KERNEL, shared->seed, 0};
    enum call_result call = worker_call(bystanders[i], verification, -1, &answer, NULL);
    if (call != CALL_ANSWERED) {
      finding_text(finding, names[i], "gone, %s", worker_end(bystanders[i]));
    } else if (answer.code != 0) {
      finding_text(finding, names[i], "harmed, %s %d", answer.step, answer.code);
    } else {
      finding_text(finding, names[i], "%s", answer.values[0] == 0 ? "intact" : "sees-a-change");
      changed = changed || answer.values[0] != 0;
    }
  }
  finding_end(finding, changed ? "memory-was-written" : result);
}

/* 1.4 to 1.7: one kind of write each, in a worker of its own because its context may not survive. */
static void check_write(const char *id, const char *name, enum write_method method, struct shared_memory *shared,
                        struct worker *reader) {
  struct worker writer = {.pid = -1, .socket = -1};
  struct answer answer;
  int access;
  struct finding *finding = finding_begin(id, name);
  if (!open_worker(finding, &writer, NULL, OPEN_KERNELS, GPU_CONTEXT_BLOCKING_SYNC) ||
      !import_memory(finding, &writer, shared, &access)) {
    worker_stop(&writer);
    return;
  }
  finding_text(finding, "access", "%s", access == GPU_ACCESS_READ ? "read" : "read-write");
  struct order write = {ORDER_WRITE, method, 0, 0};
  enum call_result call = worker_call(&writer, write, -1, &answer, NULL);
  if (call == CALL_ANSWERED && answer.code != 0) {
    finding_failed(finding, call, &writer, &answer);
  } else if (call != CALL_ANSWERED) { /* a death and a hang are answers here, not faults of the probe */
    finding_text(finding, "writer", "%s", worker_end(&writer));
    report_bystanders(finding, shared, reader, call == CALL_DIED ? "process-died" : "hangs");
  } else {
    const double *values = answer.values;
    finding_code(finding, "call", values[WRITE_CALL]);
    finding_code(finding, "sync", values[WRITE_SYNC]);
    finding_code(finding, "context_after", values[WRITE_CONTEXT_AFTER]);
    finding_code(finding, "read_after", values[WRITE_READ_AFTER]);
    bool refused = values[WRITE_CALL] != 0 || values[WRITE_SYNC] != 0;
    bool alive = values[WRITE_CONTEXT_AFTER] == 0;
    const char *result = !refused ? "no-error" : alive ? "refused" : "refused-context-dead";
    report_bystanders(finding, shared, reader, result);
  }
  worker_stop(&writer);
  /* Later checks compare with the pattern again, even when this one spoiled it. */
  (void)worker_call(&shared->exporter, (struct order){ORDER_FILL, 0, shared->seed, 0}, -1, &answer, NULL);
}

/* 1.8: can a holder of the descriptor simply ask for more. */
static void check_upgrade(const struct shared_memory *shared) {
  struct worker worker = {.pid = -1, .socket = -1};
  struct answer answer;
  int access;
  struct finding *finding = finding_begin("1.8", "importer-asks-for-write");
  if (open_worker(finding, &worker, NULL, OPEN_KERNELS, GPU_CONTEXT_BLOCKING_SYNC) &&
      import_memory(finding, &worker, shared, &access)) {
    enum call_result call = worker_call(&worker, (struct order){.kind = ORDER_UPGRADE}, -1, &answer, NULL);
    if (call != CALL_ANSWERED) {
      finding_failed(finding, call, &worker, &answer);
    } else {
      finding_code(finding, "set_access", answer.code);
      finding_end(finding, answer.code == 0 ? "granted" : "refused");
    }
  }
  worker_stop(&worker);
}

void check_read_only(void) {
  static const char *const ids[WRITE_METHODS] = {"1.4", "1.5", "1.6", "1.7"};
  static const char *const names[WRITE_METHODS] = {"read-only-memset", "read-only-copy-from-host",
                                                   "read-only-copy-on-device", "read-only-kernel-store"};
  struct shared_memory shared = {.fd = -1, .exporter = {.pid = -1, .socket = -1}};
  struct worker reader = {.pid = -1, .socket = -1};
  struct finding *finding = finding_begin("1.0", "read-only-setup");
  if (share_memory(finding, &shared, NULL, SMALL_BYTES, SEED)) {
    finding_number(finding, "bytes", (double)shared.size);
    finding_end(finding, "ready");
    if (check_mapping(&shared, &reader)) {
      for (int i = 0; i < WRITE_METHODS; i++) check_write(ids[i], names[i], (enum write_method)i, &shared, &reader);
      check_upgrade(&shared);
    }
  }
  worker_stop(&reader);
  unshare_memory(&shared);
}

void check_close_on_exec(void) {
  struct worker worker = {.pid = -1, .socket = -1};
  struct answer answer;
  int fd = -1;
  struct finding *finding = finding_begin("4.1", "close-on-exec");
  if (open_worker(finding, &worker, NULL, OPEN_KERNELS, GPU_CONTEXT_BLOCKING_SYNC)) {
    struct order create = {ORDER_CREATE, shared_size(SMALL_BYTES), SEED, 0};
    enum call_result call = worker_call(&worker, create, -1, &answer, &fd);
    if (call != CALL_ANSWERED || answer.code != 0) {
      finding_failed(finding, call, &worker, &answer);
    } else {
      bool set = ((int)answer.values[CREATE_FD_FLAGS] & FD_CLOEXEC) != 0;
      bool settable = ((int)answer.values[CREATE_FD_FLAGS_AFTER_SET] & FD_CLOEXEC) != 0;
      finding_text(finding, "file", "%s", answer.more);
      finding_text(finding, "can_be_set", "%s", settable ? "yes" : "no");
      finding_number(finding, "driver_fds", answer.values[CREATE_DRIVER_FDS]);
      finding_number(finding, "driver_fds_without", answer.values[CREATE_DRIVER_FDS_INHERITED]);
      finding_end(finding, set ? "set-by-driver" : "not-set");
    }
    if (fd >= 0) close(fd);
  }
  worker_stop(&worker);
}
