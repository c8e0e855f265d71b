/** edgestream: how long frames took, step by step. A part of edgestream.h, which includes it. */
#ifndef EDGESTREAM_LATENCY_H
#define EDGESTREAM_LATENCY_H

#include <stdint.h>

/**
 * The way of a frame, in steps between the moments it is stamped at. All stamps are CLOCK_MONOTONIC.
 *   captured  the picture was taken, as the producer says (default: when its slot was acquired)
 *   posted    es_producer_post() took it
 *   woken     the consumer's loop was told that something waits; awake already: the moment it looked, that is acquired
 *   acquired  es_consumer_acquire() returned it
 *   released  its lease ended
 */
typedef enum es_step {
  ES_STEP_POST = 0,    /**< captured -> posted: filling the slot, and waiting for a place */
  ES_STEP_WAKE = 1,    /**< posted -> woken: until the consumer knew */
  ES_STEP_ACQUIRE = 2, /**< woken -> acquired: until the consumer came to it */
  ES_STEP_HOLD = 3,    /**< acquired -> released: what the consumer did with it */
  ES_STEP_DELIVER = 4, /**< posted -> acquired: the hand-over as a whole */
  ES_STEPS = 5
} es_step;

/** Buckets of one step's histogram: 8 to each power of two, from 128 ns to 30 s, so that a value is within 6 %. */
#define ES_LATENCY_BUCKETS 224u

/** Delivered frames by how long each step took, since the connection began. Counters only grow. */
typedef struct es_latency {
  uint64_t bucket[ES_STEPS][ES_LATENCY_BUCKETS]; /**< [0]: below 128 ns; the last: 30 s and longer */
  uint64_t max[ES_STEPS];                        /**< ns, the longest */
} es_latency;

/** The lowest value that falls into a bucket, ns. Bucket ES_LATENCY_BUCKETS: where the last one would end. */
ES_API uint64_t es_latency_bucket_start(uint32_t bucket);
/** The value that a `part` (0..1) of a step's frames stayed within, ns: the middle of its bucket. 0 without frames. */
ES_API uint64_t es_latency_percentile(const es_latency *latency, int step, double part);

#endif
