// Where stream sockets live, and who owns a name there.
#pragma once

#include <string>

#include "fd.hpp"

namespace es {

inline constexpr size_t kSocketPathMax = 107;  // sun_path without its zero

// The directory to create streams in; made (0755 for root's /run/edgestream, else 0700) when it is missing.
int runtime_dir(std::string* out);
// The directories to look for streams in. false past the last.
bool runtime_search(uint32_t index, std::string* out);

// 1-63 of [A-Za-z0-9_-].
int check_name(const char* name);
// <dir>/<name>.sock, checked against kSocketPathMax.
int socket_path(const std::string& dir, const char* name, std::string* out);

// Takes <dir>/<name>.lock. ES_RESOURCE_BUSY when a living process has it, in whatever container.
int lock_name(const std::string& dir, const char* name, Fd* out);
void unlock_name(const std::string& dir, const char* name, Fd lock);

// A listening socket at `path`; call it with the name locked. Removes what a dead owner left.
int listen_at(const std::string& path, uint32_t mode, int64_t group, Fd* out);
// Connects to a stream's socket; searches all directories when `dir` is empty. ES_NOT_FOUND when nobody listens.
int connect_to(const char* name, const std::string& dir, Fd* out);

}  // namespace es
