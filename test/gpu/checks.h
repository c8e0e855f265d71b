/* The checks, and the few steps that several of them begin with. */
#ifndef EDGESTREAM_GPU_CHECKS_H
#define EDGESTREAM_GPU_CHECKS_H

#include "cuda_types.h"
#include "probe.h"

#define MIB 1048576.0
#define SKIP_REASONS_MAX 12

struct skip_reasons {
  char lines[SKIP_REASONS_MAX][512];
  int count;
};

/* Allocation granularity of the device, 0 when the driver gives none. */
extern int64_t granularity;
/* bytes, rounded up to what the device can share. */
int64_t shared_size(int64_t bytes);

/* An exporter and the descriptor of its memory. */
struct shared_memory {
  struct worker exporter;
  int fd;
  int64_t size;
  uint32_t seed;
};

/* The failures of these steps are already reported in the finding when they return false. */
bool open_worker(struct finding *finding, struct worker *worker, const struct isolation *isolation, int64_t level,
                 int64_t context_flags);
bool share_memory(struct finding *finding, struct shared_memory *shared, const struct isolation *isolation,
                  int64_t bytes, uint32_t seed);
/* Imports read-only, or read-write where that is refused; *access says which. */
bool import_memory(struct finding *finding, struct worker *worker, const struct shared_memory *shared, int *access);
bool call_step(struct finding *finding, struct worker *worker, struct order order, struct answer *answer);
/* Reads all of it; true when the pattern is whole. */
bool verify(struct finding *finding, struct worker *worker, enum read_method method, uint32_t seed, double *differing);
void unshare_memory(struct shared_memory *shared);

/* False, with the reasons, when this machine has nothing to probe. */
bool survey(struct skip_reasons *reasons);
void check_read_only(void);
void check_isolation(void);
void check_lifetime(void);
void check_close_on_exec(void);
void check_latency(void);
void check_context_memory(void);

#endif
