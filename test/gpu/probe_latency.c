/* How long after the GPU finished does a host thread know it.
 *
 * "Finished" is seen by a second thread that spins on a word of pinned host memory, the kernel's last write. So every
 * figure is the time from that write being visible to a CPU until the measured way reports completion; it contains
 * the kernel's own end. Both threads read CLOCK_MONOTONIC. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "probe_worker.h"

#define ITERATIONS_MAX 100000
#define WARM_UP 50
#define KERNEL_NS 200000u /* long enough for the waiting thread to be asleep */
#define NAP_NS 50000
#define TIME_LIMIT_NS 50000000000ull
#define FLAG_LIMIT_NS 2000000000ull

struct bench {
  struct worker_state *state;
  cu_stream stream;
  cu_event event;
  volatile uint32_t *flag; /* written by the GPU */
  cu_pointer device_flag;
  _Atomic uint32_t expected; /* the spinner looks for this value; 0: for none */
  _Atomic uint64_t seen_ns;  /* when it found it; 0: not yet */
  _Atomic bool stop;
  int spinner_cpu; /* -1: anywhere */
  uint64_t callback_ns;
  int callback_pipe[2];
};

static void pin_this_thread(int cpu) {
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static void *spin(void *argument) {
  struct bench *bench = argument;
  pin_this_thread(bench->spinner_cpu);
  uint32_t done = 0;
  while (!atomic_load(&bench->stop)) {
    uint32_t expected = atomic_load(&bench->expected);
    if (expected == done || *bench->flag != expected) continue;
    atomic_store(&bench->seen_ns, now_ns());
    done = expected;
  }
  return NULL;
}

/* Keeps one core busy, as a decoder or an inference thread beside the completion thread would. */
static void *burn(void *argument) {
  struct bench *bench = argument;
  while (!atomic_load(&bench->stop)) continue;
  return NULL;
}

/* Runs on a thread of the driver, where no driver function may be called. */
static void completed(void *argument) {
  struct bench *bench = argument;
  bench->callback_ns = now_ns();
  (void)!write(bench->callback_pipe[1], "c", 1);
}

static int wait_for_completion(struct bench *bench, struct answer *answer, enum latency_method method) {
  char byte;
  int code;
  switch (method) {
    case LATENCY_EVENT_BLOCKING:
    case LATENCY_EVENT_BUSY_CORE: return STEP(answer, event_synchronize(bench->event));
    case LATENCY_HOST_FUNCTION:
      return read(bench->callback_pipe[0], &byte, 1) == 1 ? 0 : note_step(answer, "read of the pipe", CODE_SYSTEM);
    case LATENCY_QUERY_SPIN:
      while ((code = cuda.event_query(bench->event)) == GPU_NOT_READY) continue;
      return note_step(answer, "event_query", code);
    default:
      while ((code = cuda.event_query(bench->event)) == GPU_NOT_READY) nanosleep(&(struct timespec){0, NAP_NS}, NULL);
      return note_step(answer, "event_query", code);
  }
}

/* One kernel, one completion. waited: nanoseconds for the waiting thread; called: until the driver's callback began. */
static int iterate(struct bench *bench, struct answer *answer, enum latency_method method, uint32_t number,
                   double *waited, double *called) {
  uint64_t nanoseconds = KERNEL_NS;
  void *arguments[] = {&bench->device_flag, &number, &nanoseconds};
  atomic_store(&bench->seen_ns, 0);
  atomic_store(&bench->expected, number);
  int code = note_step(answer, "launch_kernel", launch(bench->state, KERNEL_SIGNAL, 1, bench->stream, arguments));
  if (code == 0) code = STEP(answer, event_record(bench->event, bench->stream));
  if (code == 0 && method == LATENCY_HOST_FUNCTION) {
    code = STEP(answer, launch_host_function(bench->stream, completed, bench));
  }
  if (code == 0) code = wait_for_completion(bench, answer, method);
  uint64_t awake = now_ns(), seen;
  while (code == 0 && (seen = atomic_load(&bench->seen_ns)) == 0) {
    if (now_ns() - awake > FLAG_LIMIT_NS) code = note_step(answer, "the kernel's flag does not show", CODE_SYSTEM);
  }
  if (code != 0) return code;
  *waited = (double)awake - (double)seen;
  *called = method == LATENCY_HOST_FUNCTION ? (double)bench->callback_ns - (double)seen : *waited;
  return 0;
}

static int compare_doubles(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void summarize(struct answer *answer, enum latency_method method, double *waited, double *called, int count) {
  /* The figure of the callback method is the callback; the thread it wakes is the further figure. */
  double *main_figure = method == LATENCY_HOST_FUNCTION ? called : waited;
  qsort(waited, (size_t)count, sizeof *waited, compare_doubles);
  qsort(called, (size_t)count, sizeof *called, compare_doubles);
  answer->values[LATENCY_COUNT] = count;
  if (count == 0) return;
  answer->values[LATENCY_MIN] = main_figure[0];
  answer->values[LATENCY_P50] = main_figure[count / 2];
  answer->values[LATENCY_P99] = main_figure[(int)(count * 0.99)];
  answer->values[LATENCY_MAX] = main_figure[count - 1];
  answer->values[LATENCY_P50_THREAD] = waited[count / 2];
  answer->values[LATENCY_P99_THREAD] = waited[(int)(count * 0.99)];
  for (int i = 0; i < count && main_figure[i] < 0; i++) answer->values[LATENCY_NEGATIVE]++;
}

static void measure(struct bench *bench, struct answer *answer, const struct order *order) {
  int iterations = order->b > ITERATIONS_MAX ? ITERATIONS_MAX : (int)order->b;
  double *waited = calloc((size_t)iterations, sizeof *waited), *called = calloc((size_t)iterations, sizeof *called);
  uint64_t end = now_ns() + TIME_LIMIT_NS;
  int count = 0;
  if (waited == NULL || called == NULL) (void)note_step(answer, "calloc", CODE_SYSTEM);
  for (int i = -WARM_UP; answer->code == 0 && i < iterations && now_ns() < end; i++) {
    double thread, callback;
    uint32_t number = (uint32_t)(i + WARM_UP + 1);
    if (iterate(bench, answer, (enum latency_method)order->a, number, &thread, &callback) != 0) break;
    if (i < 0) continue;
    waited[count] = thread;
    called[count++] = callback;
  }
  if (answer->code == 0) summarize(answer, (enum latency_method)order->a, waited, called, count);
  free(waited);
  free(called);
}

/* The first two CPUs this process may use; false when there is only one. */
static bool two_cpus(int cpus[2]) {
  cpu_set_t set;
  int found = 0;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return false;
  for (int cpu = 0; cpu < CPU_SETSIZE && found < 2; cpu++) {
    if (CPU_ISSET(cpu, &set)) cpus[found++] = cpu;
  }
  return found == 2;
}

void order_latency(struct worker_state *state, const struct order *order, struct answer *answer) {
  static struct bench bench;
  memset(&bench, 0, sizeof bench);
  bench.state = state;
  bench.spinner_cpu = -1;
  void *memory = NULL;
  int cpus[2];
  if (!two_cpus(cpus)) {
    (void)note_step(answer, "two CPUs are needed", CODE_SYSTEM);
    return;
  }
  if (STEP(answer, stream_create(&bench.stream, GPU_STREAM_NON_BLOCKING)) != 0) return;
  if (STEP(answer, event_create(&bench.event, GPU_EVENT_BLOCKING_SYNC | GPU_EVENT_DISABLE_TIMING)) != 0) return;
  if (STEP(answer, host_allocate(&memory, 4096, GPU_HOST_ALLOC_PORTABLE | GPU_HOST_ALLOC_DEVICE_MAP)) != 0) return;
  if (STEP(answer, host_get_device_pointer(&bench.device_flag, memory, 0)) != 0) return;
  memset(memory, 0, 4096);
  bench.flag = memory;
  if (pipe(bench.callback_pipe) != 0) {
    (void)note_step(answer, "pipe", CODE_SYSTEM);
    return;
  }
  pthread_t spinner, burner;
  bool busy = order->a == LATENCY_EVENT_BUSY_CORE;
  if (busy) {
    pin_this_thread(cpus[0]);
    bench.spinner_cpu = cpus[1];
  }
  if (pthread_create(&spinner, NULL, spin, &bench) != 0) {
    (void)note_step(answer, "pthread_create", CODE_SYSTEM);
    return;
  }
  bool burning = busy && pthread_create(&burner, NULL, burn, &bench) == 0; /* inherits this thread's CPU */
  if (busy && !burning) (void)note_step(answer, "pthread_create", CODE_SYSTEM);
  if (answer->code == 0) measure(&bench, answer, order);
  atomic_store(&bench.stop, true);
  pthread_join(spinner, NULL);
  if (burning) pthread_join(burner, NULL);
}
