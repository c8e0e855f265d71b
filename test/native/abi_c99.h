/* One size or offset of the C interface, by name. */
#ifndef ABI_C99_H
#define ABI_C99_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct abi_number {
  const char *name;
  size_t value;
};

/** Ends with a NULL name. */
extern const struct abi_number abi_numbers[];

#ifdef __cplusplus
}
#endif
#endif
