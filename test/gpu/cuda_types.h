/* The few CUDA driver types and numbers the probe needs, written by hand so that no toolkit is needed to build it.
 * abi_check.c compares every one of them with cuda.h on machines that have it. */
#ifndef EDGESTREAM_GPU_CUDA_TYPES_H
#define EDGESTREAM_GPU_CUDA_TYPES_H

#include <stddef.h>
#include <stdint.h>

typedef int cu_result;
typedef int cu_device;
typedef unsigned long long cu_pointer;           /* an address on the device */
typedef unsigned long long cu_allocation_handle; /* physical memory without an address */
typedef int cu_attribute;
typedef int cu_handle_type;
typedef int cu_granularity_option;
typedef struct cu_context_object *cu_context;
typedef struct cu_stream_object *cu_stream;
typedef struct cu_event_object *cu_event;
typedef struct cu_module_object *cu_module;
typedef struct cu_function_object *cu_function;
typedef void (*cu_host_function)(void *user_data);

typedef struct {
  char bytes[16];
} cu_uuid;

typedef struct {
  int type;
  int id;
} cu_location;

typedef struct {
  int type;
  int requested_handle_types;
  cu_location location;
  void *win32_metadata;
  unsigned char allocation_flags[8]; /* all zero: no compression, no RDMA, no special usage */
} cu_allocation_properties;

typedef struct {
  cu_location location;
  int flags;
} cu_access_description;

enum {
  GPU_OK = 0,
  GPU_INVALID_VALUE = 1,
  GPU_NO_DEVICE = 100,
  GPU_NOT_READY = 600,
  GPU_ILLEGAL_ADDRESS = 700,
  GPU_NOT_SUPPORTED = 801,

  GPU_ALLOCATION_PINNED = 1,
  GPU_HANDLE_POSIX_FD = 1,
  GPU_LOCATION_DEVICE = 1,
  GPU_ACCESS_NONE = 0,
  GPU_ACCESS_READ = 1,
  GPU_ACCESS_READ_WRITE = 3,
  GPU_GRANULARITY_MINIMUM = 0,
  GPU_GRANULARITY_RECOMMENDED = 1,

  GPU_CONTEXT_BLOCKING_SYNC = 4,
  GPU_EVENT_BLOCKING_SYNC = 1,
  GPU_EVENT_DISABLE_TIMING = 2,
  GPU_STREAM_NON_BLOCKING = 1,
  GPU_HOST_ALLOC_PORTABLE = 1,
  GPU_HOST_ALLOC_DEVICE_MAP = 2,

  GPU_ATTRIBUTE_INTEGRATED = 18,
  GPU_ATTRIBUTE_CAN_MAP_HOST_MEMORY = 19,
  GPU_ATTRIBUTE_COMPUTE_MODE = 20,
  GPU_ATTRIBUTE_UNIFIED_ADDRESSING = 41,
  GPU_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR = 75,
  GPU_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR = 76,
  GPU_ATTRIBUTE_HOST_REGISTER_SUPPORTED = 99,
  GPU_ATTRIBUTE_VIRTUAL_MEMORY_SUPPORTED = 102,
  GPU_ATTRIBUTE_POSIX_FD_SUPPORTED = 103,
  GPU_ATTRIBUTE_READ_ONLY_HOST_REGISTER_SUPPORTED = 113,
  GPU_ATTRIBUTE_DMA_BUF_SUPPORTED = 124,
  GPU_ATTRIBUTE_IPC_EVENT_SUPPORTED = 125,
};

#endif
