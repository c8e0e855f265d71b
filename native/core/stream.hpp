// A stream: a name and a place to meet. It takes callers in, reads their hello, and hands them to the producer:
// its own, or the one that connected from another process. Until there is one, consumers and observers wait here.
#pragma once

#include <string>
#include <vector>

#include "guest.hpp"

namespace es {

class Stream final : public Pollable {
 public:
  static int create(Context* context, const es_stream_options& options, Stream** out);
  ~Stream() override;

  Context* context() const { return context_; }
  uint32_t id() const { return id_; }
  const char* socket_path() const { return path_.c_str(); }
  int connect_producer(const es_producer_options& options, Producer** out);
  int connect_consumer(const es_consumer_options& options, Consumer** out);
  void close();
  bool closed() const { return closed_; }

  void on_ready(int fd) override;
  // The local producer is gone.
  void producer_gone();
  // strict: a consumer's seat ended, so the stream did.
  void consumer_gone() { ended_ = ended_ || strict_; }
  bool strict() const { return strict_; }

 private:
  // One caller between accept and its seat.
  struct Caller final : Pollable {
    Caller(Stream* stream_in, Fd socket_in, bool in_process_in);
    void on_ready(int fd) override { stream->caller_ready(this, fd); }
    Stream* stream;
    Guest guest;
    Watch watch;
    bool said_hello = false;
    int64_t since;
  };
  // A producer of another process that serves this name.
  struct RemoteProducer final : Pollable {
    explicit RemoteProducer(Stream* stream_in) : stream(stream_in) {}
    void on_ready(int fd) override;
    Stream* stream;
    Fd socket;
    Watch watch;
  };

  Stream(Context* context, const es_stream_options& options);
  void accept_callers();
  void add_caller(Fd socket, bool in_process);
  void caller_ready(Caller* caller, int fd);
  int judge_hello(Caller* caller, const Received& received);
  void seat_or_park(Caller* caller);
  void hand_over(Caller* caller);
  void hand_over_parked();
  void become_remote_producer(Caller* caller);
  void answer_query(Caller* caller);
  void refuse(Caller* caller, int code, const char* text);
  void drop(const Caller* caller);
  void drop_silent_callers();
  uint32_t parked_consumers() const;
  void announce_producer(bool present);

  Context* context_;
  uint32_t id_;
  std::string name_, dir_, path_;
  bool strict_;
  bool closed_ = false;
  bool ended_ = false;   // strict: terminal
  bool had_consumer_ = false;
  uint32_t rate_;        // hand-shakes per second
  int64_t window_start_ = 0;
  uint32_t window_count_ = 0;
  Fd lock_, listening_;
  Watch watch_;
  Deadline later_;
  std::vector<std::unique_ptr<Caller>> callers_;
  Producer* producer_ = nullptr;
  std::unique_ptr<RemoteProducer> remote_;
};

}  // namespace es
