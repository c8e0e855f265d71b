/* What a worker holds while it follows orders, and the groups of orders it can follow. */
#ifndef EDGESTREAM_GPU_PROBE_WORKER_H
#define EDGESTREAM_GPU_PROBE_WORKER_H

#include "cuda_api.h"
#include "probe.h"

enum kernel { KERNEL_FILL = 0, KERNEL_COPY, KERNEL_SIGNAL, KERNEL_WRITE, KERNELS };

struct range {
  cu_pointer address;
  size_t size; /* 0: none */
};

struct worker_state {
  int socket;
  cu_device device;
  cu_function kernels[KERNELS];
  struct range own;      /* memory this worker created and exported */
  struct range imported; /* memory of another process */
  struct range scratch;  /* private memory, as large as what it reads */
  unsigned char *host;   /* as large as scratch */
};

/* The memory that orders without a choice speak of. */
struct range worker_target(const struct worker_state *state);
int launch(const struct worker_state *state, enum kernel kernel, unsigned int blocks, cu_stream stream,
           void **arguments);
int fill(const struct worker_state *state, struct answer *answer, struct range range, uint32_t seed);
int make_scratch(struct worker_state *state, struct answer *answer, size_t size);

/* probe_access.c: reading and writing shared memory. Each fills the answer. */
void order_verify(struct worker_state *state, const struct order *order, struct answer *answer);
void order_verify_long(struct worker_state *state, const struct order *order, struct answer *answer);
void order_write(struct worker_state *state, const struct order *order, struct answer *answer);
void order_watch(struct worker_state *state, const struct order *order, struct answer *answer);
/* These two answer by themselves and come back only when nobody killed them. */
void order_write_on(struct worker_state *state, struct answer *answer);
void order_copy_on(struct worker_state *state, struct answer *answer);

/* probe_latency.c */
void order_latency(struct worker_state *state, const struct order *order, struct answer *answer);

#endif
