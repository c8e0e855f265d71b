/**
 * edgestream: one producer hands image frames to many consumers of the same host, without a copy.
 *
 * This is the whole C interface (C99). It has four objects: a context (one thread's event queue), a stream (a name and
 * a place to meet), a producer and a consumer. Every function that can fail returns an `es_result`: 0 is success,
 * positive values are the flow of a stream (nothing waits, it ended), negative values are mistakes or faults.
 * `es_last_error()` then gives a sentence for a person.
 *
 * Waiting. A context has one pollable descriptor, `es_fd()`. When it is readable call `es_dispatch()`, then take events
 * with `es_next_event()` until it returns 0. A program without an event loop passes timeouts: a call that may wait
 * dispatches first. Or it starts `es_start_service_thread()`, which dispatches in the background.
 *
 * Threads. All functions may be called from any thread; a context serialises them with one lock that is not held
 * while a call waits.
 *
 * Times are nanoseconds of CLOCK_MONOTONIC unless a name says otherwise. Sizes are bytes.
 */
#ifndef EDGESTREAM_H
#define EDGESTREAM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ES_API __attribute__((visibility("default")))

#include "edgestream_format.h"
#include "edgestream_latency.h"

/** Raised when a struct or a function of this header changes incompatibly. */
#define ES_ABI_VERSION 1u

#define ES_NAME_MAX 63u         /**< characters of a stream name, from [A-Za-z0-9_-] */
#define ES_SLOTS_MAX 256u       /**< slots of one stream, all memory objects together */
#define ES_CONSUMERS_MAX 128u   /**< connections of one stream */
#define ES_METADATA_MAX 4096u   /**< bytes of metadata per frame */
#define ES_CAPACITY_MAX 128u    /**< waiting frames of one connection */
#define ES_HELD_MAX 64u         /**< frames one consumer may hold at once */
#define ES_ENDED_MAX 64u        /**< ended connections whose last counters a producer remembers */
#define ES_TEXT_MAX 192u        /**< bytes of a reason, with its terminating zero */
#define ES_NO_PTS INT64_MIN     /**< a frame without a presentation time */
#define ES_WAIT_FOREVER (-1)    /**< timeout: no limit */
#define ES_NO_WAIT 0            /**< timeout: do not wait */

typedef enum es_result {
  ES_OK = 0,
  /* flow: what the stream has to say now; nothing is broken */
  ES_WOULD_BLOCK = 1, /**< nothing there, or no place, and the timeout was ES_NO_WAIT */
  ES_TIMEOUT = 2,     /**< nothing came within the timeout */
  ES_CLOSED = 3,      /**< the stream ended or the other end is gone, and nothing is left to read */
  ES_EVICTED = 4,     /**< the producer ended this connection (lag, stall, limits) */
  ES_ABORTED = 5,     /**< the wait was cancelled by this side */
  /* faults; names follow EGL where EGL has one */
  ES_BAD_STATE = -1,      /**< the call is not legal in this state */
  ES_BAD_ACCESS = -2,     /**< the caller may not do that (role, permission) */
  ES_BAD_ATTRIBUTE = -3,  /**< no such attribute */
  ES_BAD_PARAMETER = -4,  /**< a value is out of its range */
  ES_BAD_MATCH = -5,      /**< the two ends cannot work together */
  ES_BAD_ALLOC = -6,      /**< no memory, no descriptor, no slot */
  ES_BAD_STREAM = -7,     /**< the object was closed */
  ES_RESOURCE_BUSY = -8,  /**< in use: name taken, lease out, one call already waits */
  ES_NOT_FOUND = -9,      /**< no such stream (yet) */
  ES_REFUSED = -10,       /**< the producer does not accept this connection */
  ES_BAD_PROTOCOL = -11,  /**< the peer sent something that is not this protocol, or another version */
  ES_SYSTEM = -12         /**< a system call failed; es_last_error() names it */
} es_result;

