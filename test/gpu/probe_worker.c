/* A worker: opens the driver, then creates, exports and imports memory as the parent orders. */
#define _GNU_SOURCE
#include "probe_worker.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "probe_kernels.h"

const struct survey_attribute survey_attributes[] = {
    {"compute_capability_major", GPU_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR},
    {"compute_capability_minor", GPU_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR},
    {"compute_mode", GPU_ATTRIBUTE_COMPUTE_MODE},
    {"integrated", GPU_ATTRIBUTE_INTEGRATED},
    {"unified_addressing", GPU_ATTRIBUTE_UNIFIED_ADDRESSING},
    {"vmm", GPU_ATTRIBUTE_VIRTUAL_MEMORY_SUPPORTED},
    {"posix_fd", GPU_ATTRIBUTE_POSIX_FD_SUPPORTED},
    {"map_host_memory", GPU_ATTRIBUTE_CAN_MAP_HOST_MEMORY},
    {"host_register", GPU_ATTRIBUTE_HOST_REGISTER_SUPPORTED},
    {"read_only_host_register", GPU_ATTRIBUTE_READ_ONLY_HOST_REGISTER_SUPPORTED},
    {"dma_buf", GPU_ATTRIBUTE_DMA_BUF_SUPPORTED},
    {"ipc_event", GPU_ATTRIBUTE_IPC_EVENT_SUPPORTED},
};
const int survey_attribute_count = sizeof survey_attributes / sizeof survey_attributes[0];

struct range worker_target(const struct worker_state *state) {
  return state->imported.size > 0 ? state->imported : state->own;
}

int launch(const struct worker_state *state, enum kernel kernel, unsigned int blocks, cu_stream stream,
           void **arguments) {
  return cuda.launch_kernel(state->kernels[kernel], blocks, 1, 1, 256, 1, 1, 0, stream, arguments, NULL);
}

int fill(const struct worker_state *state, struct answer *answer, struct range range, uint32_t seed) {
  uint32_t words = (uint32_t)(range.size / 4);
  void *arguments[] = {&range.address, &words, &seed};
  int code = note_step(answer, "launch_kernel", launch(state, KERNEL_FILL, 64, NULL, arguments));
  return code != 0 ? code : STEP(answer, context_synchronize());
}

int make_scratch(struct worker_state *state, struct answer *answer, size_t size) {
  if (state->scratch.size >= size) return 0;
  state->host = malloc(size);
  if (state->host == NULL) return note_step(answer, "malloc", CODE_SYSTEM);
  int code = STEP(answer, memory_allocate(&state->scratch.address, size));
  if (code == 0) state->scratch.size = size;
  return code;
}

static int open_kernels(struct worker_state *state, struct answer *answer) {
  static const char *const names[KERNELS] = {"fill_pattern", "copy_words", "signal_after", "write_until"};
  cu_module module;
  int code = STEP(answer, module_load_data(&module, probe_kernels));
  for (int i = 0; code == 0 && i < KERNELS; i++) {
    code = STEP(answer, module_get_function(&state->kernels[i], module, names[i]));
  }
  cu_pointer memory;
  if (code == 0) code = STEP(answer, memory_allocate(&memory, 4096));
  if (code == 0) code = fill(state, answer, (struct range){memory, 4096}, 1);
  if (code == 0) code = STEP(answer, memory_free(memory));
  return code;
}

static int open_device(struct worker_state *state, const struct order *order, struct answer *answer) {
  int code = load_driver(answer);
  if (code == 0) code = STEP(answer, init(0));
  if (code == 0) code = STEP(answer, device_get(&state->device, options.device));
  if (code != 0 || order->a == OPEN_DRIVER) return code;
  cu_context context;
  code = STEP(answer, primary_context_set_flags(state->device, (unsigned int)order->b));
  if (code == 0) code = STEP(answer, primary_context_retain(&context, state->device));
  if (code == 0) code = STEP(answer, context_push(context));
  if (code != 0 || order->a == OPEN_CONTEXT) return code;
  return open_kernels(state, answer);
}

