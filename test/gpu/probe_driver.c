/* Finding the driver at run time, and saying why when there is none. Runs in workers only. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda_api.h"
#include "probe.h"

struct cuda_api cuda;

static const char *const symbol_names[] = {
#define SYMBOL_NAME(field, symbol, parameters) #symbol,
    CUDA_API_SYMBOLS(SYMBOL_NAME)
#undef SYMBOL_NAME
};
static const char *const field_names[] = {
#define FIELD_NAME(field, symbol, parameters) #field,
    CUDA_API_SYMBOLS(FIELD_NAME)
#undef FIELD_NAME
};
enum { SYMBOL_COUNT = sizeof symbol_names / sizeof symbol_names[0] };

static void add_reason(struct answer *answer, const char *text) {
  size_t used = strlen(answer->text);
  snprintf(answer->text + used, sizeof answer->text - used, "%s%s", used > 0 ? "\n" : "", text);
}

static void *open_library(struct answer *answer) {
  static const char *const usual[] = {"libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1",
                                      "/usr/lib/aarch64-linux-gnu/tegra/libcuda.so.1"};
  const char *chosen = getenv("EDGESTREAM_CUDA_LIBRARY");
  if (chosen != NULL && chosen[0] != '\0') {
    void *library = dlopen(chosen, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
      add_reason(answer, "EDGESTREAM_CUDA_LIBRARY cannot be loaded:");
      strncat(answer->text, " ", sizeof answer->text - strlen(answer->text) - 1);
      strncat(answer->text, dlerror(), sizeof answer->text - strlen(answer->text) - 1);
    }
    return library;
  }
  for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
    void *library = dlopen(usual[i], RTLD_NOW | RTLD_LOCAL);
    if (library != NULL) return library;
    add_reason(answer, dlerror());
  }
  return NULL;
}

int load_driver(struct answer *answer) {
  void *library = open_library(answer);
  if (library == NULL) return note_step(answer, "dlopen", CODE_NO_LIBRARY);
  size_t missing = 0;
  void *functions[SYMBOL_COUNT];
  for (size_t i = 0; i < SYMBOL_COUNT; i++) {
    functions[i] = dlsym(library, symbol_names[i]);
    if (functions[i] != NULL) continue;
    if (missing++ == 0) add_reason(answer, "the driver library is too old or not CUDA's, it lacks");
    size_t used = strlen(answer->text);
    if (missing <= 4) snprintf(answer->text + used, sizeof answer->text - used, " %s", symbol_names[i]);
  }
  if (missing > 4) {
    size_t used = strlen(answer->text);
    snprintf(answer->text + used, sizeof answer->text - used, " and %zu more", missing - 4);
  }
  if (missing > 0) return note_step(answer, "dlsym", CODE_OLD_LIBRARY);
  _Static_assert(sizeof functions == sizeof cuda, "the table of functions holds nothing but functions");
  memcpy(&cuda, functions, sizeof cuda);
  return GPU_OK;
}

int note_step(struct answer *answer, const char *step, int code) {
  if (code == 0 || answer->code != 0) return code;
  answer->code = code;
  size_t length = strcspn(step, "(");
  snprintf(answer->step, sizeof answer->step, "%.*s", (int)length, step);
  for (size_t i = 0; i < SYMBOL_COUNT; i++) { /* readers know the driver's names, not ours */
    if (strcmp(answer->step, field_names[i]) == 0) snprintf(answer->step, sizeof answer->step, "%s", symbol_names[i]);
  }
  const char *name = NULL;
  if (code > 0 && cuda.get_error_name != NULL && cuda.get_error_name(code, &name) == 0 && name != NULL) {
    snprintf(answer->name, sizeof answer->name, "%s", name);
  }
  return code;
}