/** EGLStream's states; `INITIALIZING` stands before `CREATED` for an endpoint that has not met its peer. */
typedef enum es_state {
  ES_STATE_INITIALIZING = 0,
  ES_STATE_CREATED = 1,
  ES_STATE_CONNECTING = 2,
  ES_STATE_EMPTY = 3,
  ES_STATE_NEW_FRAME_AVAILABLE = 4,
  ES_STATE_OLD_FRAME_AVAILABLE = 5,
  ES_STATE_DISCONNECTED = 6
} es_state;

/** Why a connection ended. */
typedef enum es_cause {
  ES_CAUSE_NONE = 0,
  ES_CAUSE_ENDED = 1,              /**< closeInput: the producer has no more frames */
  ES_CAUSE_STOPPED = 2,            /**< the producer cancelled the stream */
  ES_CAUSE_PRODUCER_CLOSED = 3,    /**< the producer closed */
  ES_CAUSE_PRODUCER_LOST = 4,      /**< the producer died without a word */
  ES_CAUSE_CONSUMER_CLOSED = 5,    /**< the consumer closed */
  ES_CAUSE_CONSUMER_LOST = 6,      /**< the consumer died without a word */
  ES_CAUSE_EVICTED_LAG = 7,        /**< more frames skipped than max_lag or max_lag_total allows */
  ES_CAUSE_EVICTED_STALL = 8,      /**< its full queue held up the producer for max_wait_ms */
  ES_CAUSE_EVICTED_VIOLATION = 9,  /**< its shared page was not what the protocol allows */
  ES_CAUSE_EVICTED_REQUEST = 10,   /**< es_producer_evict() */
  ES_CAUSE_REFUSED = 11,           /**< admission said no */
  ES_CAUSE_EVICTED_HOLD = 12,      /**< it held a frame longer than the producer's max_hold_ms */
  ES_CAUSE_EVICTED_IDLE = 13       /**< it took no frame for idle_ms although frames waited */
} es_cause;

typedef enum es_when_full { ES_FULL_WAIT = 0, ES_FULL_OVERWRITE = 1, ES_FULL_DROP = 2 } es_when_full;
typedef enum es_pick { ES_PICK_NEXT = 0, ES_PICK_NEWEST = 1 } es_pick;
typedef enum es_on_stall { ES_STALL_EVICT = 0, ES_STALL_OVERWRITE = 1 } es_on_stall;
typedef enum es_on_hold { ES_HOLD_ANNOUNCE = 0, ES_HOLD_EVICT = 1 } es_on_hold;
typedef enum es_start { ES_START_NEXT = 0, ES_START_NEWEST = 1 } es_start;
typedef enum es_on_disconnect { ES_DISCONNECT_DROP = 0, ES_DISCONNECT_DRAIN = 1 } es_on_disconnect;

/**
 * Who gets which frame, for one connection. The core knows no mode names: a mode is a filled-in policy.
 * mailbox = {1, OVERWRITE, NEWEST}, fifo = {n, WAIT, NEXT, DRAIN}, broadcast = {n, OVERWRITE, NEXT, max_lag}.
 */
typedef struct es_policy {
  uint32_t capacity;      /**< waiting frames, 1..ES_CAPACITY_MAX; the held one is not counted */
  uint8_t when_full;      /**< es_when_full */
  uint8_t pick;           /**< es_pick */
  uint8_t on_stall;       /**< es_on_stall, after max_wait_ms; only with ES_FULL_WAIT */
  uint8_t start;          /**< es_start: the first frame a late consumer gets */
  uint8_t on_disconnect;  /**< es_on_disconnect: what waits when the producer goes without closeInput */
  uint8_t no_reuse;       /**< 1: a frame is seen once; the old frame is not kept for a second acquire */
  uint16_t max_held;      /**< frames held at once, 1..ES_HELD_MAX; with 1 the next acquire ends the earlier lease */
  int32_t max_wait_ms;    /**< how long a full queue may hold up the producer; -1 = for ever */
  uint32_t max_lag;       /**< frames skipped since the last delivery before eviction; 0 = no limit */
  uint32_t max_lag_total; /**< frames skipped in all before eviction; 0 = no limit */
  char label[16];         /**< the mode's name, for people; the core does not read it */
} es_policy;

