// Results and the sentence that goes with the last failure of the calling thread.
#pragma once

#include "edgestream.h"

namespace es {

// Records the sentence and returns `code`, so that a failing function ends with one line.
[[gnu::format(printf, 2, 3)]] int fail(int code, const char* format, ...);

// The same for a system call: appends errno's text. `code` says what it means here.
[[gnu::format(printf, 2, 3)]] int fail_errno(int code, const char* format, ...);

// Copies a string into a fixed field, cut to size, always terminated.
void copy_text(char* target, size_t size, const char* source);

// Whether the producer ended the connection against the consumer's will.
bool is_eviction(es_cause cause);

}  // namespace es
