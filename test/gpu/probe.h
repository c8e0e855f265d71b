/* What the files of the probe share: workers (child processes that do all GPU work), and findings (the output).
 *
 * The parent never touches the driver: CUDA does not survive fork, and a worker may die or hang without harm to the
 * rest. A worker executes one order at a time, sent over a socket that also carries descriptors; each wait for an
 * answer has a limit, after which the worker is killed. */
#ifndef EDGESTREAM_GPU_PROBE_H
#define EDGESTREAM_GPU_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { EXIT_ALL_RAN = 0, EXIT_PROBE_BROKE = 1, EXIT_SKIPPED = 77 };
enum { WORKER_PARENT_GONE = 3, WORKER_CANNOT_CHANGE_USER = 4 }; /* exit statuses of workers */

struct probe_options {
  bool json;
  const char *only; /* ids to run, or NULL for all */
  int device;
  int iterations; /* of a latency measurement */
  int contexts;   /* processes of the memory measurement */
};
extern struct probe_options options;

/* ---- orders and answers ---- */

enum order_kind {
  ORDER_OPEN = 1,    /* a: how far (enum open_level), b: context flags */
  ORDER_SURVEY,      /* values: see enum survey_value; text: name; more: uuid */
  ORDER_CREATE,      /* a: bytes, b: seed. Answer carries the exported descriptor; values: enum create_value */
  ORDER_IMPORT,      /* with a descriptor. a: bytes, b: access asked for. values[0]: access the driver reports */
  ORDER_UPGRADE,     /* asks for read-write access to the mapping it has */
  ORDER_VERIFY,      /* a: enum read_method, b: seed. values[0]: words that differ, values[1]: words */
  ORDER_VERIFY_LONG, /* b: seed, c: milliseconds. values[0]: words that differ, values[1]: rounds */
  ORDER_WRITE,       /* a: enum write_method. values: enum write_value */
  ORDER_FILL,        /* b: seed. Fills its own memory again */
  ORDER_WRITE_ON,    /* answers when the GPU writes, then goes on writing until killed (20 s at most) */
  ORDER_WATCH,       /* c: milliseconds. values: enum watch_value */
  ORDER_COPY_ON,     /* answers when it copies, then goes on copying from the mapping until killed (20 s at most) */
  ORDER_MEMORY_INFO, /* values[0]: free bytes, values[1]: total bytes */
  ORDER_LATENCY,     /* a: enum latency_method, b: iterations. values: enum latency_value */
  ORDER_QUIT,
};

enum open_level { OPEN_DRIVER = 0, OPEN_CONTEXT = 1, OPEN_KERNELS = 2 };
enum read_method { READ_BY_COPY = 0, READ_BY_KERNEL = 1 };
enum write_method { WRITE_MEMSET = 0, WRITE_COPY_FROM_HOST, WRITE_COPY_ON_DEVICE, WRITE_KERNEL, WRITE_METHODS };
enum latency_method {
  LATENCY_EVENT_BLOCKING = 0,
  LATENCY_EVENT_BUSY_CORE,
  LATENCY_HOST_FUNCTION,
  LATENCY_QUERY_SPIN,
  LATENCY_QUERY_NAP,
  LATENCY_METHODS
};

enum survey_value {
  SURVEY_DRIVER_VERSION = 0,
  SURVEY_DEVICES,
  SURVEY_TOTAL_BYTES,
  SURVEY_GRANULARITY_MINIMUM,
  SURVEY_GRANULARITY_RECOMMENDED,
  SURVEY_ATTRIBUTES, /* from here on, in the order of survey_attributes */
  SURVEY_VALUES = 24
};
struct survey_attribute {
  const char *key;
  int attribute;
};
extern const struct survey_attribute survey_attributes[];
extern const int survey_attribute_count;

