// Named steps: the places at which a test lets a process die or stand still. Test builds only; nothing in others.
//   ES_TEST_STEP=name[:count][,name[:count]…]   at the last one, the count-th time, comes the act;
//                                               at each one before it the process stops, once, until it is continued
//   ES_TEST_STEP_ACT=kill|stop                  SIGKILL or SIGSTOP to itself
// A name says whose process it is, the verb, and what has just been done. Not for inline functions.
#pragma once

#ifdef ES_TEST_HOOKS

#include <cstddef>

namespace es {
void reach_step(const char* name);
}

// The names lie side by side in a section of their own, so that a test can ask for all of them.
#define ES_STEP(name)                                                                   \
  do {                                                                                  \
    static const char* const es_step __attribute__((used, section("es_steps"))) = name; \
    es::reach_step(es_step);                                                            \
  } while (false)

// Fills at most `count` entries; returns how many steps there are.
extern "C" __attribute__((visibility("default"))) size_t es_test_steps(const char** names, size_t count);

#else
#define ES_STEP(name) static_cast<void>(0)
#endif
