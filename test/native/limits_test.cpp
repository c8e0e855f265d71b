// A full descriptor table and full memory are errors with a name, at the moment they happen, and nobody else's.
#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <vector>

#include "stage.hpp"

using check::Stage;

namespace {

// Uses up every descriptor but `left`, for its life.
class FullTable {
 public:
  explicit FullTable(int left) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit small = before_;
    small.rlim_cur = 200;
    CHECK(setrlimit(RLIMIT_NOFILE, &small) == 0);
    for (int fd; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) fds_.push_back(fd);
    CHECK(errno == EMFILE);
    give(left);
  }
  ~FullTable() {
    give(static_cast<int>(fds_.size()));
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  void give(int count) {
    for (; count > 0 && !fds_.empty(); count--) {
      close(fds_.back());
      fds_.pop_back();
    }
  }

 private:
  std::vector<int> fds_;
  rlimit before_{};
};

// From here on the system call `number` fails with `code` in this process.
void forbid(uint32_t number, uint32_t code) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog filter{4, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
    check::skip("this system has no seccomp filters");
  }
}

// A producer of 8 MiB frames, so that its pool is far above any small limit.
int connect_large_producer(es_context* context) {
  es_stream_options stream_options{};
  stream_options.socket_group = -1;
  es_stream* stream = nullptr;
  CHECK_OK(es_stream_create(context, &stream_options, &stream));
  es_producer_options options{};
  CHECK_OK(es_format_init(&options.format, "RGBA", 1920, 1080));
  es_producer* producer = nullptr;
  return es_stream_connect_producer(stream, &options, &producer);
}

es_consumer* open_consumer(Stage* stage) {
  es_consumer_options options{};
  options.policy = check::fifo(2);
  es_consumer* consumer = nullptr;
  CHECK_OK(es_open_consumer(stage->there, "stage", &options, &consumer));
  return consumer;
}

}  // namespace

TEST("no descriptor for a context, a stream or a consumer: ES_BAD_ALLOC, and nothing is left") {
  Stage stage;
  es_context* context = nullptr;
  es_consumer* consumer = nullptr;
  es_consumer_options options{};
  options.policy = check::mailbox();
  for (int left = 0; left < 3; left++) {
    FullTable table(left);
    CHECK_RESULT(es_context_create(&context), ES_BAD_ALLOC);
    CHECK_TEXT(es_last_error(), "Too many open files");
    if (left == 0) CHECK_RESULT(es_open_consumer(stage.there, "stage", &options, &consumer), ES_BAD_ALLOC);
    if (left < 2) CHECK_RESULT(es_stream_connect_consumer(stage.stream, &options, &consumer), ES_BAD_ALLOC);
  }
  for (int left = 0; left < 2; left++) {
    FullTable table(left);
    es_stream_options other{};
    other.name = "other";
    other.socket_group = -1;
    es_stream* stream = nullptr;
    CHECK(es_stream_create(stage.here, &other, &stream) < 0);
    CHECK_TEXT(es_last_error(), "Too many open files");
  }
  CHECK_EQUAL(es_consumer_state(stage.join(check::mailbox())), ES_STATE_EMPTY);
}

