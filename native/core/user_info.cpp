#include "user_info.hpp"

#include <algorithm>

#include "status.hpp"

namespace es {

int UserInfo::set(const void* bytes, uint32_t size) {
  if (size > ES_USER_INFO_MAX || (size != 0 && bytes == nullptr)) {
    return fail(ES_BAD_PARAMETER, "user info of %u bytes; at most %u", size, ES_USER_INFO_MAX);
  }
  const auto* first = static_cast<const uint8_t*>(bytes);
  bytes_.assign(first, first + size);
  return ES_OK;
}

bool UserInfo::take(const Received& received) {
  const auto* message = received.as<UserInfoMessage>();
  if (message == nullptr || message->bytes_used > ES_USER_INFO_MAX) return false;
  return set(message->bytes, message->bytes_used) == ES_OK;
}

int UserInfo::send(int socket) const {
  if (bytes_.empty()) return ES_OK;
  auto message = make_message<UserInfoMessage>(MessageType::user_info);
  message.bytes_used = static_cast<uint32_t>(bytes_.size());
  std::copy(bytes_.begin(), bytes_.end(), message.bytes);
  return send_message(socket, message);
}

int UserInfo::copy(uint8_t* out) const {
  std::copy(bytes_.begin(), bytes_.end(), out);
  return static_cast<int>(bytes_.size());
}

}  // namespace es
