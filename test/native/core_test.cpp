// Runs the tests of the core: core_test [--list] [part of a file name or rule …]
// Each test is a child process with a runtime directory of its own, a time limit, and a count of its descriptors.
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "check.hpp"

namespace check {

namespace {

constexpr unsigned kTimeLimit = kUnderSanitizer ? 60 : 20;  // seconds per test; a test that hangs fails
constexpr int kSkipped = 77;

Test* first_test = nullptr;
Test** last_link = &first_test;

}  // namespace

Test::Test(const char* file_in, const char* rule_in, void (*body_in)()) : file(file_in), rule(rule_in), body(body_in) {
  const char* slash = strrchr(file, '/');
  if (slash != nullptr) file = slash + 1;
  *last_link = this;
  last_link = &next;
}

void fail(const char* file, int line, const char* format, ...) {
  const char* slash = strrchr(file, '/');
  fprintf(stdout, "    %s:%d: ", slash == nullptr ? file : slash + 1, line);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stdout, format, arguments);
  va_end(arguments);
  fputc('\n', stdout);
  fflush(stdout);
  _exit(1);
}

void equal(const char* file, int line, const char* text, uint64_t actual, uint64_t expected) {
  if (actual == expected) return;
  fail(file, line, "%s is %lld, not %lld", text, static_cast<long long>(actual), static_cast<long long>(expected));
}

void result(const char* file, int line, const char* text, int actual, int expected) {
  if (actual == expected) return;
  fail(file, line, "%s gave %s, not %s (%s)", text, es_error_string(actual), es_error_string(expected),
       es_last_error());
}

void contains(const char* file, int line, const char* text, const char* part) {
  if (strstr(text, part) == nullptr) fail(file, line, "\"%s\" does not contain \"%s\"", text, part);
}

int open_descriptors() {
  int count = 0;
  DIR* dir = opendir("/proc/self/fd");
  while (readdir(dir) != nullptr) count++;
  closedir(dir);
  return count;
}

void skip(const char* reason) {
  printf("    skipped: %s\n", reason);
  fflush(stdout);
  _exit(kSkipped);
}

namespace {

[[noreturn]] void run_child(const Test& test) {
  alarm(kTimeLimit);
  const int before = open_descriptors();
  test.body();
  const int after = open_descriptors();
  if (after != before) fail(test.file, 0, "%d descriptors are open, %d were", after, before);
  fflush(stdout);
  exit(0);
}

// What a test left in its runtime directory: only a killed process may leave anything, and only its socket and lock.
bool clean_directory(const std::string& path) {
  bool sound = true;
  DIR* dir = opendir(path.c_str());
  while (const dirent* entry = readdir(dir)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (!name.ends_with(".sock") && !name.ends_with(".lock")) {
      printf("    left behind: %s\n", name.c_str());
      sound = false;
    }
    unlink((path + "/" + name).c_str());
  }
  closedir(dir);
  return rmdir(path.c_str()) == 0 && sound;
}

enum class Outcome { passed, skipped, failed };

Outcome run(const Test& test) {
  char dir[] = "/tmp/es-core-XXXXXX";
  if (mkdtemp(dir) == nullptr) {
    perror("mkdtemp");
    exit(2);
  }
  setenv("EDGESTREAM_RUNTIME_DIR", dir, 1);
  unsetenv("XDG_RUNTIME_DIR");
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) run_child(test);
  int status = 0;
  waitpid(child, &status, 0);
  const bool clean = clean_directory(dir);
  if (WIFSIGNALED(status)) {
    printf("    %s\n", WTERMSIG(status) == SIGALRM ? "it hung" : strsignal(WTERMSIG(status)));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == kSkipped) return Outcome::skipped;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 && clean ? Outcome::passed : Outcome::failed;
}

bool wanted(const Test& test, const std::vector<const char*>& parts) {
  if (parts.empty()) return true;
  for (const char* part : parts) {
    if (strstr(test.file, part) != nullptr || strstr(test.rule, part) != nullptr) return true;
  }
  return false;
}

}  // namespace
}  // namespace check

int main(int argc, char** argv) {
  const std::vector<const char*> parts(argv + 1, argv + argc);
  const bool list = argc > 1 && strcmp(argv[1], "--list") == 0;
  int counts[3] = {};
  for (const check::Test* test = check::first_test; test != nullptr; test = test->next) {
    if (list) {
      printf("%s: %s\n", test->file, test->rule);
      continue;
    }
    if (!check::wanted(*test, parts)) continue;
    const check::Outcome outcome = check::run(*test);
    counts[static_cast<int>(outcome)]++;
    static const char* const words[] = {"ok", "skipped", "FAILED"};
    printf("%s %s: %s\n", words[static_cast<int>(outcome)], test->file, test->rule);
  }
  if (list) return 0;
  printf("%d passed, %d skipped, %d failed\n", counts[0], counts[1], counts[2]);
  return counts[2] == 0 && counts[0] > 0 ? 0 : 1;
}
