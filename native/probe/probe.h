/* What `edgestream-probe` asks of this system, and how it tells the answers. Plain C99 without our library. */
#ifndef EDGESTREAM_PROBE_H
#define EDGESTREAM_PROBE_H

/*
 * Each question runs in a process of its own: one that a filter kills, or that hangs, ends that question alone.
 * A line of the output is: name, tab, outcome, tab, detail. The outcome is one of
 *   ok      it works; the detail is a figure or empty
 *   errno   a system call failed; the detail names it and says why
 *   wrong   the call worked and did not do what it is there for
 *   signal  the question's process was killed
 */
struct question {
  const char *name;
  void (*ask)(void);
};

void answer_ok(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* With the reason that errno has. */
void answer_errno(const char *name, const char *call);
void answer_wrong(const char *name, const char *what);

/* Asks them one after the other. */
void ask_all(const struct question *questions, int count);

void ask_kernel(void);
/* Tries locks and sockets in `directory`, under a name that begins with `name`; removes what it makes. */
void ask_directory(const char *directory, const char *name);
/* Loads a shared library, as a program would that uses it. */
void ask_library(const char *name);

#endif
