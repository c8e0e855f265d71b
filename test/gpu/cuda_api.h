/* The CUDA driver functions the probe calls, found with dlopen at run time. The names carry the suffix of the binary
 * interface they were written for (_v2): the header of a toolkit hides that suffix behind macros. */
#ifndef EDGESTREAM_GPU_CUDA_API_H
#define EDGESTREAM_GPU_CUDA_API_H

#include "cuda_types.h"

/* X(field of struct cuda_api, symbol in the library, parameters) */
#define CUDA_API_SYMBOLS(X)                                                                                           \
  X(init, cuInit, (unsigned int))                                                                                     \
  X(driver_get_version, cuDriverGetVersion, (int *))                                                                  \
  X(get_error_name, cuGetErrorName, (cu_result, const char **))                                                       \
  X(device_get_count, cuDeviceGetCount, (int *))                                                                      \
  X(device_get, cuDeviceGet, (cu_device *, int))                                                                      \
  X(device_get_name, cuDeviceGetName, (char *, int, cu_device))                                                       \
  X(device_get_uuid, cuDeviceGetUuid_v2, (cu_uuid *, cu_device))                                                      \
  X(device_get_attribute, cuDeviceGetAttribute, (int *, cu_attribute, cu_device))                                     \
  X(device_total_memory, cuDeviceTotalMem_v2, (size_t *, cu_device))                                                  \
  X(primary_context_set_flags, cuDevicePrimaryCtxSetFlags_v2, (cu_device, unsigned int))                              \
  X(primary_context_retain, cuDevicePrimaryCtxRetain, (cu_context *, cu_device))                                      \
  X(context_push, cuCtxPushCurrent_v2, (cu_context))                                                                  \
  X(context_synchronize, cuCtxSynchronize, (void))                                                                    \
  X(module_load_data, cuModuleLoadData, (cu_module *, const void *))                                                  \
  X(module_get_function, cuModuleGetFunction, (cu_function *, cu_module, const char *))                               \
  X(launch_kernel, cuLaunchKernel,                                                                                    \
    (cu_function, unsigned int, unsigned int, unsigned int, unsigned int, unsigned int, unsigned int, unsigned int,   \
     cu_stream, void **, void **))                                                                                    \
  X(launch_host_function, cuLaunchHostFunc, (cu_stream, cu_host_function, void *))                                    \
  X(stream_create, cuStreamCreate, (cu_stream *, unsigned int))                                                       \
  X(stream_synchronize, cuStreamSynchronize, (cu_stream))                                                             \
  X(event_create, cuEventCreate, (cu_event *, unsigned int))                                                          \
  X(event_record, cuEventRecord, (cu_event, cu_stream))                                                               \
  X(event_query, cuEventQuery, (cu_event))                                                                            \
  X(event_synchronize, cuEventSynchronize, (cu_event))                                                                \
  X(memory_get_info, cuMemGetInfo_v2, (size_t *, size_t *))                                                           \
  X(memory_allocate, cuMemAlloc_v2, (cu_pointer *, size_t))                                                           \
  X(memory_free, cuMemFree_v2, (cu_pointer))                                                                          \
  X(host_allocate, cuMemHostAlloc, (void **, size_t, unsigned int))                                                   \
  X(host_get_device_pointer, cuMemHostGetDevicePointer_v2, (cu_pointer *, void *, unsigned int))                      \
  X(copy_from_device, cuMemcpyDtoH_v2, (void *, cu_pointer, size_t))                                                  \
  X(copy_to_device, cuMemcpyHtoD_v2, (cu_pointer, const void *, size_t))                                              \
  X(copy_on_device, cuMemcpyDtoD_v2, (cu_pointer, cu_pointer, size_t))                                                \
  X(set_bytes, cuMemsetD8_v2, (cu_pointer, unsigned char, size_t))                                                    \
  X(allocation_granularity, cuMemGetAllocationGranularity,                                                            \
    (size_t *, const cu_allocation_properties *, cu_granularity_option))                                              \
  X(allocation_create, cuMemCreate,                                                                                   \
    (cu_allocation_handle *, size_t, const cu_allocation_properties *, unsigned long long))                           \
  X(allocation_release, cuMemRelease, (cu_allocation_handle))                                                         \
  X(allocation_export, cuMemExportToShareableHandle,                                                                  \
    (void *, cu_allocation_handle, cu_handle_type, unsigned long long))                                               \
  X(allocation_import, cuMemImportFromShareableHandle, (cu_allocation_handle *, void *, cu_handle_type))              \
  X(address_reserve, cuMemAddressReserve, (cu_pointer *, size_t, size_t, cu_pointer, unsigned long long))             \
  X(address_free, cuMemAddressFree, (cu_pointer, size_t))                                                             \
  X(memory_map, cuMemMap, (cu_pointer, size_t, size_t, cu_allocation_handle, unsigned long long))                     \
  X(memory_unmap, cuMemUnmap, (cu_pointer, size_t))                                                                   \
  X(memory_set_access, cuMemSetAccess, (cu_pointer, size_t, const cu_access_description *, size_t))                   \
  X(memory_get_access, cuMemGetAccess, (unsigned long long *, const cu_location *, cu_pointer))

struct cuda_api {
#define CUDA_API_FIELD(field, symbol, parameters) cu_result(*field) parameters;
  CUDA_API_SYMBOLS(CUDA_API_FIELD)
#undef CUDA_API_FIELD
};

#endif
