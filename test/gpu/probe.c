/* gpu-probe: what does the CUDA driver of this machine really do with shared memory? A stand-alone program; it needs a
 * C compiler and an NVIDIA driver, no toolkit and nothing of the SDK. From the root of the repository:
 *
 *   cc -O2 -Wall -Wextra -Werror -o gpu-probe test/gpu/probe*.c test/gpu/checks_*.c -ldl -lpthread
 *   ./gpu-probe            one line per check; --json: one object; --help: all options
 *
 * or `test/gpu/run.sh`, which does both. Exit status 0: all checks ran, whatever they found; 1: the probe itself broke;
 * 77: there is no driver or no device, one line per reason. docs/gpu-verification.md keeps what was found. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"

#define RUN_LIMIT_S 900 /* far above what the limits of single checks add up to on a healthy machine */

struct probe_options options = {.json = false, .only = NULL, .device = 0, .iterations = 2000, .contexts = 4};

static const struct {
  char group;
  const char *what;
  void (*run)(void);
} groups[] = {
    {'1', "read-only mappings", check_read_only},
    {'2', "import across users and namespaces", check_isolation},
    {'3', "memory after a SIGKILL", check_lifetime},
    {'4', "close-on-exec", check_close_on_exec},
    {'5', "completion latency", check_latency},
    {'6', "memory of a context", check_context_memory},
};
enum { GROUPS = sizeof groups / sizeof groups[0] };

static void print_help(void) {
  printf("gpu-probe: checks what the CUDA driver of this machine does with memory shared between processes\n\n"
         "  --json           one JSON object instead of lines\n"
         "  --only GROUPS    for example --only 1,4\n"
         "  --device N       ordinal of the device (0)\n"
         "  --iterations N   of each latency measurement, 100 to 100000 (2000)\n"
         "  --contexts N     processes of the memory measurement, 1 to 32 (4)\n\n"
         "groups:\n");
  for (int i = 0; i < GROUPS; i++) printf("  %c  %s\n", groups[i].group, groups[i].what);
  printf("\nEDGESTREAM_CUDA_LIBRARY: path of the driver library to load instead of libcuda.so.1\n"
         "exit status: 0 all checks ran, 1 the probe broke, 77 no driver or device\n");
}

static bool parse_number(const char *text, int low, int high, int *number) {
  char *end = NULL;
  long value = text != NULL ? strtol(text, &end, 10) : 0;
  if (text == NULL || end == text || *end != '\0' || value < low || value > high) return false;
  *number = (int)value;
  return true;
}

static bool parse_groups(const char *text) {
  if (text == NULL || text[0] == '\0' || text[strspn(text, "123456,")] != '\0') return false;
  options.only = text;
  return true;
}

static bool parse_options(int count, char **arguments) {
  for (int i = 1; i < count; i++) {
    const char *name = arguments[i], *value = i + 1 < count ? arguments[i + 1] : NULL;
    if (strcmp(name, "--json") == 0) {
      options.json = true;
      continue;
    }
    if (strcmp(name, "--help") == 0) {
      print_help();
      exit(EXIT_ALL_RAN);
    }
    bool good = (strcmp(name, "--only") == 0 && parse_groups(value)) ||
                (strcmp(name, "--device") == 0 && parse_number(value, 0, 63, &options.device)) ||
                (strcmp(name, "--iterations") == 0 && parse_number(value, 100, 100000, &options.iterations)) ||
                (strcmp(name, "--contexts") == 0 && parse_number(value, 1, 32, &options.contexts));
    if (!good) {
      fprintf(stderr, "gpu-probe: cannot use %s%s%s, see --help\n", name, value != NULL ? " " : "",
              value != NULL ? value : "");
      return false;
    }
    i++;
  }
  return true;
}

/* Children die with their parent (PR_SET_PDEATHSIG), so leaving is enough. */
static void run_too_long(int signal_number) {
  (void)signal_number;
  static const char text[] = "gpu-probe: the whole run took too long\n";
  (void)!write(STDERR_FILENO, text, sizeof text - 1);
  _exit(EXIT_PROBE_BROKE);
}

int main(int count, char **arguments) {
  static struct skip_reasons reasons;
  if (!parse_options(count, arguments)) return EXIT_PROBE_BROKE;
  signal(SIGALRM, run_too_long);
  alarm(RUN_LIMIT_S);
  setenv("CUDA_CACHE_DISABLE", "1", 1); /* leave no compiled kernels in somebody's home */
  bool usable = survey(&reasons);
  if (!usable && !options.json) {
    for (int i = 0; i < reasons.count; i++) printf("SKIPPED %s\n", reasons.lines[i]);
  }
  for (int i = 0; usable && i < GROUPS; i++) {
    if (options.only == NULL || strchr(options.only, groups[i].group) != NULL) groups[i].run();
  }
  bool broken = findings_broken();
  if (options.json) findings_print_json(reasons.lines, reasons.count);
  if (!usable) return EXIT_SKIPPED;
  return broken ? EXIT_PROBE_BROKE : EXIT_ALL_RAN;
}
