/** edgestream: what es_next_event() tells. A part of edgestream.h, which includes it. */
#ifndef EDGESTREAM_EVENT_H
#define EDGESTREAM_EVENT_H

#include <stdint.h>

typedef enum es_event_kind {
  ES_EVENT_READABLE = 1,     /**< consumer: frames, an end, or a state may be there: try again */
  ES_EVENT_WRITABLE = 2,     /**< producer: a place or a slot may be free: try again */
  ES_EVENT_STATE = 3,        /**< consumer: old_state -> new_state, cause in `code` */
  ES_EVENT_CONNECTED = 4,    /**< producer: a consumer was admitted; `connection`, `value` = the one it follows or 0 */
  ES_EVENT_DISCONNECTED = 5, /**< producer: a connection ended; `connection`, cause in `code`, `value` = discarded */
  ES_EVENT_STALLED = 6,      /**< producer: `connection` held up the producer for `value` ms */
  ES_EVENT_LAGGED = 7,       /**< producer: `connection` skipped `value` frames, more than max_lag or max_lag_total */
  ES_EVENT_REFUSED = 8,      /**< producer or stream: a peer was turned away; `code` = es_result, `text` says why */
  ES_EVENT_FORMAT = 9,       /**< consumer: a new layout is announced; `value` = layout id */
  ES_EVENT_REPORT = 10,      /**< observer: a report is there; `connection` = 0: counters, else that one's latency */
  ES_EVENT_PRODUCER = 11,    /**< stream: a producer connected (code 1) or is gone (code 0) */
  ES_EVENT_RECOVERED = 12,   /**< producer: a stalled `connection` takes frames again, after `value` ms */
  ES_EVENT_HELD_TOO_LONG = 13, /**< producer: `connection` holds a frame for `value` ms, and `code` frames in all */
  ES_EVENT_DROPPED = 14,       /**< producer: see es_producer_watch_drops() */
  ES_EVENT_STREAM_INFO = 15    /**< consumer: the producer told something new, es_consumer_stream_info() */
} es_event_kind;

typedef struct es_event {
  uint32_t kind;        /**< es_event_kind */
  uint32_t object;      /**< es_*_id() of the object it is for */
  uint64_t connection;  /**< connection id, 0 if none */
  uint64_t value;
  int32_t code;
  uint8_t old_state, new_state; /**< es_state */
  uint16_t reserved;
  char text[ES_TEXT_MAX];
  int64_t at;           /**< ES_EVENT_DROPPED: CLOCK_MONOTONIC ns; else 0 */
} es_event;

#endif
