#include "runtime_dir.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "edgestream.h"
#include "status.hpp"
#include "step.hpp"

namespace es {

namespace {

std::string from_environment(const char* variable, const char* suffix) {
  const char* value = getenv(variable);
  return value == nullptr || *value == 0 ? std::string() : std::string(value) + suffix;
}

std::string user_dir() { return "/tmp/edgestream-" + std::to_string(geteuid()); }

constexpr const char* kSystemDir = "/run/edgestream";

bool make_usable(const std::string& dir, mode_t mode) {
  if (mkdir(dir.c_str(), mode) != 0 && errno != EEXIST) return false;
  return access(dir.c_str(), W_OK | X_OK) == 0;
}

// /tmp is everybody's: somebody else may have put a directory or a link of our name there.
bool is_own_private_dir(const std::string& dir) {
  struct stat status;
  return lstat(dir.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
         (status.st_mode & 022) == 0;
}

}  // namespace

int runtime_dir(std::string* out) {
  for (const char* variable : {"EDGESTREAM_RUNTIME_DIR", "XDG_RUNTIME_DIR"}) {
    const bool own = variable[0] == 'E';
    *out = from_environment(variable, own ? "" : "/edgestream");
    if (out->empty()) continue;
    if (make_usable(*out, 0700)) return ES_OK;
    if (own) return fail_errno(ES_SYSTEM, "EDGESTREAM_RUNTIME_DIR=%s cannot be used", out->c_str());
  }
  *out = kSystemDir;
  if (make_usable(*out, 0755)) return ES_OK;
  *out = user_dir();
  if (make_usable(*out, 0700) && is_own_private_dir(*out)) return ES_OK;
  return fail(ES_SYSTEM, "no directory for stream sockets: %s is not writable and %s is not this user's own; set "
              "EDGESTREAM_RUNTIME_DIR", kSystemDir, out->c_str());
}

bool runtime_search(uint32_t index, std::string* out) {
  const std::string all[] = {from_environment("EDGESTREAM_RUNTIME_DIR", ""),
                             from_environment("XDG_RUNTIME_DIR", "/edgestream"), kSystemDir, user_dir()};
  for (const std::string& dir : all) {
    if (dir.empty() || (dir == user_dir() && !is_own_private_dir(dir))) continue;
    if (index-- == 0) {
      *out = dir;
      return true;
    }
  }
  return false;
}

int check_name(const char* name) {
  const size_t length = name == nullptr ? 0 : strlen(name);
  bool sound = length >= 1 && length <= ES_NAME_MAX;
  for (size_t index = 0; sound && index < length; index++) {
    const char c = name[index];
    sound = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
  }
  if (sound) return ES_OK;
  return fail(ES_BAD_PARAMETER, "a stream name has 1 to %u characters of A-Z a-z 0-9 _ -", ES_NAME_MAX);
}

int socket_path(const std::string& dir, const char* name, std::string* out) {
  *out = dir + "/" + name + ".sock";
  if (out->size() <= kSocketPathMax) return ES_OK;
  return fail(ES_BAD_PARAMETER, "the socket path %s has %zu bytes, the system allows %zu; use a shorter name or set "
              "EDGESTREAM_RUNTIME_DIR to a shorter directory", out->c_str(), out->size(), kSocketPathMax);
}

namespace {

int code_of_open(int error) {
  if (error == EMFILE || error == ENFILE) return ES_BAD_ALLOC;
  return error == ENOSPC || error == EDQUOT ? ES_SYSTEM : ES_BAD_ACCESS;
}

}  // namespace

int lock_name(const std::string& dir, const char* name, Fd* out) {
  const std::string path = dir + "/" + name + ".lock";
  for (int attempt = 0; attempt < 100; attempt++) {
    Fd lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) return fail_errno(code_of_open(errno), "cannot open %s", path.c_str());
    if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      return fail(ES_RESOURCE_BUSY, "stream \"%s\" exists already: a living process holds %s", name, path.c_str());
    }
    // The owner before us may have removed the file between our open and our flock: then we hold a nameless one.
    struct stat held, named;
    if (fstat(lock.get(), &held) == 0 && stat(path.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
        held.st_dev == named.st_dev) {
      *out = std::move(lock);
      return ES_OK;
    }
  }
  return fail(ES_RESOURCE_BUSY, "stream \"%s\": others keep taking and giving up its name", name);
}

void unlock_name(const std::string& dir, const char* name, Fd lock) {
  if (lock) unlink((dir + "/" + name + ".lock").c_str());
}

namespace {

int open_to_callers(int socket_fd, const std::string& path, uint32_t mode, int64_t group) {
  if (group >= 0 && chown(path.c_str(), static_cast<uid_t>(-1), static_cast<gid_t>(group)) != 0) {
    return fail_errno(ES_BAD_ACCESS, "cannot give %s to group %lld", path.c_str(), static_cast<long long>(group));
  }
  if (chmod(path.c_str(), mode) != 0) return fail_errno(ES_SYSTEM, "cannot set the mode of %s", path.c_str());
  if (listen(socket_fd, 512) != 0) return fail_errno(ES_SYSTEM, "cannot listen on %s", path.c_str());
  return ES_OK;
}

}  // namespace

int listen_at(const std::string& path, uint32_t mode, int64_t group, Fd* out) {
  unlink(path.c_str());
  Fd socket_fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_fd) return fail_errno(ES_BAD_ALLOC, "cannot create a socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path.c_str(), path.size());
  // Nobody may connect between bind and chmod: bind gives the file the mode that the socket has (unix(7), Linux).
  fchmod(socket_fd.get(), 0600);
  if (bind(socket_fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(ES_SYSTEM, "cannot bind %s", path.c_str());
  }
  ES_STEP("stream.socket.bound");
  const int result = open_to_callers(socket_fd.get(), path, mode, group);
  if (result != ES_OK) {
    unlink(path.c_str());  // the lock is ours, and so is the file
    return result;
  }
  ES_STEP("stream.socket.open");
  *out = std::move(socket_fd);
  return ES_OK;
}

namespace {

int connect_path(const std::string& path, Fd* out) {
  Fd socket_fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_fd) return fail_errno(ES_BAD_ALLOC, "cannot create a socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  memcpy(address.sun_path, path.c_str(), path.size());
  if (connect(socket_fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    *out = std::move(socket_fd);
    return ES_OK;
  }
  if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR) {
    return fail(ES_NOT_FOUND, "nobody listens at %s", path.c_str());
  }
  if (errno == EAGAIN) return fail(ES_RESOURCE_BUSY, "%s has too many connections waiting; try again", path.c_str());
  if (errno == EACCES) {
    return fail(ES_BAD_ACCESS, "no permission to connect to %s; its owner decides with socketMode and socketGroup",
                path.c_str());
  }
  return fail_errno(ES_SYSTEM, "cannot connect to %s", path.c_str());
}

}  // namespace

int connect_to(const char* name, const std::string& dir, Fd* out) {
  int result = check_name(name);
  if (result != ES_OK) return result;
  std::string path, candidate;
  if (!dir.empty()) {
    result = socket_path(dir, name, &path);
    return result == ES_OK ? connect_path(path, out) : result;
  }
  std::string searched;
  for (uint32_t index = 0; runtime_search(index, &candidate); index++) {
    if (socket_path(candidate, name, &path) != ES_OK) continue;
    result = connect_path(path, out);
    if (result != ES_NOT_FOUND) return result;
    searched += (searched.empty() ? "" : ", ") + candidate;
  }
  return fail(ES_NOT_FOUND, "no stream \"%s\" in %s", name, searched.c_str());
}

}  // namespace es

extern "C" {

int es_runtime_dir(char* path, size_t size) {
  std::string dir;
  const int result = es::runtime_dir(&dir);
  if (result == ES_OK) es::copy_text(path, size, dir.c_str());
  return result;
}

int es_runtime_search(uint32_t index, char* path, size_t size) {
  std::string dir;
  if (!es::runtime_search(index, &dir)) return ES_NOT_FOUND;
  es::copy_text(path, size, dir.c_str());
  return ES_OK;
}

}  // extern "C"
