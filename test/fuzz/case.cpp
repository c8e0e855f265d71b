#include "case.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "channel.hpp"

namespace check {

void fail(const char* file, int line, const char* format, ...) {
  fprintf(stderr, "%s:%d: ", file, line);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  abort();
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

int open_descriptors() {
  int count = 0;
  DIR* dir = opendir("/proc/self/fd");
  while (readdir(dir) != nullptr) count++;
  closedir(dir);
  return count;
}

}  // namespace check

namespace fuzz {

namespace {

char runtime_dir[] = "/tmp/es-fuzz-XXXXXX";

void remove_runtime_dir() { rmdir(runtime_dir); }

void prepare() {
  if (mkdtemp(runtime_dir) == nullptr) check::fail(__FILE__, __LINE__, "no directory in /tmp");
  setenv("EDGESTREAM_RUNTIME_DIR", runtime_dir, 1);
  unsetenv("XDG_RUNTIME_DIR");
  atexit(remove_runtime_dir);
}

}  // namespace

void Luggage::own(int fd) {
  owned_.emplace_back(fd);
  fds_.push_back(fd);
}

Luggage::Luggage(uint8_t choice, int page, int pool) {
  switch (choice % 16) {
    case 1: fds_ = {page}; break;
    case 2:
      fds_ = {page};
      own(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
      break;
    case 3: fds_ = {pool}; break;
    case 4: fds_ = {pool, page}; break;
    case 5: fds_ = {page, page, pool, pool}; break;
    case 6: fds_ = {pool, pool, pool, pool, pool}; break;  // one more than a message may carry
    case 7: own(memfd_create("fuzz", MFD_CLOEXEC)); break;
    case 8: own(open("/dev/null", O_RDWR | O_CLOEXEC)); break;
    case 9: {
      int pair[2];
      if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) break;
      own(pair[0]);
      owned_.emplace_back(pair[1]);
      break;
    }
    case 10:
      fds_ = {page};
      own(open("/dev/null", O_RDWR | O_CLOEXEC));
      break;
    default: break;  // most messages carry nothing
  }
}

void send_datagram(int socket, const void* bytes, size_t size, const Luggage& luggage) {
  iovec part{const_cast<void*>(bytes), size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 8)] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (luggage.count() != 0) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(sizeof(int) * luggage.count());
    cmsghdr* cmsg = CMSG_FIRSTHDR(&header);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int) * luggage.count());
    memcpy(CMSG_DATA(cmsg), luggage.fds(), sizeof(int) * luggage.count());
  }
  sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void send_typed(int socket, uint16_t type, Input* input, const Luggage& luggage) {
  alignas(8) uint8_t bytes[512] = {};
  const size_t size = 16 + input->byte() * size_t{8} % (sizeof bytes - 16);
  auto* header = reinterpret_cast<es::MessageHeader*>(bytes);
  *header = {es::kMagic, es::kVersionMax, type, static_cast<uint32_t>(size), 0};
  const size_t from = 16 + input->byte() % size_t{256};
  if (from < size) input->fill(bytes + from, std::min<size_t>(input->byte(), size - from));
  send_datagram(socket, bytes, size, luggage);
}

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool prepared = (fuzz::prepare(), true);
  static_cast<void>(prepared);
  const int before = check::open_descriptors();
  fuzz::run_case(fuzz::Input(data, size));
  CHECK_EQUAL(check::open_descriptors(), before);
  return 0;
}
