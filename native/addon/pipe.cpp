#include "pipe.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "convert.hpp"

namespace es_addon {
namespace {

constexpr int kPipeBytesMin = 65536;        // what Linux gives without asking
constexpr int kPipeBytesMax = 1 << 30;

[[noreturn]] void throw_errno(Napi::Env env, const char *call) {
  throw_error(env, es_error_string(ES_SYSTEM), std::string(call) + ": " + std::strerror(errno));
}

}  // namespace

// C:  none; pipe2(2), F_SETPIPE_SZ of fcntl(2)
// TS: createPipe(bytes: number): [number, number]        Thread: any.
Napi::Value create_pipe(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  const auto bytes = static_cast<int>(to_integer(info[0], "bytes", 0, kPipeBytesMax));
  int ends[2] = {-1, -1};
  if (pipe2(ends, O_CLOEXEC) != 0) throw_errno(env, "pipe2");
  // Only our end: a child's standard output must block, and the two ends are separate descriptions.
  if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) {
    const int problem = errno;
    ::close(ends[0]);
    ::close(ends[1]);
    errno = problem;
    throw_errno(env, "fcntl(O_NONBLOCK)");
  }
  // Users other than root are limited (fs.pipe-max-size, and a sum per user): take the largest size that is granted.
  for (int size = bytes; size > kPipeBytesMin; size /= 2) {
    if (fcntl(ends[1], F_SETPIPE_SZ, size) >= 0) break;
  }
  Napi::Array result = Napi::Array::New(env, 2);
  result.Set(0u, Napi::Number::New(env, ends[0]));
  result.Set(1u, Napi::Number::New(env, ends[1]));
  return result;
}

// C:  none; F_DUPFD_CLOEXEC of fcntl(2)
// TS: duplicateFd(fd: number): number        Thread: any.
Napi::Value duplicate_fd(const Napi::CallbackInfo &info) {
  const auto fd = static_cast<int>(to_integer(info[0], "fd", 0, INT32_MAX));
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) throw_errno(info.Env(), "fcntl(F_DUPFD_CLOEXEC)");
  return Napi::Number::New(info.Env(), copy);
}

// C:  none; close(2)
// TS: closeFd(fd: number): void        Thread: any.
void close_fd(const Napi::CallbackInfo &info) {
  // 0-2 belong to the program.
  const auto fd = static_cast<int>(to_integer(info[0], "fd", 3, INT32_MAX));
  if (::close(fd) != 0) throw_errno(info.Env(), "close");
}

}  // namespace es_addon
