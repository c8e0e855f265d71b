/* Whether a shared library can be loaded; for CUDA's, the driver version that it says it has. */
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "probe.h"

static const char *file;

static void ask_load(void) {
  int (*driver_version)(int *) = NULL;
  int version = 0;
  struct link_map *map = NULL;
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    answer_wrong("load", dlerror());
    return;
  }
  dlinfo(library, RTLD_DI_LINKMAP, &map);
  answer_ok("load", "%s", map == NULL ? file : map->l_name);
  void *symbol = dlsym(library, "cuDriverGetVersion");
  if (symbol == NULL) return;
  memcpy(&driver_version, &symbol, sizeof driver_version);
  if (driver_version(&version) == 0) answer_ok("version", "%d.%d", version / 1000, version % 1000 / 10);
}

void ask_library(const char *name) {
  const struct question questions[] = {{"load", ask_load}};
  file = name;
  ask_all(questions, 1);
}
