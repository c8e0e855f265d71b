#include "throughput.hpp"

#include <algorithm>

namespace es {

namespace {

constexpr int64_t kStep = 250'000'000;      // ns between two notes
constexpr int64_t kWindow = 2'000'000'000;  // ns that are looked back

}  // namespace

void Throughput::note() {
  notes_[noted_++ % notes_.size()] = {last_, frames_, bytes_};
  next_note_ = last_ + kStep;
}

es_throughput Throughput::read(int64_t now) const {
  if (frames_ == 0) return {};
  const uint64_t first = noted_ - std::min<uint64_t>(noted_, notes_.size());
  for (uint64_t index = first; index < noted_; index++) {
    const Note& note = notes_[index % notes_.size()];
    if (now - note.at > kWindow) continue;
    const uint64_t frames = frames_ - note.frames;
    // From frame to frame, which is exact; but one that stopped, or waits for its next frame, slows down as it does.
    const int64_t between = last_ - note.at;
    const bool on_time = frames != 0 && now - last_ <= 2 * between / static_cast<int64_t>(frames);
    return {frames, bytes_ - note.bytes, std::max<int64_t>(on_time ? between : now - note.at, 1)};
  }
  return {0, 0, kWindow};
}

}  // namespace es
