// Formats: sizes and planes. The numbers of 641x359 are the byte counts that ffmpeg 5.1 writes for -f rawvideo.
#include <algorithm>
#include <cstring>
#include <vector>

#include "stage.hpp"

namespace {

struct Plane {
  uint32_t stride, width, height;
};

struct Expected {
  const char* name;
  uint64_t size;
  uint32_t plane_count;
  Plane planes[3];
};

void check_format(const Expected& expected, uint32_t width, uint32_t height) {
  es_format format;
  memset(&format, 0xee, sizeof format);
  CHECK_OK(es_format_init(&format, expected.name, width, height));
  CHECK(strcmp(format.name, expected.name) == 0);
  CHECK_EQUAL(format.width, width);
  CHECK_EQUAL(format.height, height);
  CHECK_EQUAL(format.size, expected.size);
  CHECK_EQUAL(format.plane_count, expected.plane_count);
  uint64_t offset = 0;
  for (uint32_t index = 0; index < ES_PLANES_MAX; index++) {
    const Plane& plane = expected.planes[index];
    CHECK_EQUAL(format.planes[index].offset, index < expected.plane_count ? offset : 0);
    CHECK_EQUAL(format.planes[index].stride, plane.stride);
    CHECK_EQUAL(format.planes[index].width, plane.width);
    CHECK_EQUAL(format.planes[index].height, plane.height);
    offset += static_cast<uint64_t>(plane.stride) * plane.height;
  }
  CHECK_EQUAL(offset, format.size);
  CHECK_EQUAL(format.time_base_num, 0);
}

}  // namespace

TEST("an odd size rounds chroma up, as ffmpeg does") {
  static const Expected all[] = {
      {"NV12", 345679, 2, {{641, 641, 359}, {642, 321, 180}, {}}},
      {"I420", 345679, 3, {{641, 641, 359}, {321, 321, 180}, {321, 321, 180}}},
      {"P010", 691358, 2, {{1282, 641, 359}, {1284, 321, 180}, {}}},
      {"YUY2", 460956, 1, {{1284, 321, 359}, {}, {}}},
      {"RGB", 690357, 1, {{1923, 641, 359}, {}, {}}},
      {"BGR", 690357, 1, {{1923, 641, 359}, {}, {}}},
      {"RGBA", 920476, 1, {{2564, 641, 359}, {}, {}}},
      {"BGRA", 920476, 1, {{2564, 641, 359}, {}, {}}},
      {"GRAY8", 230119, 1, {{641, 641, 359}, {}, {}}},
      {"GRAY16", 460238, 1, {{1282, 641, 359}, {}, {}}},
  };
  for (const Expected& expected : all) check_format(expected, 641, 359);
}

TEST("1080p has its well-known sizes") {
  static const Expected all[] = {
      {"NV12", 3110400, 2, {{1920, 1920, 1080}, {1920, 960, 540}, {}}},
      {"I420", 3110400, 3, {{1920, 1920, 1080}, {960, 960, 540}, {960, 960, 540}}},
      {"P010", 6220800, 2, {{3840, 1920, 1080}, {3840, 960, 540}, {}}},
      {"YUY2", 4147200, 1, {{3840, 960, 1080}, {}, {}}},
      {"RGBA", 8294400, 1, {{7680, 1920, 1080}, {}, {}}},
  };
  for (const Expected& expected : all) check_format(expected, 1920, 1080);
}

TEST("the smallest picture is one pixel") {
  static const Expected all[] = {
      {"NV12", 3, 2, {{1, 1, 1}, {2, 1, 1}, {}}},  {"I420", 3, 3, {{1, 1, 1}, {1, 1, 1}, {1, 1, 1}}},
      {"P010", 6, 2, {{2, 1, 1}, {4, 1, 1}, {}}},  {"YUY2", 4, 1, {{4, 1, 1}, {}, {}}},
      {"BGR", 3, 1, {{3, 1, 1}, {}, {}}},          {"GRAY16", 2, 1, {{2, 1, 1}, {}, {}}},
  };
  for (const Expected& expected : all) check_format(expected, 1, 1);
}

