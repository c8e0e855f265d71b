#include "step.hpp"

#ifdef ES_TEST_HOOKS

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

// Both ends of the section, as the linker names them.
extern "C" const char* const __start_es_steps[];
extern "C" const char* const __stop_es_steps[];

namespace es {

namespace {

// What is still to come. Only the one thread of a test's victim goes through it.
class Plan {
 public:
  Plan() {
    const char* steps = getenv("ES_TEST_STEP");
    const char* act = getenv("ES_TEST_STEP_ACT");
    if (steps == nullptr) return;
    rest_ = steps;
    act_ = act != nullptr && strcmp(act, "stop") == 0 ? SIGSTOP : SIGKILL;
    go_on();
  }

  void reach(const char* name) {
    if (awaited_ != name || --times_ > 0) return;
    const bool last = rest_.empty();
    if (last) {
      awaited_.clear();
    } else {
      go_on();
    }
    kill(getpid(), last ? act_ : SIGSTOP);
  }

  bool over() const { return awaited_.empty(); }

 private:
  void go_on() {
    const std::string next = rest_.substr(0, rest_.find(','));
    rest_.erase(0, std::min(rest_.size(), next.size() + 1));
    const size_t colon = next.find(':');
    awaited_ = next.substr(0, colon);
    times_ = colon == std::string::npos ? 1 : atoi(next.c_str() + colon + 1);
  }

  std::string rest_, awaited_;
  int times_ = 0;
  int act_ = SIGKILL;
};

Plan plan;

}  // namespace

void reach_step(const char* name) {
  if (!plan.over()) plan.reach(name);
}

}  // namespace es

extern "C" size_t es_test_steps(const char** names, size_t count) {
  const auto all = static_cast<size_t>(__stop_es_steps - __start_es_steps);
  std::copy_n(__start_es_steps, std::min(all, count), names);
  return all;
}

#endif