/* ---------------------------------------------------------------- context */
typedef struct es_context es_context;
typedef struct es_stream es_stream;
typedef struct es_producer es_producer;
typedef struct es_consumer es_consumer;
typedef struct es_observer es_observer;

#include "edgestream_event.h"

ES_API uint32_t es_abi_version(void);
ES_API const char *es_error_string(int result);   /**< "ERR_BAD_STATE", "would-block", … : stable, never freed */
ES_API const char *es_last_error(void);           /**< the calling thread's last failure as a sentence */
ES_API const char *es_state_string(int state);    /**< "new-frame-available", … */
ES_API const char *es_cause_string(int cause);    /**< "producer-lost", … */
ES_API int64_t es_now(void);                      /**< CLOCK_MONOTONIC, ns */

ES_API int es_context_create(es_context **out);
/** Closes every object of the context, wakes every waiter, frees everything. */
ES_API void es_context_destroy(es_context *context);
ES_API int es_fd(es_context *context);
/** Does what is ready, never waits. Returns how many events are queued, or a negative es_result. */
ES_API int es_dispatch(es_context *context);
/** Takes one event. 1 = filled in, 0 = none. */
ES_API int es_next_event(es_context *context, es_event *event);
/** Dispatches on a thread of its own until the context is destroyed. Events are still taken with es_next_event(). */
ES_API int es_start_service_thread(es_context *context);

/* ----------------------------------------------------------------- stream */
/** What the producer lets a peer ask for. Zero in a field means its default. */
typedef struct es_accept {
  uint32_t when_full_mask;  /**< 1 << es_when_full for each allowed; default all */
  uint32_t max_wait_capacity; /**< largest capacity of a waiting queue; default ES_CAPACITY_MAX */
  uint32_t max_held;        /**< default ES_HELD_MAX */
  uint32_t max_consumers;   /**< default 16, at most ES_CONSUMERS_MAX */
  uint32_t max_slots;       /**< default and at most ES_SLOTS_MAX */
  int32_t max_wait_ms;      /**< longest hold-up another process may ask for; default 5000; -1 = no limit */
  uint64_t max_pool_bytes;  /**< bound of the pool's memory; default 4 GiB */
  uint32_t max_hold_ms;     /**< how long a consumer may hold one frame, as the producer sees it; default no limit */
  uint32_t on_held_too_long; /**< es_on_hold, after max_hold_ms */
  uint32_t idle_ms;         /**< evicts a consumer that took nothing for so long while frames waited; default never */
} es_accept;

typedef struct es_stream_options {
  const char *name;         /**< NULL: reachable in this process only */
  const char *runtime_dir;  /**< NULL: see es_runtime_dir() */
  uint32_t socket_mode;     /**< permission bits of the socket; 0 = 0600 */
  int64_t socket_group;     /**< gid that owns the socket; -1 = leave */
  uint8_t strict;           /**< EGL to the letter: one consumer, consumer first, terminal when either end goes */
  uint32_t handshakes_per_second; /**< 0 = 500 */
} es_stream_options;

typedef struct es_producer_options {
  es_format format;
  es_accept accept;
  uint32_t max_writing;     /**< slots the producer may hold for writing at once; 0 = 2 */
  uint8_t wait_without_consumer; /**< post waits while nobody is connected, instead of dropping */
  uint8_t unprotected;      /**< tests only, refused unless built with ES_TEST_HOOKS: reuse slots in spite of leases */
  uint8_t support_reset;    /**< es_producer_reset() may be called */
  uint32_t slots;           /**< the pool has at least so many from the beginning; 0 = what is needed then */
} es_producer_options;

