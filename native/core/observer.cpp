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

int Observer::query() {
  if (gone_) return ES_CLOSED;
  const int result = send_message(socket_.get(), make_message<QueryMessage>(MessageType::query));
  return result == ES_WOULD_BLOCK ? ES_OK : result;  // the answer to an earlier one is on its way
}

void Observer::on_ready(int fd) {
  Received* received = context_->received();
  const int result = receive(fd, received);
  if (result == ES_WOULD_BLOCK) return;
  const auto* report = received->as<ReportMessage>();
  if (result == ES_OK && received->type() == MessageType::report && report != nullptr &&
      report->connection_count <= ES_CONSUMERS_MAX &&
      received->size == sizeof *report + report->connection_count * sizeof(es_connection_info)) {
    info_ = report->info;
    const auto* first = reinterpret_cast<const es_connection_info*>(received->bytes + sizeof *report);
    connections_.assign(first, first + report->connection_count);
    has_report_ = true;
  } else if (result == ES_OK && received->type() == MessageType::pending) {
    return;
  } else {
    gone_ = true;
    watch_.reset();
    socket_.reset();
  }
  es_event event{};
  event.kind = ES_EVENT_REPORT;
  event.object = id_;
  event.code = gone_ ? ES_CLOSED : ES_OK;
  context_->queue(event);
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
