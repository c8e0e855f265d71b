// Another process for a test: forked before the test has a context, spoken to one byte at a time, killed at the end.
#pragma once

#include <sys/types.h>

#include <functional>

namespace check {

// A line to the other process.
struct Line {
  int in = -1, out = -1;
  void say(char word) const;
  char hear() const;  // ends the test when the other side is gone
};

class Child {
 public:
  explicit Child(const std::function<void(Line)>& body);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();  // kills it
  void kill(int signal);
  int wait();  // its exit status, or -signal
  pid_t pid() const { return pid_; }
  Line line;

 private:
  pid_t pid_;
};

}  // namespace check
