// The control socket: whole messages with descriptors, never blocking.
#pragma once

#include <cstring>
#include <type_traits>

#include "fd.hpp"
#include "protocol.hpp"

namespace es {

struct Received {
  alignas(8) uint8_t bytes[kMessageMax];
  size_t size = 0;
  Fd fds[kMessageFdsMax];
  uint32_t fd_count = 0;

  MessageType type() const;
  // Closes the descriptors that nobody took.
  void drop_fds();
  // The message as T, or nullptr when it is shorter than that.
  template <class T>
  const T* as() const {
    static_assert(std::is_trivially_copyable_v<T>);
    return size >= sizeof(T) ? reinterpret_cast<const T*>(bytes) : nullptr;
  }
};

// ES_OK; ES_WOULD_BLOCK: the peer does not read; ES_CLOSED: it is gone.
int send_bytes(int socket, const void* message, size_t size, const int* fds, uint32_t fd_count);

// Not only deaf: it closed its end, and whoever watches this one will hear of it.
bool peer_has_closed(int socket);
// What was sent and not read yet, with the kernel's own share.
uint32_t unread_bytes(int socket);

// ES_OK; ES_WOULD_BLOCK: nothing there; ES_CLOSED: peer gone; ES_BAD_PROTOCOL: not one of ours.
int receive(int socket, Received* out);

template <class T>
T make_message(MessageType type, size_t size = sizeof(T)) {
  static_assert(std::is_trivially_copyable_v<T>);
  T message;
  memset(static_cast<void*>(&message), 0, sizeof message);
  message.header.magic = kMagic;
  message.header.version = kVersionMax;
  message.header.type = static_cast<uint16_t>(type);
  message.header.size = static_cast<uint32_t>(size);
  return message;
}

template <class T>
int send_message(int socket, const T& message, const int* fds = nullptr, uint32_t fd_count = 0) {
  return send_bytes(socket, &message, sizeof message, fds, fd_count);
}

int send_refused(int socket, int code, const char* text);
int send_bye(int socket, es_cause cause, const char* text);

}  // namespace es
