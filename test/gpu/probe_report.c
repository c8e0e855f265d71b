/* Findings: one line per check as soon as it is known, or one JSON object at the end. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe.h"

#define FINDINGS_MAX 96
#define FIGURES_MAX 24

struct figure {
  char key[48];
  char value[192];
  bool is_number;
};
struct finding {
  char id[8];
  char name[48];
  char result[32];
  struct figure figures[FIGURES_MAX];
  int figure_count;
};

static struct finding findings[FINDINGS_MAX];
static int finding_count;
static bool anything_broken;

struct finding *finding_begin(const char *id, const char *name) {
  if (finding_count == FINDINGS_MAX) {
    fprintf(stderr, "gpu-probe: more than %d findings\n", FINDINGS_MAX);
    exit(EXIT_PROBE_BROKE);
  }
  struct finding *finding = &findings[finding_count++];
  memset(finding, 0, sizeof *finding);
  snprintf(finding->id, sizeof finding->id, "%s", id);
  snprintf(finding->name, sizeof finding->name, "%s", name);
  return finding;
}

static struct figure *add_figure(struct finding *finding, const char *key) {
  if (finding->figure_count == FIGURES_MAX) {
    fprintf(stderr, "gpu-probe: more than %d figures in %s\n", FIGURES_MAX, finding->id);
    exit(EXIT_PROBE_BROKE);
  }
  struct figure *figure = &finding->figures[finding->figure_count++];
  snprintf(figure->key, sizeof figure->key, "%s", key);
  return figure;
}

void finding_number(struct finding *finding, const char *key, double value) {
  struct figure *figure = add_figure(finding, key);
  figure->is_number = true;
  if (value == (double)(long long)value) {
    snprintf(figure->value, sizeof figure->value, "%lld", (long long)value);
  } else {
    snprintf(figure->value, sizeof figure->value, "%.3f", value);
  }
}

void finding_text(struct finding *finding, const char *key, const char *format, ...) {
  struct figure *figure = add_figure(finding, key);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(figure->value, sizeof figure->value, format, arguments);
  va_end(arguments);
}

/* The codes a reader of the findings will meet; the parent has no driver to ask. */
static const char *code_name(int code) {
  switch (code) {
    case 0: return "SUCCESS";
    case 1: return "INVALID_VALUE";
    case 2: return "OUT_OF_MEMORY";
    case 3: return "NOT_INITIALIZED";
    case 46: return "DEVICE_UNAVAILABLE";
    case 100: return "NO_DEVICE";
    case 101: return "INVALID_DEVICE";
    case 201: return "INVALID_CONTEXT";
    case 304: return "OPERATING_SYSTEM";
    case 400: return "INVALID_HANDLE";
    case 600: return "NOT_READY";
    case 700: return "ILLEGAL_ADDRESS";
    case 702: return "LAUNCH_TIMEOUT";
    case 719: return "LAUNCH_FAILED";
    case 800: return "NOT_PERMITTED";
    case 801: return "NOT_SUPPORTED";
    case 999: return "UNKNOWN";
    default: return "see cuda.h";
  }
}

void finding_code(struct finding *finding, const char *key, double code) {
  finding_text(finding, key, "%d(%s)", (int)code, code_name((int)code));
}

/* A value of a text line is quoted when it has a blank, so that lines can be split; it has no quotes inside. */
static void print_line(const struct finding *finding) {
  printf("CHECK %s %s: %s", finding->id, finding->name, finding->result);
  for (int i = 0; i < finding->figure_count; i++) {
    const struct figure *figure = &finding->figures[i];
    const char *quote = strchr(figure->value, ' ') != NULL ? "\"" : "";
    printf(" %s=%s", figure->key, quote);
    for (const char *c = figure->value; *c != '\0'; c++) putchar(*c == '"' || *c == '\n' ? '\'' : *c);
    printf("%s", quote);
  }
  printf("\n");
  fflush(stdout);
}

void finding_end(struct finding *finding, const char *result) {
  snprintf(finding->result, sizeof finding->result, "%s", result);
  if (strcmp(result, "broken") == 0) anything_broken = true;
  if (!options.json) print_line(finding);
}

void finding_failed(struct finding *finding, enum call_result call, const struct worker *worker,
                    const struct answer *answer) {
  if (call != CALL_ANSWERED) {
    finding_text(finding, "worker", "%s", worker_end(worker));
    finding_end(finding, "broken");
    return;
  }
  finding_text(finding, "step", "%s", answer->step);
  finding_code(finding, "code", answer->code);
  if (answer->name[0] != '\0') finding_text(finding, "error", "%s", answer->name);
  if (answer->text[0] != '\0') finding_text(finding, "text", "%s", answer->text);
  finding_end(finding, answer->code == CODE_SYSTEM ? "broken" : "unavailable");
}

/* A finding without a result is a fault of the probe, not of the machine. */
bool findings_broken(void) {
  for (int i = 0; i < finding_count; i++) {
    if (findings[i].result[0] == '\0') finding_end(&findings[i], "broken");
  }
  return anything_broken;
}

static void print_json_string(const char *text) {
  putchar('"');
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\') {
      printf("\\%c", *c);
    } else if (*c < 0x20 || *c >= 0x7f) {
      printf("\\u%04x", *c);
    } else {
      putchar(*c);
    }
  }
  putchar('"');
}

static void print_json_finding(const struct finding *finding) {
  printf("{\"id\":");
  print_json_string(finding->id);
  printf(",\"name\":");
  print_json_string(finding->name);
  printf(",\"result\":");
  print_json_string(finding->result);
  printf(",\"figures\":{");
  for (int i = 0; i < finding->figure_count; i++) {
    const struct figure *figure = &finding->figures[i];
    if (i > 0) putchar(',');
    print_json_string(figure->key);
    putchar(':');
    if (figure->is_number) {
      printf("%s", figure->value);
    } else {
      print_json_string(figure->value);
    }
  }
  printf("}}");
}

void findings_print_json(const char (*skip_reasons)[512], int skip_reason_count) {
  char date[32];
  time_t now = time(NULL);
  struct tm utc;
  strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
  printf("{\"probe\":\"edgestream-gpu\",\"format\":1,\"date\":\"%s\",\"skipped\":[", date);
  for (int i = 0; i < skip_reason_count; i++) {
    if (i > 0) putchar(',');
    print_json_string(skip_reasons[i]);
  }
  printf("],\"checks\":[");
  for (int i = 0; i < finding_count; i++) {
    if (i > 0) putchar(',');
    print_json_finding(&findings[i]);
  }
  printf("]}\n");
}
