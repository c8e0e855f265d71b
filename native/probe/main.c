/* edgestream-probe: tries what edgestream needs of the system, call by call. `edgestream doctor` runs and reads it. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

enum { QUESTION_SECONDS = 3 };

void answer_ok(const char *name, const char *format, ...) {
  va_list arguments;
  printf("%s\tok\t", name);
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  printf("\n");
}

void answer_errno(const char *name, const char *call) { printf("%s\terrno\t%s: %s\n", name, call, strerror(errno)); }

void answer_wrong(const char *name, const char *what) { printf("%s\twrong\t%s\n", name, what); }

static void ask(const struct question *question) {
  int status = 0;
  fflush(stdout);
  const pid_t child = fork();
  if (child < 0) {
    answer_errno(question->name, "fork");
    return;
  }
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(QUESTION_SECONDS);
    question->ask();
    fflush(stdout);
    _exit(0);
  }
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    const char *why = number == SIGALRM ? ", it did not end in time" : number == SIGSYS ? ", a seccomp filter" : "";
    printf("%s\tsignal\tkilled: %s%s\n", question->name, strsignal(number), why);
  }
}

void ask_all(const struct question *questions, int count) {
  for (int index = 0; index < count; index++) ask(&questions[index]);
}

int main(int argc, char **argv) {
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  if (argc == 2 && strcmp(argv[1], "kernel") == 0) {
    ask_kernel();
  } else if (argc == 4 && strcmp(argv[1], "directory") == 0) {
    ask_directory(argv[2], argv[3]);
  } else if (argc == 3 && strcmp(argv[1], "library") == 0) {
    ask_library(argv[2]);
  } else {
    fprintf(stderr, "usage: edgestream-probe kernel | directory <path> <name> | library <file>\n");
    return 2;
  }
  return 0;
}
