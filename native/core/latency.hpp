// The latency ledger: how long each step of a frame's way took, in histograms that a reader needs no lock for.
#pragma once

#include <algorithm>
#include <bit>

#include "protocol.hpp"

namespace es {

inline constexpr int kLatencyFirstBits = 7;   // bucket 1 starts at 1 << 7 ns; shorter ones share bucket 0
inline constexpr int kLatencyPartBits = 3;    // 8 buckets to a power of two

inline uint32_t latency_bucket(uint64_t ns) {
  const int bits = static_cast<int>(std::bit_width(ns)) - 1;
  if (bits < kLatencyFirstBits) return 0;
  const auto part = static_cast<uint32_t>(ns >> (bits - kLatencyPartBits)) & ((1u << kLatencyPartBits) - 1);
  const uint32_t bucket = 1 + (static_cast<uint32_t>(bits - kLatencyFirstBits) << kLatencyPartBits) + part;
  return std::min(bucket, ES_LATENCY_BUCKETS - 1);
}

// The consumer's end of the ledger in its page. A stamp that lies before the one it follows counts as no time.
class LatencyWriter {
 public:
  void init(LatencyCounters* counters) { counters_ = counters; }
  void add(es_step step, int64_t from, int64_t to) {
    const uint64_t ns = to > from ? static_cast<uint64_t>(to) - static_cast<uint64_t>(from) : 0;
    std::atomic<uint64_t>& bucket = counters_->bucket[step][latency_bucket(ns)];
    bucket.store(bucket.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    std::atomic<uint64_t>& max = counters_->max[step];
    if (ns > max.load(std::memory_order_relaxed)) max.store(ns, std::memory_order_relaxed);
  }

 private:
  LatencyCounters* counters_ = nullptr;
};

void copy_latency(const LatencyCounters& counters, es_latency* out);

}  // namespace es
