/**
 * More verbs of a producer and a consumer. Part of edgestream.h, which includes this file; do not include it alone.
 */
#ifndef EDGESTREAM_VERBS_H
#define EDGESTREAM_VERBS_H

/** Why a posted frame did not reach a consumer. */
typedef enum es_drop {
  ES_DROP_QUEUE_FULL = 1,  /**< `connection` has ES_FULL_DROP, and its queue had no place */
  ES_DROP_NO_CONSUMER = 2, /**< nobody was connected */
  ES_DROP_PAUSED = 3       /**< es_producer_pause() */
} es_drop;

/**
 * 1: each dropped frame is an ES_EVENT_DROPPED with its number in `value` and the es_drop in `code`; `connection` is 0
 * when none got the frame. 0, as in the beginning: nothing is told. When events are not taken, drops are the first that
 * are no longer told; counters have them all.
 */
ES_API int es_producer_watch_drops(es_producer *producer, int watch);

/**
 * Empties the stream without ending it: waiting frames count as discarded, no old frame can be acquired again, every
 * connection is ES_STATE_EMPTY. Held frames stay readable until they are released. Counters and numbers go on; a post
 * that waits for a place finds it. ES_BAD_ACCESS without `support_reset`; ES_BAD_STATE when the input is closed.
 */
ES_API int es_producer_reset(es_producer *producer);

/**
 * 1: from here on a post drops its frame at once (ES_DROP_PAUSED), whatever waits; the frame gets a number, its slot is
 * free. Consumers stay connected and read what waits. 0: posts reach them again.
 */
ES_API int es_producer_pause(es_producer *producer, int pause);
/** 1 while paused, else 0. `dropped`, which may be NULL: frames dropped while it was, ever. */
ES_API int es_producer_paused(es_producer *producer, uint64_t *dropped);

typedef struct es_pending {
  uint64_t number;
  int64_t pts;      /**< ns, or ES_NO_PTS */
  uint32_t is_new;  /**< 0: the old frame */
  uint32_t reserved;
} es_pending;

/**
 * What es_consumer_acquire() with ES_NO_WAIT would give, without taking it. ES_WOULD_BLOCK: nothing. In an overwriting
 * queue the producer may replace the frame before it is acquired.
 */
ES_API int es_consumer_peek(es_consumer *consumer, es_pending *out);
/** ES_OK: a new frame waits. ES_WOULD_BLOCK: none does, and ES_EVENT_READABLE follows when one comes. */
ES_API int es_consumer_arm(es_consumer *consumer);

#define ES_METADATA_BLOCKS 4u /**< sticky blocks of a producer */

/**
 * Writes `size` bytes at `offset` of a block, which grows to hold them, zeros in between. Blocks stay as they are from
 * frame to frame; each post takes a snapshot. All of them and the frame's own metadata together have at most
 * ES_METADATA_MAX bytes: ES_BAD_PARAMETER, here or from the post that has too much. Size 0 has no effect.
 * ES_BAD_STATE: the input is closed, or the stream is strict and has no consumer connected.
 */
ES_API int es_producer_set_metadata(es_producer *producer, uint32_t block, uint32_t offset, const void *bytes,
                                    uint32_t size);
/**
 * A block as it was when the frame was posted; size 0 when it was never written. The bytes are valid as long as the
 * lease. ES_BAD_PARAMETER: no such block; ES_BAD_ACCESS: the lease is over.
 */
ES_API int es_consumer_metadata_block(es_consumer *consumer, uint64_t lease, uint32_t block, const uint8_t **data,
                                      uint32_t *size);

#define ES_USER_INFO_MAX 1024u /**< bytes an endpoint may tell the other side about itself */

/**
 * What an endpoint tells the other side about itself: bytes of the application's choice. The other side has them before
 * the first frame. ES_BAD_PARAMETER: more than ES_USER_INFO_MAX; ES_BAD_STATE: too late, the hand-shake is over (of a
 * producer: with any consumer).
 */
ES_API int es_producer_set_user_info(es_producer *producer, const void *bytes, uint32_t size);
ES_API int es_consumer_set_user_info(es_consumer *consumer, const void *bytes, uint32_t size);
/** Copies what a connection's consumer told; returns its size, 0 = nothing. ES_BAD_PARAMETER: no such connection. */
ES_API int es_producer_user_info(es_producer *producer, uint64_t connection, uint8_t out[ES_USER_INFO_MAX]);
/** Copies what the producer told; returns its size, 0 = nothing, or not yet. */
ES_API int es_consumer_user_info(es_consumer *consumer, uint8_t out[ES_USER_INFO_MAX]);

#endif