typedef struct es_consumer_options {
  es_policy policy;
  uint32_t format_mask;     /**< formats it takes: 1 << es_format_index(name), or-ed; 0 = any */
  const char *client;       /**< shown to observers; NULL = program name */
  const char *runtime_dir;
} es_consumer_options;

/** The directory that streams of this user are made in; made on demand. ES_SYSTEM when none can be used. */
ES_API int es_runtime_dir(char *path, size_t size);
/** All directories a consumer searches, one per call; ES_NOT_FOUND past the last. */
ES_API int es_runtime_search(uint32_t index, char *path, size_t size);

/** Takes the name (flock) and listens. ES_RESOURCE_BUSY when a living process has it. */
ES_API int es_stream_create(es_context *context, const es_stream_options *options, es_stream **out);
ES_API uint32_t es_stream_id(const es_stream *stream);
ES_API const char *es_stream_socket(const es_stream *stream); /**< "" when the stream has no name */
/** Gives the name up. A producer or consumer made from it lives on until it is closed itself. */
ES_API void es_stream_close(es_stream *stream);

/* --------------------------------------------------------------- producer */
typedef struct es_writable {
  uint64_t lease;
  uint8_t *data;
  uint64_t size;      /**< bytes of a frame in the current layout */
  uint32_t layout;
  uint32_t slot;
} es_writable;

typedef struct es_post_info {
  int64_t pts;              /**< ns, or ES_NO_PTS */
  int64_t duration;         /**< ns, 0 = unknown */
  int64_t captured;         /**< CLOCK_MONOTONIC ns; 0 = when the slot was acquired */
  uint64_t size;            /**< bytes used; 0 = the whole frame */
  const void *metadata;
  uint32_t metadata_size;   /**< 0..ES_METADATA_MAX */
} es_post_info;

typedef struct es_connection_info {
  uint64_t id;
  uint32_t state;           /**< es_state */
  int32_t pid, uid;
  uint32_t latency_us;      /**< es_consumer_set_latency(), as the consumer says */
  es_policy policy;
  uint64_t posted, delivered, skipped, discarded, waiting, held;
  int64_t since;            /**< when it began to get frames; 0 before that */
  char client[64];
  uint64_t previous;        /**< the ended connection that this one follows: same client and user; 0: none known */
} es_connection_info;

typedef struct es_producer_info {
  uint64_t epoch;
  uint64_t frames;          /**< number of the last posted frame */
  uint64_t no_consumer;     /**< frames dropped because nobody was connected */
  uint64_t pool_bytes;      /**< all memory objects; old layouts' too while frames in them wait or are held */
  uint32_t layout, slots, slots_free, memory_objects, connections, state;
  es_format format;
} es_producer_info;

ES_API int es_stream_connect_producer(es_stream *stream, const es_producer_options *options, es_producer **out);
/** Connects as the producer of a stream that another process listens for. */
ES_API int es_open_producer(es_context *context, const char *name, const char *runtime_dir,
                            const es_producer_options *options, es_producer **out);
ES_API uint32_t es_producer_id(const es_producer *producer);
/** A free slot to fill. Waits for one at most `timeout_us`. */
ES_API int es_producer_acquire(es_producer *producer, int64_t timeout_us, es_writable *out);
/**
 * Hands the slot to every connection, all or nothing: it waits until the last waiting queue has a place.
 * On anything but ES_OK the lease is still the caller's. `number` may be NULL.
 */
ES_API int es_producer_post(es_producer *producer, uint64_t lease, const es_post_info *info, int64_t timeout_us,
                            uint64_t *number);
