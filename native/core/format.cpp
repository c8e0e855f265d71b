#include "format.hpp"

#include <cstring>

#include "status.hpp"

namespace es {

namespace {

// One plane: how many samples per pixel in each direction (as a shift), and bytes per sample.
struct PlaneRule {
  uint8_t shift_x, shift_y, sample_bytes;
};

struct FormatRule {
  const char* name;
  uint32_t plane_count;
  PlaneRule planes[ES_PLANES_MAX];
};

// Odd sizes round up, as ffmpeg does. YUY2 stores two pixels in one sample of four bytes.
constexpr FormatRule kFormats[] = {
    {"NV12", 2, {{0, 0, 1}, {1, 1, 2}}},
    {"I420", 3, {{0, 0, 1}, {1, 1, 1}, {1, 1, 1}}},
    {"P010", 2, {{0, 0, 2}, {1, 1, 4}}},
    {"YUY2", 1, {{1, 0, 4}}},
    {"RGB", 1, {{0, 0, 3}}},
    {"BGR", 1, {{0, 0, 3}}},
    {"RGBA", 1, {{0, 0, 4}}},
    {"BGRA", 1, {{0, 0, 4}}},
    {"GRAY8", 1, {{0, 0, 1}}},
    {"GRAY16", 1, {{0, 0, 2}}},
    {"bytes", 1, {{0, 0, 1}}},
};
constexpr int kFormatCount = sizeof kFormats / sizeof kFormats[0];
constexpr int kBytesFormat = kFormatCount - 1;

constexpr uint32_t kPixelsMax = 16384;         // per direction
constexpr uint32_t kBytesMax = 0x7fffffffu;    // of one `bytes` frame

uint32_t scaled(uint32_t pixels, uint8_t shift) { return (pixels + (1u << shift) - 1) >> shift; }

}  // namespace

int format_index(const char* name) {
  for (int index = 0; index < kFormatCount; index++) {
    if (strncmp(kFormats[index].name, name, sizeof(es_format::name)) == 0) return index;
  }
  return -1;
}

bool format_is_sound(const es_format& format) {
  char name[sizeof format.name + 1] = {};
  memcpy(name, format.name, sizeof format.name);
  es_format expected;
  if (es_format_init(&expected, name, format.width, format.height) != ES_OK) return false;
  expected.time_base_num = format.time_base_num;
  expected.time_base_den = format.time_base_den;
  return memcmp(&expected, &format, sizeof expected) == 0;
}

}  // namespace es

extern "C" int es_format_index(const char* name) { return name == nullptr ? -1 : es::format_index(name); }

extern "C" int es_format_init(es_format* format, const char* name, uint32_t width, uint32_t height) {
  using namespace es;
  if (format == nullptr || name == nullptr) return fail(ES_BAD_PARAMETER, "es_format_init needs a format and a name");
  const int index = format_index(name);
  if (index < 0) {
    return fail(ES_BAD_PARAMETER,
                "unknown format \"%.16s\"; known are NV12 I420 P010 YUY2 RGB BGR RGBA BGRA GRAY8 GRAY16 bytes", name);
  }
  if (index == kBytesFormat && height == 0) height = 1;
  const uint32_t width_max = index == kBytesFormat ? kBytesMax : kPixelsMax;
  const uint32_t height_max = index == kBytesFormat ? 1 : kPixelsMax;
  if (width < 1 || width > width_max || height < 1 || height > height_max) {
    return fail(ES_BAD_PARAMETER, "%s of %ux%u: the size must be 1x1 to %ux%u", name, width, height, width_max,
                height_max);
  }
  memset(format, 0, sizeof *format);
  copy_text(format->name, sizeof format->name, name);
  format->width = width;
  format->height = height;
  const FormatRule& rule = kFormats[index];
  format->plane_count = rule.plane_count;
  uint64_t offset = 0;
  for (uint32_t plane = 0; plane < rule.plane_count; plane++) {
    const PlaneRule& shape = rule.planes[plane];
    es_plane& out = format->planes[plane];
    out.offset = static_cast<uint32_t>(offset);
    out.width = scaled(width, shape.shift_x);
    out.height = scaled(height, shape.shift_y);
    out.stride = out.width * shape.sample_bytes;
    offset += static_cast<uint64_t>(out.stride) * out.height;
  }
  format->size = offset;
  return ES_OK;
}