TEST("a stream that cannot accept tries again: the caller is served once there is a descriptor") {
  Stage stage;
  es_consumer* early = stage.join(check::fifo(2));
  es_consumer* late = open_consumer(&stage);
  const int64_t start = es_now();
  {
    FullTable table(0);
    const int64_t busy = check::processor_ms();
    while (check::elapsed_ms(start) < 300) {
      es_frame none;
      CHECK_RESULT(es_consumer_acquire(late, 0, 20'000, &none), ES_TIMEOUT);
      es_dispatch(stage.here);
    }
    CHECK(check::processor_ms() - busy < 150);  // it does not spin
    stage.post();
    CHECK_EQUAL(stage.take(early).number, 1);
  }
  while (es_consumer_state(late) != ES_STATE_EMPTY) {
    CHECK(check::elapsed_ms(start) < 5000);
    usleep(1000);
    stage.settle();
  }
}

TEST("no descriptors for a seat: the consumer is refused with the reason, the others go on") {
  Stage stage;
  es_consumer* early = stage.join(check::fifo(2));
  for (int left = 1; left < 4; left++) {  // its socket, and then no memory, no page, no pipe
    es_consumer* late = open_consumer(&stage);
    {
      FullTable table(left);
      es_dispatch(stage.here);
    }
    stage.settle();
    CHECK_EQUAL(es_consumer_state(late), ES_STATE_DISCONNECTED);
    CHECK_EQUAL(Stage::seen_by_consumer(late).cause, ES_CAUSE_REFUSED);
    CHECK_TEXT(Stage::seen_by_consumer(late).reason, "Too many open files");
    es_frame none;
    CHECK_RESULT(es_consumer_acquire(late, 0, 0, &none), ES_BAD_ALLOC);
    es_consumer_close(late);
    stage.settle();
    CHECK_EQUAL(stage.info().connections, 1);
    CHECK_EQUAL(stage.post(), left);
    CHECK_EQUAL(stage.take(early).number, left);
  }
}

TEST("a consumer without descriptors of its own for its seat ends with a reason, and the producer goes on") {
  Stage stage;
  es_consumer* early = stage.join(check::fifo(2));
  es_consumer* late = open_consumer(&stage);
  es_dispatch(stage.here);
  {
    FullTable table(1);
    es_dispatch(stage.there);
    CHECK_EQUAL(es_consumer_state(late), ES_STATE_DISCONNECTED);
    CHECK_TEXT(Stage::seen_by_consumer(late).reason, "descriptor");
  }
  stage.settle();
  CHECK_EQUAL(stage.info().connections, 1);
  stage.post();
  CHECK_EQUAL(stage.take(early).number, 1);
}

TEST("a pool above the file size limit: ES_BAD_ALLOC names the size") {
  signal(SIGXFSZ, SIG_IGN);
  rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = 1 << 20;
  CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  es_context* context = nullptr;
  CHECK_OK(es_context_create(&context));
  CHECK_RESULT(connect_large_producer(context), ES_BAD_ALLOC);
  CHECK_TEXT(es_last_error(), "File too large");
  es_context_destroy(context);
}

TEST("no room in shared memory: ES_BAD_ALLOC at set-up, for the producer and for one who would need growth") {
  Stage stage;
  es_consumer* early = stage.join(check::fifo(2));
  forbid(SYS_fallocate, ENOSPC);
  CHECK_RESULT(connect_large_producer(stage.here), ES_BAD_ALLOC);
  CHECK_TEXT(es_last_error(), "No space left on device");
  es_consumer* late = stage.join(check::fifo(64));
  CHECK_EQUAL(Stage::seen_by_consumer(late).cause, ES_CAUSE_REFUSED);
  CHECK_TEXT(Stage::seen_by_consumer(late).reason, "no room");
  es_frame none;
  CHECK_RESULT(es_consumer_acquire(late, 0, 0, &none), ES_BAD_ALLOC);
  stage.post();
  CHECK_EQUAL(stage.take(early).number, 1);
}

TEST("no address space: ES_BAD_ALLOC for the producer") {
  if (check::kUnderSanitizer) check::skip("a sanitizer needs the address space");
  es_context* context = nullptr;
  CHECK_OK(es_context_create(&context));
  rlimit limit;
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = 16 << 20;
  CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
  CHECK_RESULT(connect_large_producer(context), ES_BAD_ALLOC);
  CHECK_TEXT(es_last_error(), "Cannot allocate memory");
  es_context_destroy(context);
}

TEST("memory that cannot be sealed is not handed out") {
  es_context* context = nullptr;
  CHECK_OK(es_context_create(&context));
  forbid(SYS_fcntl, EINVAL);
  CHECK_RESULT(connect_large_producer(context), ES_SYSTEM);
  CHECK_TEXT(es_last_error(), "seal");
  es_context_destroy(context);
}
