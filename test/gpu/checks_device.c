/* Checks 0: which machine this is. Decides also whether there is anything to probe. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "checks.h"

static void report_machine(void) {
  struct utsname name;
  struct stat node;
  uname(&name);
  struct finding *finding = finding_begin("0.1", "machine");
  finding_text(finding, "kernel", "%s", name.release);
  finding_text(finding, "architecture", "%s", name.machine);
  finding_number(finding, "cpus", (double)sysconf(_SC_NPROCESSORS_ONLN));
  finding_number(finding, "uid", geteuid());
  finding_number(finding, "pid", getpid());
  bool container = access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
  finding_text(finding, "container_file", "%s", container ? "yes" : "no");
  if (stat("/dev/nvidiactl", &node) == 0) {
    finding_text(finding, "nvidiactl", "mode %o uid %u", node.st_mode & 07777u, (unsigned)node.st_uid);
  } else {
    finding_text(finding, "nvidiactl", "none");
  }
  char line[160] = "";
  FILE *file = fopen("/proc/driver/nvidia/version", "re");
  if (file != NULL) {
    if (fgets(line, sizeof line, file) == NULL) line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    fclose(file);
  }
  finding_text(finding, "kernel_module", "%s", line[0] != '\0' ? line : "not readable");
  finding_end(finding, "measured");
}

static void report_device(const struct answer *answer) {
  const double *values = answer->values;
  struct finding *finding = finding_begin("0.2", "device");
  finding_text(finding, "name", "%s", answer->text);
  finding_text(finding, "uuid", "%s", answer->more);
  finding_number(finding, "ordinal", options.device);
  finding_number(finding, "devices", values[SURVEY_DEVICES]);
  finding_number(finding, "cuda_version", values[SURVEY_DRIVER_VERSION]);
  finding_number(finding, "memory_mib", values[SURVEY_TOTAL_BYTES] / MIB);
  finding_end(finding, "measured");
  finding = finding_begin("0.3", "attributes");
  for (int i = 0; i < survey_attribute_count; i++) {
    finding_number(finding, survey_attributes[i].key, values[SURVEY_ATTRIBUTES + i]);
  }
  finding_end(finding, "measured");
  finding = finding_begin("0.4", "granularity");
  finding_number(finding, "minimum", values[SURVEY_GRANULARITY_MINIMUM]);
  finding_number(finding, "recommended", values[SURVEY_GRANULARITY_RECOMMENDED]);
  finding_end(finding, values[SURVEY_GRANULARITY_MINIMUM] > 0 ? "measured" : "unavailable");
}

static void add_reason(struct skip_reasons *reasons, const char *text) {
  if (reasons->count == SKIP_REASONS_MAX) return;
  snprintf(reasons->lines[reasons->count++], sizeof reasons->lines[0], "%s", text);
}

static void add_node_reasons(struct skip_reasons *reasons) {
  if (access("/dev/nvidiactl", F_OK) != 0) {
    if (access("/dev/dxg", F_OK) != 0 && access("/dev/nvhost-gpu", F_OK) != 0) {
      add_reason(reasons, "there is no /dev/nvidiactl (nor /dev/dxg, nor /dev/nvhost-gpu): no driver is loaded, or "
                          "this container was given no GPU");
    }
  } else if (access("/dev/nvidiactl", R_OK | W_OK) != 0) {
    add_reason(reasons, "/dev/nvidiactl may not be opened for reading and writing by this user");
  }
}

/* What the worker that could not open the driver said, as sentences. */
static void explain(struct skip_reasons *reasons, enum call_result call, const struct worker *worker,
                    struct answer *answer) {
  char text[256];
  if (call != CALL_ANSWERED) {
    snprintf(text, sizeof text, "the driver could not be started: its process ended with %s", worker_end(worker));
    add_reason(reasons, text);
  } else if (answer->code == CODE_NO_LIBRARY || answer->code == CODE_OLD_LIBRARY) {
    for (char *line = strtok(answer->text, "\n"); line != NULL; line = strtok(NULL, "\n")) add_reason(reasons, line);
  } else {
    snprintf(text, sizeof text, "%s failed with %d%s%s for device %d", answer->step, answer->code,
             answer->name[0] != '\0' ? " " : "", answer->name, options.device);
    add_reason(reasons, text);
  }
  add_node_reasons(reasons);
}

bool survey(struct skip_reasons *reasons) {
  struct worker worker;
  struct answer answer;
  if (!worker_start(&worker, NULL)) {
    add_reason(reasons, "no process could be started");
    return false;
  }
  struct order open = {.kind = ORDER_OPEN, .a = OPEN_DRIVER};
  enum call_result call = worker_call(&worker, open, -1, &answer, NULL);
  bool usable = call == CALL_ANSWERED && answer.code == 0;
  if (usable) {
    call = worker_call(&worker, (struct order){.kind = ORDER_SURVEY}, -1, &answer, NULL);
    usable = call == CALL_ANSWERED && answer.code == 0;
  }
  if (usable) {
    report_machine();
    report_device(&answer);
    granularity = (int64_t)answer.values[SURVEY_GRANULARITY_MINIMUM];
  } else {
    explain(reasons, call, &worker, &answer);
  }
  worker_stop(&worker);
  return usable;
}
