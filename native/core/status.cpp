#include "status.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace es {

namespace {
thread_local char last_error[512] = "";
}

int fail(int code, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(last_error, sizeof last_error, format, arguments);
  va_end(arguments);
  return code;
}

int fail_errno(int code, const char* format, ...) {
  const int number = errno;
  va_list arguments;
  va_start(arguments, format);
  int used = vsnprintf(last_error, sizeof last_error, format, arguments);
  va_end(arguments);
  if (used < 0) used = 0;
  if (static_cast<size_t>(used) < sizeof last_error) {
    snprintf(last_error + used, sizeof last_error - static_cast<size_t>(used), ": %s", strerror(number));
  }
  errno = number;
  return code;
}

void copy_text(char* target, size_t size, const char* source) {
  const size_t length = source == nullptr ? 0 : strnlen(source, size - 1);
  if (length != 0) memcpy(target, source, length);
  memset(target + length, 0, size - length);
}

bool is_eviction(es_cause cause) {
  return (cause >= ES_CAUSE_EVICTED_LAG && cause <= ES_CAUSE_EVICTED_REQUEST) || cause == ES_CAUSE_EVICTED_HOLD;
}

}  // namespace es

extern "C" {

const char* es_last_error(void) { return es::last_error; }

const char* es_error_string(int result) {
  switch (result) {
    case ES_OK: return "ok";
    case ES_WOULD_BLOCK: return "would-block";
    case ES_TIMEOUT: return "timeout";
    case ES_CLOSED: return "closed";
    case ES_EVICTED: return "evicted";
    case ES_ABORTED: return "aborted";
    case ES_BAD_STATE: return "ERR_BAD_STATE";
    case ES_BAD_ACCESS: return "ERR_BAD_ACCESS";
    case ES_BAD_ATTRIBUTE: return "ERR_BAD_ATTRIBUTE";
    case ES_BAD_PARAMETER: return "ERR_BAD_PARAMETER";
    case ES_BAD_MATCH: return "ERR_BAD_MATCH";
    case ES_BAD_ALLOC: return "ERR_BAD_ALLOC";
    case ES_BAD_STREAM: return "ERR_BAD_STREAM";
    case ES_RESOURCE_BUSY: return "ERR_RESOURCE_BUSY";
    case ES_NOT_FOUND: return "ERR_NOT_FOUND";
    case ES_REFUSED: return "ERR_REFUSED";
    case ES_BAD_PROTOCOL: return "ERR_BAD_PROTOCOL";
    case ES_SYSTEM: return "ERR_SYSTEM";
    default: return "ERR_UNKNOWN";
  }
}

const char* es_state_string(int state) {
  static const char* const names[] = {"initializing",        "created",             "connecting",  "empty",
                                      "new-frame-available", "old-frame-available", "disconnected"};
  return state >= 0 && state <= ES_STATE_DISCONNECTED ? names[state] : "unknown";
}

const char* es_cause_string(int cause) {
  static const char* const names[] = {"none",          "ended",         "stopped",           "producer-closed",
                                      "producer-lost", "consumer-closed", "consumer-lost",   "evicted-lag",
                                      "evicted-stall", "evicted-violation", "evicted-request", "refused",
                                      "evicted-hold"};
  return cause >= 0 && cause <= ES_CAUSE_EVICTED_HOLD ? names[cause] : "unknown";
}

}  // extern "C"