TEST("the largest picture is 16384 pixels each way, and its size does not overflow") {
  check_format({"RGBA", 1073741824, 1, {{65536, 16384, 16384}, {}, {}}}, 16384, 16384);
  check_format({"P010", 805306368, 2, {{32768, 16384, 16384}, {32768, 8192, 8192}, {}}}, 16384, 16384);
  es_format format;
  CHECK_RESULT(es_format_init(&format, "RGBA", 16385, 1), ES_BAD_PARAMETER);
  CHECK_RESULT(es_format_init(&format, "RGBA", 1, 16385), ES_BAD_PARAMETER);
  CHECK_RESULT(es_format_init(&format, "RGBA", 0, 1), ES_BAD_PARAMETER);
  CHECK_RESULT(es_format_init(&format, "RGBA", 1, 0), ES_BAD_PARAMETER);
  CHECK_RESULT(es_format_init(&format, "NV12", UINT32_MAX, UINT32_MAX), ES_BAD_PARAMETER);
}

TEST("bytes is one row of up to 2^31-1 bytes") {
  check_format({"bytes", 2147483647, 1, {{2147483647, 2147483647, 1}, {}, {}}}, 2147483647, 1);
  es_format format;
  CHECK_OK(es_format_init(&format, "bytes", 10, 0));
  CHECK_EQUAL(format.height, 1);
  CHECK_EQUAL(format.size, 10);
  CHECK_RESULT(es_format_init(&format, "bytes", 0x80000000u, 1), ES_BAD_PARAMETER);
  CHECK_RESULT(es_format_init(&format, "bytes", 10, 2), ES_BAD_PARAMETER);
  CHECK_RESULT(es_format_init(&format, "bytes", 0, 1), ES_BAD_PARAMETER);
}

TEST("an unknown format name is refused with the list of known ones") {
  es_format format;
  for (const char* name : {"", "nv12", "NV1", "NV123", "NV21", "RGBA ", "GRAY8GRAY8GRAY8", "BYTES"}) {
    CHECK_RESULT(es_format_init(&format, name, 16, 16), ES_BAD_PARAMETER);
  }
  CHECK_TEXT(es_last_error(), "GRAY16");
  CHECK_RESULT(es_format_init(nullptr, "NV12", 16, 16), ES_BAD_PARAMETER);
  CHECK_RESULT(es_format_init(&format, nullptr, 16, 16), ES_BAD_PARAMETER);
}

TEST("a producer takes only a format that es_format_init() filled in") {
  es_context* context = nullptr;
  es_stream* stream = nullptr;
  es_producer* producer = nullptr;
  CHECK_OK(es_context_create(&context));
  es_stream_options stream_options{};
  stream_options.socket_group = -1;
  CHECK_OK(es_stream_create(context, &stream_options, &stream));
  es_format good;
  CHECK_OK(es_format_init(&good, "I420", 32, 16));
  void (*const damages[])(es_format*) = {
      [](es_format* format) { format->size -= 1; },
      [](es_format* format) { format->size += 1; },
      [](es_format* format) { format->planes[1].offset = 0; },
      [](es_format* format) { format->planes[2].stride = 1 << 30; },
      [](es_format* format) { format->plane_count = 4; },
      [](es_format* format) { format->width = 0; },
      [](es_format* format) { memset(format->name, 'N', sizeof format->name); },
      [](es_format* format) { format->name[7] = 'x'; },
  };
  for (const auto damage : damages) {
    es_producer_options options{};
    options.format = good;
    damage(&options.format);
    CHECK_RESULT(es_stream_connect_producer(stream, &options, &producer), ES_BAD_PARAMETER);
  }
  es_producer_options options{};
  options.format = good;
  options.format.time_base_num = 1;
  options.format.time_base_den = 90000;
  CHECK_OK(es_stream_connect_producer(stream, &options, &producer));
  es_context_destroy(context);
}

TEST("es_copy copies every byte and no other, whatever the size and alignment") {
  std::vector<uint8_t> from(3 << 20), to(from.size());
  for (size_t index = 0; index < from.size(); index++) from[index] = static_cast<uint8_t>(index * 131 + (index >> 9));
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{63}, size_t{345'600}, (size_t{1} << 20) - 1, size_t{1} << 20,
                             (size_t{2} << 20) + 77}) {
    for (const size_t offset : {0, 1, 63}) {
      std::fill(to.begin(), to.end(), uint8_t{0xee});
      es_copy(to.data() + offset, from.data() + 5, bytes);
      CHECK(memcmp(to.data() + offset, from.data() + 5, bytes) == 0);
      CHECK(offset == 0 || to[offset - 1] == 0xee);
      CHECK_EQUAL(to[offset + bytes], 0xee);
    }
  }
}
