/* Checks 2: who can import the descriptor. It always travels over SCM_RIGHTS through the parent, as it would through
 * a broker, and the importer differs from the exporter in one thing at a time. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

#include "checks.h"

#define BYTES (4 << 20)
#define SEED 0x5eed0002u
#define OTHER_UID 1000
#define ALL_NAMESPACES (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWNS | CLONE_NEWUTS)

struct isolation_case {
  const char *id;
  struct isolation exporter, importer;
};

static const struct isolation_case cases[] = {
    {"2.1", {NULL, 0, false, 0}, {"same-namespaces", 0, false, 0}},
    {"2.2", {NULL, 0, false, 0}, {"user-namespace", CLONE_NEWUSER, false, 0}},
    {"2.3", {NULL, 0, false, 0}, {"pid-namespace", CLONE_NEWPID, false, 0}},
    {"2.4", {NULL, 0, false, 0}, {"network-namespace", CLONE_NEWNET, false, 0}},
    {"2.5", {NULL, 0, false, 0}, {"ipc-namespace", CLONE_NEWIPC, false, 0}},
    {"2.6", {NULL, 0, false, 0}, {"other-uid", 0, false, OTHER_UID}},
    {"2.7", {NULL, 0, false, 0}, {"all-namespaces-other-uid", ALL_NAMESPACES, true, OTHER_UID}},
    {"2.8", {NULL, CLONE_NEWPID, false, 0}, {"both-are-pid-1", CLONE_NEWPID, false, 0}},
    {"2.9", {NULL, ALL_NAMESPACES, true, OTHER_UID}, {"exporter-isolated", 0, false, 0}},
    {"2.10", {NULL, ALL_NAMESPACES, true, OTHER_UID}, {"both-isolated", ALL_NAMESPACES, true, OTHER_UID}},
};

/* Without root every other namespace needs a user namespace around it. */
static struct isolation possible(struct isolation isolation) {
  if (geteuid() != 0 && isolation.clone_flags != 0) isolation.clone_flags |= CLONE_NEWUSER;
  return isolation;
}

static void check_case(const struct isolation_case *one) {
  struct shared_memory shared = {.fd = -1, .exporter = {.pid = -1, .socket = -1}};
  struct worker importer = {.pid = -1, .socket = -1};
  struct isolation exporter_isolation = possible(one->exporter), importer_isolation = possible(one->importer);
  struct finding *finding = finding_begin(one->id, one->importer.name);
  int access;
  double by_copy, by_kernel;
  if (geteuid() != 0 && (one->importer.uid != 0 || one->exporter.uid != 0)) {
    finding_text(finding, "reason", "another user needs root");
    finding_end(finding, "skipped");
    return;
  }
  if (share_memory(finding, &shared, &exporter_isolation, BYTES, SEED) &&
      open_worker(finding, &importer, &importer_isolation, OPEN_KERNELS, GPU_CONTEXT_BLOCKING_SYNC) &&
      import_memory(finding, &importer, &shared, &access) &&
      verify(finding, &importer, READ_BY_COPY, SEED, &by_copy) &&
      verify(finding, &importer, READ_BY_KERNEL, SEED, &by_kernel)) {
    finding_text(finding, "access", "%s", access == GPU_ACCESS_READ ? "read" : "read-write");
    finding_number(finding, "exporter_pid", shared.exporter.inner_pid);
    finding_number(finding, "exporter_uid", shared.exporter.inner_uid);
    finding_number(finding, "importer_pid", importer.inner_pid);
    finding_number(finding, "importer_uid", importer.inner_uid);
    finding_number(finding, "copy_words_that_differ", by_copy);
    finding_number(finding, "kernel_words_that_differ", by_kernel);
    finding_end(finding, by_copy == 0 && by_kernel == 0 ? "works" : "differs");
  }
  worker_stop(&importer);
  unshare_memory(&shared);
}

void check_isolation(void) {
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) check_case(&cases[i]);
}
