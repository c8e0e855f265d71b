// The bytes of one case, read from front to back. Past the end everything is zero, so every input is a whole case.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fuzz {

class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), left_(size) {}

  bool empty() const { return left_ == 0; }

  template <class T>
  T take() {
    T value{};
    fill(&value, sizeof value);
    return value;
  }

  uint8_t byte() { return take<uint8_t>(); }

  // Overwrites the front of `out` with at most `size` bytes, as far as there are any.
  void fill(void* out, size_t size) {
    const size_t count = std::min(size, left_);
    memcpy(out, data_, count);
    data_ += count;
    left_ -= count;
  }

 private:
  const uint8_t* data_;
  size_t left_;
};

}  // namespace fuzz
