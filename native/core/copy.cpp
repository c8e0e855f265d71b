// Copying a picture into a slot. A ring of large frames does not fit the cache, so a plain copy reads each line of the
// slot before it writes it and drives out what other programs use. Stores that go past the cache need neither.
#include <cstring>

#include "edgestream.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace {

// Below it the consumer finds the picture in the cache, which is worth more. Measured: docs/performance.md.
constexpr size_t kStreamFrom = size_t{1} << 20;

#if defined(__SSE2__)
void copy_past_cache(uint8_t* to, const uint8_t* from, size_t bytes) {
  const size_t head = (64 - reinterpret_cast<uintptr_t>(to) % 64) % 64;
  memcpy(to, from, head);
  to += head;
  from += head;
  bytes -= head;
  for (; bytes >= 64; bytes -= 64, to += 64, from += 64) {
    const auto* source = reinterpret_cast<const __m128i*>(from);
    auto* target = reinterpret_cast<__m128i*>(to);
    const __m128i first = _mm_loadu_si128(source), second = _mm_loadu_si128(source + 1);
    const __m128i third = _mm_loadu_si128(source + 2), fourth = _mm_loadu_si128(source + 3);
    _mm_stream_si128(target, first);
    _mm_stream_si128(target + 1, second);
    _mm_stream_si128(target + 2, third);
    _mm_stream_si128(target + 3, fourth);
  }
  memcpy(to, from, bytes);
  _mm_sfence();  // such stores may pass later ones; what is posted next must not
}
#endif

}  // namespace

extern "C" void es_copy(void* to, const void* from, size_t bytes) {
#if defined(__SSE2__)
  if (bytes >= kStreamFrom) {
    return copy_past_cache(static_cast<uint8_t*>(to), static_cast<const uint8_t*>(from), bytes);
  }
#endif
  memcpy(to, from, bytes);
}
