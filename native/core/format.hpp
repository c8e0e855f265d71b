// Pixel formats: names, plane geometry, sizes. One table, used by every language.
#pragma once

#include "edgestream.h"

namespace es {

// Index of the format in the table, which is its bit in a format_mask; -1 for an unknown name.
int format_index(const char* name);

// true when every field is what es_format_init would compute: nothing of a peer's format is believed.
bool format_is_sound(const es_format& format);

}  // namespace es
