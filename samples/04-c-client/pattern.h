/* The picture that both sides know: every sample follows from its plane, its place and the frame's number. */
#ifndef PATTERN_H
#define PATTERN_H

#include <edgestream.h>

#define PATTERN_FORMAT "NV12"
#define PATTERN_WIDTH 641u /* odd on purpose: chroma rounds up */
#define PATTERN_HEIGHT 359u

static uint8_t pattern_at(uint32_t plane, uint32_t byte, uint32_t row, uint64_t number) {
  return (uint8_t)(byte + 3 * row + 5 * number + 101 * plane);
}

/* Bytes of a row that belong to the picture: a UV pair counts as one sample of two bytes. */
static uint32_t row_bytes(const es_format *format, uint32_t plane) {
  return format->planes[plane].width * (plane == 0 ? 1u : 2u);
}

#endif