/** Copies a picture into a slot; from 1 MiB on past the cache, which a ring of large frames does not fit (x86-64). */
ES_API void es_copy(void *to, const void *from, size_t bytes);
/** Gives an unposted slot back. */
ES_API int es_producer_discard(es_producer *producer, uint64_t lease);
/**
 * Frames acquired from here on have this format (from es_format_init): another size, another pixel format or another
 * time base. Connections, counters and frame numbers go on; frames that wait or are held stay as they are, and their
 * memory goes with the last of them. A consumer whose `format_mask` lacks the format is ended with
 * ES_CAUSE_EVICTED_REQUEST. The format it has already is a success that does nothing. Never waits.
 * On an error nothing has changed. ES_RESOURCE_BUSY: a slot is out for writing; ES_BAD_ALLOC: no memory, more than
 * `accept.max_pool_bytes` or ES_SLOTS_MAX together with what is still held; ES_BAD_PARAMETER; ES_BAD_STATE after
 * es_producer_close_input(); ES_CLOSED after es_producer_stop(). es_frame.layout tells a frame's layout,
 * es_consumer_format() what it is.
 */
ES_API int es_producer_reconfigure(es_producer *producer, const es_format *format);
/** No more frames: consumers drain what waits, then see ES_CAUSE_ENDED. */
ES_API int es_producer_close_input(es_producer *producer);
/** ES_OK once no connection has a waiting frame; ES_WOULD_BLOCK arms ES_EVENT_WRITABLE for the next try. */
ES_API int es_producer_drain(es_producer *producer, int64_t timeout_us);
/** Cancels: consumers see ES_CAUSE_STOPPED now. */
ES_API int es_producer_stop(es_producer *producer);
ES_API int es_producer_evict(es_producer *producer, uint64_t connection, const char *reason);
ES_API int es_producer_get_info(es_producer *producer, es_producer_info *out);
/** Fills at most `count` entries; returns how many connections there are. */
ES_API int es_producer_connections(es_producer *producer, es_connection_info *out, uint32_t count);
/** Last counters of a connection that ended; the newest ES_ENDED_MAX are kept. ES_BAD_PARAMETER: not among them. */
ES_API int es_producer_ended(es_producer *producer, uint64_t connection, es_connection_info *out);
/** How long a living connection's frames took. ES_BAD_PARAMETER: no such connection. */
ES_API int es_producer_latency(es_producer *producer, uint64_t connection, es_latency *out);
ES_API void es_producer_close(es_producer *producer);

/* --------------------------------------------------------------- consumer */
#define ES_ACQUIRE_NEW_ONLY 1u   /**< do not give the old frame again */
#define ES_ACQUIRE_KEEP_PLACE 2u /**< take: the place in the queue stays occupied until es_consumer_consume() */
#define ES_ACQUIRE_NO_WAKE 4u    /**< with ES_NO_WAIT: when nothing is there, do not ask for a wake-up */
#define ES_ACQUIRE_SPIN 8u       /**< with ES_NO_WAIT: look for some microseconds before saying so */
#define ES_ACQUIRE_PAST_END 16u  /**< the old frame again also when the producer is gone; give it with every acquire */

typedef struct es_frame {
  uint64_t lease;
  uint64_t number;        /**< from 1; discarded frames are counted */
  uint64_t skipped;       /**< frames passed over since the one before */
  uint64_t epoch;
  int64_t pts, duration;  /**< ns */
  int64_t captured, posted, acquired;
  const uint8_t *data;
  uint64_t size;          /**< bytes used */
  const uint8_t *metadata;
  uint32_t metadata_size;
  uint32_t layout;
  uint32_t slot;
  uint32_t is_new;        /**< 0: the old frame again */
} es_frame;

typedef struct es_consumer_info {
  uint64_t connection, epoch;
  uint32_t state, cause;
  uint64_t posted, delivered, skipped, discarded, waiting, held;
  es_policy policy;       /**< as granted */
  char reason[ES_TEXT_MAX];
  uint32_t layout;        /**< the newest announced; 0 before the producer is met */
  uint32_t reserved;
  uint64_t reset_number;  /**< frames up to this one were discarded by a reset; 0: there was none */
} es_consumer_info;

