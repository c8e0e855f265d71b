#include "observer.hpp"

#include <algorithm>
#include <cerrno>

#include "runtime_dir.hpp"
#include "status.hpp"

namespace es {

int Observer::open(Context* context, const char* name, const std::string& dir, Observer** out) {
  std::unique_ptr<Observer> observer(new Observer(context));
  int result = connect_to(name, dir, &observer->socket_);
  if (result != ES_OK) return result;
  auto hello = make_message<HelloMessage>(MessageType::hello);
  hello.header.version = kVersionMin;
  hello.kind = static_cast<uint32_t>(Kind::observe);
  hello.version_min = kVersionMin;
  hello.version_max = kVersionMax;
  hello.pid = getpid();
  copy_text(hello.stream, sizeof hello.stream, name);
  copy_text(hello.client, sizeof hello.client, program_invocation_short_name);
  if (send_message(observer->socket_.get(), hello) != ES_OK) {
    return fail(ES_NOT_FOUND, "stream \"%s\" closed the connection", name);
  }
  result = context->watch(observer->socket_.get(), observer.get(), &observer->watch_);
  if (result != ES_OK) return result;
  *out = observer.get();
  context->observers.push_back(std::move(observer));
  return ES_OK;
}

int Observer::query(uint64_t connection) {
  if (gone_) return ES_CLOSED;
  auto message = make_message<QueryMessage>(MessageType::query);
  message.connection = connection;
  const int result = send_message(socket_.get(), message);
  return result == ES_WOULD_BLOCK ? ES_OK : result;  // the answer to an earlier one is on its way
}

bool Observer::take_answer(const Received& received, uint64_t* about) {
  if (received.type() == MessageType::latency) {
    const auto* message = received.as<LatencyMessage>();
    if (message == nullptr || message->connection == 0) return false;
    latency_ = std::make_unique<LatencyMessage>(*message);
    *about = message->connection;
    return true;
  }
  const auto* report = received.as<ReportMessage>();
  if (received.type() != MessageType::report || report == nullptr || report->connection_count > ES_CONSUMERS_MAX ||
      received.size != sizeof *report + report->connection_count * sizeof(es_connection_info)) {
    return false;
  }
  info_ = report->info;
  const auto* first = reinterpret_cast<const es_connection_info*>(received.bytes + sizeof *report);
  connections_.assign(first, first + report->connection_count);
  has_report_ = true;
  *about = 0;
  return true;
}

void Observer::on_ready(int fd) {
  Received* received = context_->received();
  const int result = receive(fd, received);
  if (result == ES_WOULD_BLOCK || (result == ES_OK && received->type() == MessageType::pending)) return;
  const bool is_info = result == ES_OK && received->type() == MessageType::stream_info;
  if (is_info && stream_info_.take(*received, &throughput_)) return;  // its report follows
  es_event event{};
  event.kind = ES_EVENT_REPORT;
  event.object = id_;
  if (result != ES_OK || !take_answer(*received, &event.connection)) {
    gone_ = true;
    watch_.reset();
    socket_.reset();
    event.code = ES_CLOSED;
  }
  context_->queue(event);
}

int Observer::latency(uint64_t* connection, es_latency* out) {
  if (gone_) return fail(ES_BAD_STREAM, "the stream is gone");
  if (latency_ == nullptr) return fail(ES_BAD_STATE, "no latency has come yet");
  if (connection != nullptr) *connection = latency_->connection;
  *out = latency_->latency;
  return ES_OK;
}

int Observer::report(es_producer_info* info, es_connection_info* out, uint32_t count) {
  if (gone_) return fail(ES_BAD_STREAM, "the stream is gone");
  if (!has_report_) return fail(ES_BAD_STATE, "no report has come yet");
  *info = info_;
  const auto filled = std::min(count, static_cast<uint32_t>(connections_.size()));
  std::copy_n(connections_.begin(), filled, out);
  return static_cast<int>(connections_.size());
}

}  // namespace es
