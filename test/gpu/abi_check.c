/* Compares the hand-written declarations of cuda_types.h and cuda_api.h with a toolkit's cuda.h. Compiling it is the
 * test; it is never linked or run:
 *   cc -fsyntax-only -Wall -Wextra -Werror -I/usr/local/cuda/include test/gpu/abi_check.c */
#include <cuda.h>

#include "cuda_types.h"

#define SAME_SIZE(ours, theirs) \
  _Static_assert(sizeof(ours) == sizeof(theirs) && _Alignof(ours) == _Alignof(theirs), #ours " is not " #theirs)
#define SAME_FIELD(ours, our_field, theirs, their_field)                             \
  _Static_assert(offsetof(ours, our_field) == offsetof(theirs, their_field) &&       \
                     sizeof(((ours *)0)->our_field) == sizeof(((theirs *)0)->their_field), \
                 #ours "." #our_field " is not " #theirs "." #their_field)
#define SAME_NUMBER(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #ours " is not " #theirs)

SAME_SIZE(cu_result, CUresult);
SAME_SIZE(cu_device, CUdevice);
SAME_SIZE(cu_pointer, CUdeviceptr);
SAME_SIZE(cu_allocation_handle, CUmemGenericAllocationHandle);
SAME_SIZE(cu_attribute, CUdevice_attribute);
SAME_SIZE(cu_handle_type, CUmemAllocationHandleType);
SAME_SIZE(cu_granularity_option, CUmemAllocationGranularity_flags);
SAME_SIZE(cu_context, CUcontext);
SAME_SIZE(cu_stream, CUstream);
SAME_SIZE(cu_event, CUevent);
SAME_SIZE(cu_module, CUmodule);
SAME_SIZE(cu_function, CUfunction);
SAME_SIZE(cu_host_function, CUhostFn);
SAME_SIZE(cu_uuid, CUuuid);
SAME_SIZE(cu_location, CUmemLocation);
SAME_SIZE(cu_allocation_properties, CUmemAllocationProp);
SAME_SIZE(cu_access_description, CUmemAccessDesc);

SAME_FIELD(cu_location, type, CUmemLocation, type);
SAME_FIELD(cu_location, id, CUmemLocation, id);
SAME_FIELD(cu_allocation_properties, type, CUmemAllocationProp, type);
SAME_FIELD(cu_allocation_properties, requested_handle_types, CUmemAllocationProp, requestedHandleTypes);
SAME_FIELD(cu_allocation_properties, location, CUmemAllocationProp, location);
SAME_FIELD(cu_allocation_properties, win32_metadata, CUmemAllocationProp, win32HandleMetaData);
SAME_FIELD(cu_allocation_properties, allocation_flags, CUmemAllocationProp, allocFlags);
SAME_FIELD(cu_access_description, location, CUmemAccessDesc, location);
SAME_FIELD(cu_access_description, flags, CUmemAccessDesc, flags);

SAME_NUMBER(GPU_OK, CUDA_SUCCESS);
SAME_NUMBER(GPU_INVALID_VALUE, CUDA_ERROR_INVALID_VALUE);
SAME_NUMBER(GPU_NO_DEVICE, CUDA_ERROR_NO_DEVICE);
SAME_NUMBER(GPU_NOT_READY, CUDA_ERROR_NOT_READY);
SAME_NUMBER(GPU_ILLEGAL_ADDRESS, CUDA_ERROR_ILLEGAL_ADDRESS);
SAME_NUMBER(GPU_NOT_SUPPORTED, CUDA_ERROR_NOT_SUPPORTED);
SAME_NUMBER(GPU_ALLOCATION_PINNED, CU_MEM_ALLOCATION_TYPE_PINNED);
SAME_NUMBER(GPU_HANDLE_POSIX_FD, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR);
SAME_NUMBER(GPU_LOCATION_DEVICE, CU_MEM_LOCATION_TYPE_DEVICE);
SAME_NUMBER(GPU_ACCESS_NONE, CU_MEM_ACCESS_FLAGS_PROT_NONE);
SAME_NUMBER(GPU_ACCESS_READ, CU_MEM_ACCESS_FLAGS_PROT_READ);
SAME_NUMBER(GPU_ACCESS_READ_WRITE, CU_MEM_ACCESS_FLAGS_PROT_READWRITE);
SAME_NUMBER(GPU_GRANULARITY_MINIMUM, CU_MEM_ALLOC_GRANULARITY_MINIMUM);
SAME_NUMBER(GPU_GRANULARITY_RECOMMENDED, CU_MEM_ALLOC_GRANULARITY_RECOMMENDED);
SAME_NUMBER(GPU_CONTEXT_BLOCKING_SYNC, CU_CTX_SCHED_BLOCKING_SYNC);
SAME_NUMBER(GPU_EVENT_BLOCKING_SYNC, CU_EVENT_BLOCKING_SYNC);
SAME_NUMBER(GPU_EVENT_DISABLE_TIMING, CU_EVENT_DISABLE_TIMING);
SAME_NUMBER(GPU_STREAM_NON_BLOCKING, CU_STREAM_NON_BLOCKING);
SAME_NUMBER(GPU_HOST_ALLOC_PORTABLE, CU_MEMHOSTALLOC_PORTABLE);
SAME_NUMBER(GPU_HOST_ALLOC_DEVICE_MAP, CU_MEMHOSTALLOC_DEVICEMAP);
SAME_NUMBER(GPU_ATTRIBUTE_INTEGRATED, CU_DEVICE_ATTRIBUTE_INTEGRATED);
SAME_NUMBER(GPU_ATTRIBUTE_CAN_MAP_HOST_MEMORY, CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY);
SAME_NUMBER(GPU_ATTRIBUTE_COMPUTE_MODE, CU_DEVICE_ATTRIBUTE_COMPUTE_MODE);
SAME_NUMBER(GPU_ATTRIBUTE_UNIFIED_ADDRESSING, CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING);
SAME_NUMBER(GPU_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
SAME_NUMBER(GPU_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
SAME_NUMBER(GPU_ATTRIBUTE_HOST_REGISTER_SUPPORTED, CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED);
SAME_NUMBER(GPU_ATTRIBUTE_VIRTUAL_MEMORY_SUPPORTED, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED);
SAME_NUMBER(GPU_ATTRIBUTE_POSIX_FD_SUPPORTED, CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED);
SAME_NUMBER(GPU_ATTRIBUTE_READ_ONLY_HOST_REGISTER_SUPPORTED, CU_DEVICE_ATTRIBUTE_READ_ONLY_HOST_REGISTER_SUPPORTED);
SAME_NUMBER(GPU_ATTRIBUTE_DMA_BUF_SUPPORTED, CU_DEVICE_ATTRIBUTE_DMA_BUF_SUPPORTED);
SAME_NUMBER(GPU_ATTRIBUTE_IPC_EVENT_SUPPORTED, CU_DEVICE_ATTRIBUTE_IPC_EVENT_SUPPORTED);

/* From here on our names are the toolkit's types, so each table entry must be exactly the function it names: an
 * assignment between different function types does not compile. */
#define cu_result CUresult
#define cu_device CUdevice
#define cu_pointer CUdeviceptr
#define cu_allocation_handle CUmemGenericAllocationHandle
#define cu_attribute CUdevice_attribute
#define cu_handle_type CUmemAllocationHandleType
#define cu_granularity_option CUmemAllocationGranularity_flags
#define cu_context CUcontext
#define cu_stream CUstream
#define cu_event CUevent
#define cu_module CUmodule
#define cu_function CUfunction
#define cu_host_function CUhostFn
#define cu_uuid CUuuid
#define cu_location CUmemLocation
#define cu_allocation_properties CUmemAllocationProp
#define cu_access_description CUmemAccessDesc
#include "cuda_api.h"

extern const struct cuda_api from_the_toolkit;
const struct cuda_api from_the_toolkit = {
#define TOOLKIT_FUNCTION(field, symbol, parameters) .field = symbol,
    CUDA_API_SYMBOLS(TOOLKIT_FUNCTION)
#undef TOOLKIT_FUNCTION
};