static cu_allocation_properties exportable(const struct worker_state *state) {
  cu_allocation_properties properties;
  memset(&properties, 0, sizeof properties);
  properties.type = GPU_ALLOCATION_PINNED;
  properties.requested_handle_types = GPU_HANDLE_POSIX_FD;
  properties.location.type = GPU_LOCATION_DEVICE;
  properties.location.id = state->device;
  return properties;
}

static void order_survey(struct worker_state *state, struct answer *answer) {
  int version = 0, count = 0;
  size_t total = 0;
  cu_uuid uuid;
  memset(&uuid, 0, sizeof uuid);
  if (STEP(answer, driver_get_version(&version)) != 0 || STEP(answer, device_get_count(&count)) != 0) return;
  if (STEP(answer, device_get_name(answer->text, sizeof answer->text, state->device)) != 0) return;
  if (STEP(answer, device_get_uuid(&uuid, state->device)) != 0) return;
  if (STEP(answer, device_total_memory(&total, state->device)) != 0) return;
  const unsigned char *u = (const unsigned char *)uuid.bytes;
  size_t used = (size_t)snprintf(answer->more, sizeof answer->more, "GPU-");
  for (int i = 0; i < 16; i++) {
    const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
    used += (size_t)snprintf(answer->more + used, sizeof answer->more - used, "%s%02x", dash, u[i]);
  }
  answer->values[SURVEY_DRIVER_VERSION] = version;
  answer->values[SURVEY_DEVICES] = count;
  answer->values[SURVEY_TOTAL_BYTES] = (double)total;
  for (int i = 0; i < survey_attribute_count; i++) { /* an attribute the driver does not know reads -1 */
    int value = -1;
    if (cuda.device_get_attribute(&value, survey_attributes[i].attribute, state->device) != 0) value = -1;
    answer->values[SURVEY_ATTRIBUTES + i] = value;
  }
  cu_allocation_properties properties = exportable(state);
  for (int i = 0; i < 2; i++) { /* 0 where the driver refuses the question */
    size_t granularity = 0;
    if (cuda.allocation_granularity(&granularity, &properties, i) != 0) granularity = 0;
    answer->values[SURVEY_GRANULARITY_MINIMUM + i] = (double)granularity;
  }
}

static int set_access(const struct worker_state *state, struct answer *answer, struct range range, int access) {
  cu_access_description description = {{GPU_LOCATION_DEVICE, state->device}, access};
  return STEP(answer, memory_set_access(range.address, range.size, &description, 1));
}

/* The descriptors the driver holds, and how many of them an exec would pass on. */
static void count_driver_descriptors(struct answer *answer) {
  DIR *directory = opendir("/proc/self/fd");
  if (directory == NULL) return;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    char target[64] = "";
    ssize_t length = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
    if (length < 0 || strncmp(target, "/dev/nvidia", 11) != 0) continue;
    answer->values[CREATE_DRIVER_FDS]++;
    if ((fcntl(atoi(entry->d_name), F_GETFD) & FD_CLOEXEC) == 0) answer->values[CREATE_DRIVER_FDS_INHERITED]++;
  }
  closedir(directory);
}

