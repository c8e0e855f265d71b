/**
 * What a producer tells about its stream while it runs, what is measured of it, and marks in the flow of frames.
 * Part of edgestream.h, which includes this file; do not include it alone.
 */
#ifndef EDGESTREAM_INFO_H
#define EDGESTREAM_INFO_H

#define ES_STREAM_INFO_MAX 2048u /**< bytes of what a producer tells about its stream */

/** Frames posted lately. */
typedef struct es_throughput {
  uint64_t frames;  /**< posted within `elapsed`, the first one not counted */
  uint64_t bytes;   /**< of these frames */
  int64_t elapsed;  /**< ns, about two seconds at most; 0: none was ever posted */
} es_throughput;

/** A frame in the flow. */
typedef struct es_mark {
  uint64_t number;  /**< 0: there was none yet */
  int64_t pts;      /**< ns, of the newest frame up to this one that had a time; ES_NO_PTS: none had */
} es_mark;

/**
 * What the producer tells about its stream: bytes of the application's choice, replaced as often as it likes. Every
 * consumer has them before its first frame, and ES_EVENT_STREAM_INFO when they change; observers with each report.
 * ES_BAD_PARAMETER: more than ES_STREAM_INFO_MAX; ES_BAD_STATE: the input is closed.
 */
ES_API int es_producer_set_stream_info(es_producer *producer, const void *bytes, uint32_t size);
/** Copies them, and what is measured; returns the size, 0 = nothing was told. `throughput` may be NULL. */
ES_API int es_producer_stream_info(es_producer *producer, uint8_t out[ES_STREAM_INFO_MAX], es_throughput *throughput);
/** As the producer told last; returns the size, 0 = nothing, or not yet. */
ES_API int es_consumer_stream_info(es_consumer *consumer, uint8_t out[ES_STREAM_INFO_MAX]);
/** As it came before the last report; returns the size. */
ES_API int es_observer_stream_info(es_observer *observer, uint8_t out[ES_STREAM_INFO_MAX], es_throughput *throughput);

/**
 * How long a frame takes from its acquire to where it is seen, us. The producer finds it in es_connection_info, and
 * posts a frame that much earlier. 0 in the beginning; may be set before the producer is met.
 */
ES_API int es_consumer_set_latency(es_consumer *consumer, uint32_t latency_us);

/** The newest posted frame. */
ES_API int es_producer_newest(es_producer *producer, es_mark *out);
/** The newest frame that reached this consumer, and the one it acquired last. */
ES_API int es_consumer_marks(es_consumer *consumer, es_mark *newest, es_mark *acquired);

#endif
