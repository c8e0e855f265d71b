// Frames and bytes posted lately. A post costs one comparison: the counts are noted every quarter of a second only.
#pragma once

#include <array>

#include "edgestream.h"

namespace es {

class Throughput {
 public:
  void count(int64_t now, uint64_t bytes) {
    frames_++;
    bytes_ += bytes;
    last_ = now;
    if (now >= next_note_) note();
  }

  es_throughput read(int64_t now) const;

 private:
  // The counts when a frame had been posted, that frame included.
  struct Note {
    int64_t at;
    uint64_t frames, bytes;
  };

  void note();

  std::array<Note, 10> notes_{};
  uint64_t noted_ = 0;  // how many, ever
  int64_t next_note_ = 0;
  int64_t last_ = 0;  // when the last frame was posted
  uint64_t frames_ = 0, bytes_ = 0;
};

}  // namespace es