static int order_create(struct worker_state *state, const struct order *order, struct answer *answer) {
  cu_allocation_properties properties = exportable(state);
  cu_allocation_handle handle;
  struct range range = {0, (size_t)order->a};
  if (STEP(answer, allocation_create(&handle, range.size, &properties, 0)) != 0) return -1;
  if (STEP(answer, address_reserve(&range.address, range.size, 0, 0, 0)) != 0) return -1;
  if (STEP(answer, memory_map(range.address, range.size, 0, handle, 0)) != 0) return -1;
  if (set_access(state, answer, range, GPU_ACCESS_READ_WRITE) != 0) return -1;
  if (fill(state, answer, range, (uint32_t)order->b) != 0) return -1;
  int fd = -1;
  if (STEP(answer, allocation_export(&fd, handle, GPU_HANDLE_POSIX_FD, 0)) != 0) return -1;
  count_driver_descriptors(answer);
  answer->values[CREATE_FD_FLAGS] = fcntl(fd, F_GETFD);
  (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  answer->values[CREATE_FD_FLAGS_AFTER_SET] = fcntl(fd, F_GETFD);
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (readlink(link, answer->more, sizeof answer->more - 1) < 0) snprintf(answer->more, sizeof answer->more, "?");
  state->own = range;
  (void)STEP(answer, allocation_release(handle)); /* the mapping keeps the memory */
  return fd;
}

static void order_import(struct worker_state *state, const struct order *order, int fd, struct answer *answer) {
  cu_allocation_handle handle;
  struct range range = {0, (size_t)order->a};
  void *os_handle = (void *)(intptr_t)fd;
  if (STEP(answer, allocation_import(&handle, os_handle, GPU_HANDLE_POSIX_FD)) != 0) return;
  if (STEP(answer, address_reserve(&range.address, range.size, 0, 0, 0)) != 0) return;
  if (STEP(answer, memory_map(range.address, range.size, 0, handle, 0)) != 0) return;
  if (STEP(answer, allocation_release(handle)) != 0) return;
  state->imported = range; /* mapped even when the access below is refused: an upgrade may follow */
  if (set_access(state, answer, range, (int)order->b) != 0) return;
  unsigned long long flags = 0;
  cu_location location = {GPU_LOCATION_DEVICE, state->device};
  (void)STEP(answer, memory_get_access(&flags, &location, range.address));
  answer->values[0] = (double)flags;
}

static void order_memory_info(struct answer *answer) {
  size_t available = 0, total = 0;
  (void)STEP(answer, memory_get_info(&available, &total));
  answer->values[0] = (double)available;
  answer->values[1] = (double)total;
}

static void follow(struct worker_state *state, const struct order *order, int fd, struct answer *answer) {
  switch (order->kind) {
    case ORDER_OPEN: (void)open_device(state, order, answer); break;
    case ORDER_SURVEY: order_survey(state, answer); break;
    case ORDER_IMPORT: order_import(state, order, fd, answer); break;
    case ORDER_UPGRADE: (void)set_access(state, answer, state->imported, GPU_ACCESS_READ_WRITE); break;
    case ORDER_FILL: (void)fill(state, answer, state->own, (uint32_t)order->b); break;
    case ORDER_VERIFY: order_verify(state, order, answer); break;
    case ORDER_VERIFY_LONG: order_verify_long(state, order, answer); break;
    case ORDER_WRITE: order_write(state, order, answer); break;
    case ORDER_WATCH: order_watch(state, order, answer); break;
    case ORDER_MEMORY_INFO: order_memory_info(answer); break;
    case ORDER_LATENCY: order_latency(state, order, answer); break;
    default: (void)note_step(answer, "order", CODE_SYSTEM); break;
  }
}

int worker_main(int socket) {
  static struct worker_state state;
  state.socket = socket;
  for (;;) {
    struct order order;
    struct answer answer;
    int fd = -1;
    memset(&answer, 0, sizeof answer);
    answer.pid = getpid();
    answer.uid = (int32_t)geteuid();
    if (worker_take_order(socket, &order, &fd) != (ssize_t)sizeof order || order.kind == ORDER_QUIT) _exit(0);
    if (order.kind == ORDER_WRITE_ON) {
      order_write_on(&state, &answer);
    } else if (order.kind == ORDER_COPY_ON) {
      order_copy_on(&state, &answer);
    } else if (order.kind == ORDER_CREATE) {
      int exported = order_create(&state, &order, &answer);
      if (!worker_reply(socket, &answer, exported)) _exit(WORKER_PARENT_GONE);
      if (exported >= 0) close(exported);
    } else {
      follow(&state, &order, fd, &answer);
      if (!worker_reply(socket, &answer, -1)) _exit(WORKER_PARENT_GONE);
    }
    if (fd >= 0) close(fd);
  }
}
