// An observer: reads a stream's statistics over its own connection, without a seat.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "context.hpp"
#include "stream_info.hpp"

namespace es {

class Observer final : public Pollable {
 public:
  static int open(Context* context, const char* name, const std::string& dir, Observer** out);
  ~Observer() override { context_->forget(id_); }

  Context* context() const { return context_; }
  uint32_t id() const { return id_; }
  // connection 0: a report; else that connection's latency.
  int query(uint64_t connection);
  int report(es_producer_info* info, es_connection_info* out, uint32_t count);
  int latency(uint64_t* connection, es_latency* out);
  int stream_info(uint8_t* out, es_throughput* throughput) const;
  void on_ready(int fd) override;

 private:
  explicit Observer(Context* context) : context_(context), id_(context->next_id()) {}

  // What the message was about: 0 = a report, a connection = its latency. false: not one of these.
  bool take_answer(const Received& received, uint64_t* about);

  Context* context_;
  uint32_t id_;
  Fd socket_;
  Watch watch_;
  bool has_report_ = false;
  bool gone_ = false;
  es_producer_info info_{};
  StreamInfo stream_info_;
  es_throughput throughput_{};
  std::vector<es_connection_info> connections_;
  std::unique_ptr<LatencyMessage> latency_;  // the last one that came
};

}  // namespace es
