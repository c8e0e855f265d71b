/** edgestream: what the frames of a layout look like. A part of edgestream.h, which includes it. */
#ifndef EDGESTREAM_FORMAT_H
#define EDGESTREAM_FORMAT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ES_PLANES_MAX 3u /**< planes of one format */

typedef struct es_plane {
  uint32_t offset;  /**< from the start of the frame's data */
  uint32_t stride;  /**< bytes from one row to the next */
  uint32_t width;   /**< samples per row (a UV pair is one sample) */
  uint32_t height;  /**< rows */
} es_plane;

/** A frame's format. Planes are packed one behind the other without padding, as ffmpeg's rawvideo has them. */
typedef struct es_format {
  char name[8];                     /**< NV12 I420 P010 YUY2 RGB BGR RGBA BGRA GRAY8 GRAY16 bytes */
  uint32_t width, height;           /**< pixels; `bytes`: width = largest size, height = 1 */
  uint32_t plane_count;
  es_plane planes[ES_PLANES_MAX];
  uint64_t size;                    /**< bytes of a whole frame */
  uint32_t time_base_num, time_base_den; /**< seconds per tick of the source's clock; 0/0 = unknown */
} es_format;

/** Fills `planes`, `plane_count` and `size` from name, width and height. ES_BAD_PARAMETER for anything unknown. */
ES_API int es_format_init(es_format *format, const char *name, uint32_t width, uint32_t height);
/** The format's number, its bit in a `format_mask`; -1 for an unknown name. */
ES_API int es_format_index(const char *name);

#ifdef __cplusplus
}
#endif
#endif