ES_API int es_stream_connect_consumer(es_stream *stream, const es_consumer_options *options, es_consumer **out);
/** Connects to a stream of another process (or of another thread). ES_NOT_FOUND when nobody listens. */
ES_API int es_open_consumer(es_context *context, const char *name, const es_consumer_options *options,
                            es_consumer **out);
ES_API uint32_t es_consumer_id(const es_consumer *consumer);
ES_API int es_consumer_acquire(es_consumer *consumer, uint32_t flags, int64_t timeout_us, es_frame *out);
/**
 * For event loops that watch many descriptors: one that becomes readable when a frame came to this consumer while it
 * slept. The way through es_fd() costs a system call more for each wake-up. From the first call on es_fd() tells of
 * this consumer everything but its frames, and calls that wait on it return after their timeout only. When readable
 * call es_consumer_woken(). It stays the consumer's: do not read or close it. -1 before the producer is met.
 */
ES_API int es_consumer_wake_fd(es_consumer *consumer);
/** Takes the wake-up off the descriptor. ES_CLOSED: none will come any more; stop watching. */
ES_API int es_consumer_woken(es_consumer *consumer);
/**
 * Instead of watching it: sleeps until a wake-up came, es_fd() is readable or the time is over. It takes the wake-up
 * and dispatches nothing; like es_consumer_wake_fd() it takes the frames away from es_fd(). For the one thread that
 * uses the consumer. ES_OK: try to acquire; ES_TIMEOUT; ES_WOULD_BLOCK: it did not sleep, for a frame waits already
 * (one that cannot be taken while too many are held) or none will come.
 */
ES_API int es_consumer_sleep(es_consumer *consumer, int64_t timeout_us);
/** Ends a lease. Once more, or after the lease ended itself, is a silent success. */
ES_API int es_consumer_release(es_consumer *consumer, uint64_t lease);
/** Frees `count` places that ES_ACQUIRE_KEEP_PLACE kept. ES_BAD_PARAMETER: so many are not kept. */
ES_API int es_consumer_consume(es_consumer *consumer, uint32_t count);
ES_API int es_consumer_state(es_consumer *consumer);
ES_API int es_consumer_get_info(es_consumer *consumer, es_consumer_info *out);
/** How long the frames of this connection took. ES_BAD_STATE before the producer is met. */
ES_API int es_consumer_latency(es_consumer *consumer, es_latency *out);
/**
 * The format of a layout; layout 0 = the newest known. ES_BAD_STATE before the producer is met; ES_BAD_PARAMETER: it is
 * not known, or no frame has had it for longer than one es_producer_reconfigure().
 */
ES_API int es_consumer_format(es_consumer *consumer, uint32_t layout, es_format *out);
ES_API void es_consumer_close(es_consumer *consumer);

#include "edgestream_verbs.h"
#include "edgestream_info.h"

/* --------------------------------------------------------------- observer */
/** Attaches without a seat: statistics only. */
ES_API int es_open_observer(es_context *context, const char *name, const char *runtime_dir, es_observer **out);
ES_API uint32_t es_observer_id(const es_observer *observer);
/** Asks for a report; ES_EVENT_REPORT tells when it is there. */
ES_API int es_observer_query(es_observer *observer);
/** Asks for one connection's latency; ES_EVENT_REPORT tells when it is there. Unknown connections give none. */
ES_API int es_observer_query_latency(es_observer *observer, uint64_t connection);
/** The last one that came. ES_BAD_STATE before the first. `connection` may be NULL. */
ES_API int es_observer_latency(es_observer *observer, uint64_t *connection, es_latency *out);
/** The last report: fills at most `count` entries, returns how many there are. ES_BAD_STATE before the first report,
 * ES_BAD_STREAM when the stream is gone. */
ES_API int es_observer_report(es_observer *observer, es_producer_info *info, es_connection_info *out, uint32_t count);
ES_API void es_observer_close(es_observer *observer);

#ifdef __cplusplus
}
#endif
#endif
