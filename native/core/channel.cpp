#include "channel.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "status.hpp"

namespace es {

void Received::drop_fds() {
  for (uint32_t index = 0; index < fd_count; index++) fds[index].reset();
  fd_count = 0;
}

MessageType Received::type() const {
  return static_cast<MessageType>(reinterpret_cast<const MessageHeader*>(bytes)->type);
}

int send_bytes(int socket, const void* message, size_t size, const int* fds, uint32_t fd_count) {
  iovec part{const_cast<void*>(message), size};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMessageFdsMax)] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (fd_count != 0) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
    cmsghdr* cmsg = CMSG_FIRSTHDR(&header);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
    memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * fd_count);
  }
  ssize_t sent;
  do {
    sent = sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent == static_cast<ssize_t>(size)) return ES_OK;
  // ETOOMANYREFS: more descriptors under way than a process may have open.
  if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS)) return ES_WOULD_BLOCK;
  return ES_CLOSED;
}

bool peer_has_closed(int socket) {
  pollfd end{socket, 0, 0};
  return poll(&end, 1, 0) == 1 && (end.revents & POLLHUP) != 0;
}

uint32_t unread_bytes(int socket) {
  int bytes = 0;
  return ioctl(socket, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<uint32_t>(bytes) : 0;
}

namespace {

// Descriptors are taken over before anything is judged, so that none leaks from a bad message.
void take_descriptors(msghdr* header, Received* out) {
  for (cmsghdr* cmsg = CMSG_FIRSTHDR(header); cmsg != nullptr; cmsg = CMSG_NXTHDR(header, cmsg)) {
    if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < count; index++) {
      int fd;
      memcpy(&fd, CMSG_DATA(cmsg) + index * sizeof(int), sizeof fd);
      Fd owned(fd);
      if (out->fd_count < kMessageFdsMax) out->fds[out->fd_count++] = std::move(owned);
    }
  }
}

// Those that a message brought count already.
bool descriptor_left(int socket) { return static_cast<bool>(Fd(fcntl(socket, F_DUPFD_CLOEXEC, 0))); }

}  // namespace

int receive(int socket, Received* out) {
  out->drop_fds();
  iovec part{out->bytes, sizeof out->bytes};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMessageFdsMax)];
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t size;
  bool reset = false;  // told once, before what still waits: a peer closed without reading all of our messages
  do {
    size = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && (errno == EINTR || (errno == ECONNRESET && !std::exchange(reset, true))));
  if (size < 0) return errno == EAGAIN ? ES_WOULD_BLOCK : ES_CLOSED;
  take_descriptors(&header, out);
  if (size == 0) return ES_CLOSED;
  out->size = static_cast<size_t>(size);
  const auto* head = out->as<MessageHeader>();
  if ((header.msg_flags & MSG_CTRUNC) != 0 && !descriptor_left(socket)) {
    return fail(ES_BAD_ALLOC, "no descriptor is left in this process; raise its limit (ulimit -n)");
  }
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return fail(ES_BAD_PROTOCOL, "a message of more than %u bytes or %u descriptors", kMessageMax, kMessageFdsMax);
  }
  if (head == nullptr || head->magic != kMagic) return fail(ES_BAD_PROTOCOL, "the peer does not speak edgestream");
  if (head->size != out->size) {
    return fail(ES_BAD_PROTOCOL, "a message says it has %u bytes but has %zu", head->size, out->size);
  }
  return ES_OK;
}

int send_refused(int socket, int code, const char* text) {
  auto message = make_message<RefusedMessage>(MessageType::refused);
  message.code = code;
  copy_text(message.text, sizeof message.text, text);
  return send_message(socket, message);
}

int send_bye(int socket, es_cause cause, const char* text) {
  auto message = make_message<ByeMessage>(MessageType::bye);
  message.cause = cause;
  copy_text(message.text, sizeof message.text, text);
  return send_message(socket, message);
}

}  // namespace es
