// A peer that came through a stream's socket and is not seated yet.
#pragma once

#include "context.hpp"
#include "format.hpp"

namespace es {

// A peer's texts may lack their zero.
inline void terminate_texts(HelloMessage* hello) {
  hello->client[sizeof hello->client - 1] = 0;
  hello->stream[sizeof hello->stream - 1] = 0;
  hello->policy.label[sizeof hello->policy.label - 1] = 0;
}

struct Guest {
  bool takes(const es_format& format) const {
    return hello.format_mask == 0 || (hello.format_mask & 1u << format_index(format.name)) != 0;
  }

  Fd socket;
  HelloMessage hello;
  int32_t pid = 0, uid = -1;  // as the kernel says (SO_PEERCRED), in this process's namespaces
  bool in_process = false;
  bool vouched_for = true;  // whoever accepted this socket could not have lied about whose it is
};

}  // namespace es
