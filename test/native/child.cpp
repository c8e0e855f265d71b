#include "child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "check.hpp"

namespace check {

void Line::say(char word) const { CHECK(write(out, &word, 1) == 1); }

char Line::hear() const {
  char word = 0;
  CHECK(read(in, &word, 1) == 1);
  return word;
}

Child::Child(const std::function<void(Line)>& body) {
  int to_child[2], to_parent[2];
  CHECK(pipe2(to_child, O_CLOEXEC) == 0 && pipe2(to_parent, O_CLOEXEC) == 0);
  fflush(stdout);
  pid_ = fork();
  CHECK(pid_ >= 0);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(to_child[1]);
    close(to_parent[0]);
    body({to_child[0], to_parent[1]});
    fflush(stdout);
    _exit(0);
  }
  close(to_child[0]);
  close(to_parent[1]);
  line = {to_parent[0], to_child[1]};
}

Child::~Child() {
  if (pid_ > 0) {
    kill(SIGKILL);
    wait();
  }
  close(line.in);
  close(line.out);
}

void Child::kill(int signal) { ::kill(pid_, signal); }

int Child::wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace check
