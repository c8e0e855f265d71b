// A peer that came through a stream's socket and is not seated yet.
#pragma once

#include "context.hpp"

namespace es {

struct Guest {
  Fd socket;
  HelloMessage hello;
  int32_t pid = 0, uid = -1;  // as the kernel says (SO_PEERCRED), in this process's namespaces
  bool in_process = false;
};

}  // namespace es