enum create_value { CREATE_FD_FLAGS = 0, CREATE_FD_FLAGS_AFTER_SET, CREATE_DRIVER_FDS, CREATE_DRIVER_FDS_INHERITED };
enum write_value { WRITE_CALL = 0, WRITE_SYNC, WRITE_CONTEXT_AFTER, WRITE_READ_AFTER, WRITE_NEW_WORD, WRITE_OLD_WORD };
enum watch_value { WATCH_READS = 0, WATCH_CHANGES, WATCH_FIRST_CHANGE_NS, WATCH_LAST_CHANGE_NS };
enum latency_value {
  LATENCY_COUNT = 0,
  LATENCY_MIN,
  LATENCY_P50,
  LATENCY_P99,
  LATENCY_MAX,
  LATENCY_NEGATIVE,
  LATENCY_P50_THREAD,
  LATENCY_P99_THREAD
};

#define ANSWER_VALUES 24
#define CODE_NO_LIBRARY (-1) /* text: one reason per line */
#define CODE_OLD_LIBRARY (-2)
#define CODE_SYSTEM (-3) /* a system call failed; text says which */

struct order {
  int32_t kind;
  int64_t a, b, c;
};
struct answer {
  int32_t pid, uid; /* of the worker, as it sees itself */
  int32_t code;  /* a cu_result, or one of CODE_* */
  char step[40]; /* the driver function that gave the code */
  char name[48]; /* the driver's name of the code */
  double values[ANSWER_VALUES];
  char text[512];
  char more[64];
};

/* ---- workers, seen from the parent ---- */

struct isolation {
  const char *name;
  int clone_flags; /* CLONE_NEW* */
  bool container;  /* user ids inside are 100000 higher outside, as in a container of another user */
  uid_t uid;       /* becomes this user (inside), 0: stays */
};

struct worker {
  pid_t pid;
  int socket;
  int inner_pid, inner_uid; /* as the worker sees itself, once it answered */
  bool timed_out;
  int exit_status; /* as waitpid gives it, once it is gone */
};

enum call_result { CALL_ANSWERED, CALL_DIED, CALL_TIMEOUT };

/* False with errno when the system refuses that isolation. */
bool worker_start(struct worker *worker, const struct isolation *isolation);
/* Sends without waiting; fd < 0: none. */
bool worker_send(struct worker *worker, struct order order, int fd);
/* out_fd may be NULL: a received descriptor is then closed. */
enum call_result worker_receive(struct worker *worker, int timeout_ms, struct answer *answer, int *out_fd);
enum call_result worker_call(struct worker *worker, struct order order, int fd, struct answer *answer, int *out_fd);
/* Asks it to leave, then kills it; returns when it is reaped. Harmless for a worker that is gone. */
void worker_stop(struct worker *worker);
/* SIGKILL and reap. False when the kernel did not let it go within 20 s. */
bool worker_kill(struct worker *worker);
/* "signal 11", "exit 3", "no answer in time", for a worker that is gone. */
const char *worker_end(const struct worker *worker);
bool worker_could_not_change_user(const struct worker *worker);
uint64_t now_ns(void);

/* ---- workers, seen from inside ---- */

/* 0: the parent is gone. */
ssize_t worker_take_order(int socket, struct order *order, int *fd);

struct cuda_api;
extern struct cuda_api cuda;
int worker_main(int socket);
int load_driver(struct answer *answer);
bool worker_reply(int socket, const struct answer *answer, int fd);
/* Notes a failed step in the answer; returns code unchanged, so that checks read as one condition. */
int note_step(struct answer *answer, const char *step, int code);
#define STEP(answer, call) note_step(answer, #call, cuda.call)

/* ---- findings ---- */

struct finding;
/* result words: what the question asks; "skipped" and "broken" are reserved, "broken" makes the exit status 1. */
struct finding *finding_begin(const char *id, const char *name);
void finding_number(struct finding *finding, const char *key, double value);
__attribute__((format(printf, 3, 4))) void finding_text(struct finding *finding, const char *key,
                                                        const char *format, ...);
void finding_code(struct finding *finding, const char *key, double code);
void finding_end(struct finding *finding, const char *result);
/* A step that the question needs did not work. The driver said no: "unavailable". The worker vanished: "broken". */
void finding_failed(struct finding *finding, enum call_result call, const struct worker *worker,
                    const struct answer *answer);
bool findings_broken(void);
/* skip_reasons: lines of 512 bytes. */
void findings_print_json(const char (*skip_reasons)[512], int skip_reason_count);

#endif
