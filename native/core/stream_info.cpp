#include "stream_info.hpp"

#include <algorithm>

#include "consumer.hpp"
#include "observer.hpp"
#include "producer.hpp"
#include "status.hpp"

namespace es {

namespace {

constexpr int64_t kRetry = 100 * kMillisecond;  // for a consumer that does not read
// What it has not read by then is enough: the rest of its socket is for memory and goodbyes.
constexpr uint32_t kUnreadMax = 16384;

}  // namespace

int StreamInfo::set(const void* bytes, uint32_t size) {
  if (size > ES_STREAM_INFO_MAX || (size != 0 && bytes == nullptr)) {
    return fail(ES_BAD_PARAMETER, "stream info of %u bytes; at most %u", size, ES_STREAM_INFO_MAX);
  }
  const auto* first = static_cast<const uint8_t*>(bytes);
  bytes_.assign(first, first + size);
  return ES_OK;
}

bool StreamInfo::take(const Received& received, es_throughput* throughput) {
  const auto* message = received.as<StreamInfoMessage>();
  if (message == nullptr || message->bytes_used > ES_STREAM_INFO_MAX ||
      received.size - sizeof *message < message->bytes_used) {
    return false;
  }
  if (throughput != nullptr) *throughput = message->throughput;
  return set(received.bytes + sizeof *message, message->bytes_used) == ES_OK;
}

int StreamInfo::send(int socket, const es_throughput& throughput) const {
  uint8_t bytes[sizeof(StreamInfoMessage) + ES_STREAM_INFO_MAX];
  const size_t size = sizeof(StreamInfoMessage) + bytes_.size();
  auto message = make_message<StreamInfoMessage>(MessageType::stream_info, size);
  message.throughput = throughput;
  message.bytes_used = static_cast<uint32_t>(bytes_.size());
  memcpy(bytes, &message, sizeof message);
  std::copy(bytes_.begin(), bytes_.end(), bytes + sizeof message);
  return send_bytes(socket, bytes, size, nullptr, 0);
}

int StreamInfo::copy(uint8_t* out) const {
  std::copy(bytes_.begin(), bytes_.end(), out);
  return static_cast<int>(bytes_.size());
}

// ---------------------------------------------------------------- the producer

int Producer::set_stream_info(const void* bytes, uint32_t size) {
  if (closed_) return fail(ES_BAD_STREAM, "the producer is closed");
  if (input_closed_) return fail(ES_BAD_STATE, "stream info: there are no more frames");
  const int result = stream_info_.set(bytes, size);
  if (result != ES_OK) return result;
  info_edition_++;
  tell_stream_info();
  return ES_OK;
}

int Producer::stream_info(uint8_t* out, es_throughput* throughput) const {
  if (closed_) return fail(ES_BAD_STREAM, "the producer is closed");
  if (throughput != nullptr) *throughput = throughput_.read(es_now());
  return stream_info_.copy(out);
}

// To whoever does not have the newest edition. One that does not read now gets it later, and only the newest.
void Producer::tell_stream_info() {
  bool owed = false;
  const es_throughput throughput = throughput_.read(es_now());
  for (const auto& connection : connections_) {
    if (connection->phase != Connection::Phase::active || connection->info_told == info_edition_) continue;
    const int socket = connection->guest.socket.get();
    if (unread_bytes(socket) > kUnreadMax || stream_info_.send(socket, throughput) == ES_WOULD_BLOCK) {
      owed = true;
    } else {
      connection->info_told = info_edition_;
    }
  }
  if (owed) info_retry_.set(es_now() + kRetry);
}

// ---------------------------------------------------------------- those who hear of it

int Consumer::on_stream_info(const Received& message) {
  if (!stream_info_.take(message, nullptr)) return fail(ES_BAD_PROTOCOL, "stream info that is none");
  // One event stands for all that is not taken yet: however often a producer tells, other events keep their room.
  if (attached_) context_->queue_wake(ES_EVENT_STREAM_INFO, id_, &info_pending_);
  return ES_OK;
}

int Observer::stream_info(uint8_t* out, es_throughput* throughput) const {
  if (gone_) return fail(ES_BAD_STREAM, "the stream is gone");
  if (throughput != nullptr) *throughput = throughput_;
  return stream_info_.copy(out);
}

}  // namespace es
