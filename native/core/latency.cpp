#include "latency.hpp"

#include <cmath>

namespace es {

void copy_latency(const LatencyCounters& counters, es_latency* out) {
  for (int step = 0; step < ES_STEPS; step++) {
    for (uint32_t bucket = 0; bucket < ES_LATENCY_BUCKETS; bucket++) {
      out->bucket[step][bucket] = counters.bucket[step][bucket].load(std::memory_order_relaxed);
    }
    out->max[step] = counters.max[step].load(std::memory_order_relaxed);
  }
}

}  // namespace es

using namespace es;

extern "C" uint64_t es_latency_bucket_start(uint32_t bucket) {
  if (bucket == 0) return 0;
  const uint32_t step = std::min(bucket, ES_LATENCY_BUCKETS) - 1;
  const uint64_t whole = UINT64_C(1) << (kLatencyFirstBits + (step >> kLatencyPartBits));
  return whole + (whole >> kLatencyPartBits) * (step & ((1u << kLatencyPartBits) - 1));
}

extern "C" uint64_t es_latency_percentile(const es_latency* latency, int step, double part) {
  if (latency == nullptr || step < 0 || step >= ES_STEPS) return 0;
  uint64_t frames = 0;
  for (const uint64_t count : latency->bucket[step]) frames += count;
  if (frames == 0) return 0;
  const auto rank = static_cast<uint64_t>(std::ceil(std::clamp(part, 0.0, 1.0) * static_cast<double>(frames)));
  uint64_t seen = 0;
  for (uint32_t bucket = 0; bucket < ES_LATENCY_BUCKETS; bucket++) {
    seen += latency->bucket[step][bucket];
    if (seen < std::max<uint64_t>(rank, 1)) continue;
    const uint64_t middle = (es_latency_bucket_start(bucket) + es_latency_bucket_start(bucket + 1)) / 2;
    return std::min(middle, latency->max[step]);
  }
  return latency->max[step];
}
