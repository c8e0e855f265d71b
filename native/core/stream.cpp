#include "stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "consumer.hpp"
#include "producer.hpp"
#include "runtime_dir.hpp"
#include "status.hpp"
#include "step.hpp"

namespace es {

namespace {
constexpr uint32_t kHandshakesPerSecond = 500;       // default; more than that wait in the socket's backlog
constexpr int64_t kHelloTimeout = 2'000'000'000;     // ns a caller may take to say hello
constexpr int64_t kRetryAccept = 50'000'000;         // ns until accept is tried again after a limit
constexpr size_t kSilentCallersMax = 64;             // callers that have not said hello; the oldest goes first
constexpr size_t kParkedMax = ES_CONSUMERS_MAX;      // callers that wait for a producer
constexpr int64_t kSecond = 1'000'000'000;
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif
}  // namespace

Stream::Caller::Caller(Stream* stream_in, Fd socket_in, bool in_process_in) : stream(stream_in), since(es_now()) {
  guest.socket = std::move(socket_in);
  guest.in_process = in_process_in;
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (getsockopt(guest.socket.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
    guest.pid = credentials.pid;
    guest.uid = static_cast<int32_t>(credentials.uid);
  }
}

Stream::Stream(Context* context, const es_stream_options& options)
    : context_(context),
      id_(context->next_id()),
      name_(options.name == nullptr ? "" : options.name),
      strict_(options.strict != 0),
      rate_(options.handshakes_per_second == 0 ? kHandshakesPerSecond : options.handshakes_per_second),
      later_(context, [this] {
        drop_silent_callers();
        if (listening_ && !watch_.active()) context_->watch(listening_.get(), this, &watch_);
      }) {}

int Stream::create(Context* context, const es_stream_options& options, Stream** out) {
  std::unique_ptr<Stream> stream(new Stream(context, options));
  if (options.name != nullptr) {
    int result = check_name(options.name);
    if (result == ES_OK) {
      if (options.runtime_dir != nullptr) {
        stream->dir_ = options.runtime_dir;
      } else {
        result = runtime_dir(&stream->dir_);
      }
    }
    if (result == ES_OK) result = es::socket_path(stream->dir_, options.name, &stream->path_);
    if (result == ES_OK) result = lock_name(stream->dir_, options.name, &stream->lock_);
    if (result == ES_OK) {
      ES_STEP("stream.name.locked");
      const uint32_t mode = options.socket_mode == 0 ? 0600 : options.socket_mode;
      result = listen_at(stream->path_, mode, options.socket_group, &stream->listening_);
    }
    // Nobody has a descriptor to send us, and closing a stranger's may wait. Linux 6.16; older ones ignore it.
    const int off = 0;
    if (result == ES_OK) setsockopt(stream->listening_.get(), SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off);
    if (result == ES_OK) result = context->watch(stream->listening_.get(), stream.get(), &stream->watch_);
    if (result != ES_OK) return result;
  }
  *out = stream.get();
  context->streams.push_back(std::move(stream));
  return ES_OK;
}

Stream::~Stream() {
  close();
  context_->forget(id_);
}

void Stream::close() {
  if (closed_) return;
  closed_ = true;
  watch_.reset();
  later_.clear();
  if (listening_) unlink(path_.c_str());
  ES_STEP("stream.close.unlinked");
  listening_.reset();
  unlock_name(dir_, name_.c_str(), std::move(lock_));
  ES_STEP("stream.close.unlocked");
  for (const auto& caller : callers_) send_bye(caller->guest.socket.get(), ES_CAUSE_STOPPED, "the stream was closed");
  callers_.clear();
  remote_.reset();
  if (producer_ != nullptr) producer_->stream_gone();
  producer_ = nullptr;
}

int Stream::connect_producer(const es_producer_options& options, Producer** out) {
  if (closed_) return fail(ES_BAD_STREAM, "the stream is closed");
  if (producer_ != nullptr || remote_ != nullptr) {
    return fail(strict_ ? ES_BAD_STATE : ES_RESOURCE_BUSY, "the stream has a producer already");
  }
  if (strict_ && (ended_ || parked_consumers() == 0)) {
    return fail(ES_BAD_STATE, ended_ ? "a strict stream ends with its first connection"
                                     : "a strict stream wants its consumer connected before its producer");
  }
  const int result = Producer::create(context_, options, this, out);
  if (result != ES_OK) return result;
  producer_ = *out;
  announce_producer(true);
  hand_over_parked();
  return ES_OK;
}

int Stream::connect_consumer(const es_consumer_options& options, Consumer** out) {
  if (closed_) return fail(ES_BAD_STREAM, "the stream is closed");
  if (strict_ && had_consumer_) return fail(ES_BAD_STATE, "a strict stream takes one consumer in its life");
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) {
    return fail_errno(ES_BAD_ALLOC, "cannot create a socket pair");
  }
  Fd ours(pair[0]), theirs(pair[1]);
  const int result = Consumer::create(context_, std::move(theirs), name_.c_str(), options, true, out);
  if (result != ES_OK) return result;
  had_consumer_ = true;
  add_caller(std::move(ours), true);
  return ES_OK;
}

// ---------------------------------------------------------------- callers

void Stream::on_ready(int) { accept_callers(); }

void Stream::accept_callers() {
  for (;;) {
    const int64_t now = es_now();
    if (now - window_start_ >= kSecond) {
      window_start_ = now;
      window_count_ = 0;
    }
    if (window_count_ >= rate_) {
      watch_.reset();
      later_.set(window_start_ + kSecond);
      return;
    }
    Fd socket(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EAGAIN) return;
      drop_silent_callers();  // no descriptor left: try again a little later instead of spinning
      watch_.reset();
      later_.set(now + kRetryAccept);
      return;
    }
    window_count_++;
    add_caller(std::move(socket), false);
  }
}

void Stream::add_caller(Fd socket, bool in_process) {
  auto caller = std::make_unique<Caller>(this, std::move(socket), in_process);
  Caller* pointer = caller.get();
  if (context_->watch(caller->guest.socket.get(), pointer, &caller->watch) != ES_OK) return;
  callers_.push_back(std::move(caller));
  // A proper peer says hello before it waits, so its message is here already; who says nothing is only a number.
  caller_ready(pointer, pointer->guest.socket.get());
  size_t silent = 0;
  for (const auto& other : callers_) silent += !other->said_hello;
  if (silent > kSilentCallersMax) {
    const auto oldest = std::find_if(callers_.begin(), callers_.end(), [](const auto& c) { return !c->said_hello; });
    callers_.erase(oldest);
  }
  if (silent != 0 && !later_.is_set()) later_.set(es_now() + kHelloTimeout);
}

void Stream::drop_silent_callers() {
  const int64_t now = es_now();
  std::erase_if(callers_, [now](const auto& c) { return !c->said_hello && now - c->since >= kHelloTimeout; });
  const bool rest = std::any_of(callers_.begin(), callers_.end(), [](const auto& c) { return !c->said_hello; });
  if (rest && !later_.is_set()) later_.set(now + kHelloTimeout);
}

void Stream::caller_ready(Caller* caller, int fd) {
  Received* received = context_->received();
  const int result = receive(fd, received);
  if (result == ES_WOULD_BLOCK) return;
  if (result == ES_OK && caller->said_hello && received->type() == MessageType::query) return answer_query(caller);
  if (result == ES_CLOSED || caller->said_hello) {  // gone, goodbye, or nonsense
    if (caller->said_hello && caller->guest.hello.kind == static_cast<uint32_t>(Kind::consume)) consumer_gone();
    return drop(caller);
  }
  if (result != ES_OK) return refuse(caller, ES_BAD_PROTOCOL, es_last_error());
  const int verdict = judge_hello(caller, *received);
  if (verdict != ES_OK) return refuse(caller, verdict, es_last_error());
  caller->said_hello = true;
  seat_or_park(caller);
}

int Stream::judge_hello(Caller* caller, const Received& received) {
  const auto* hello = received.as<HelloMessage>();
  if (received.type() != MessageType::hello || hello == nullptr || received.size != sizeof *hello) {
    return fail(ES_BAD_PROTOCOL, "the first message must be a hello of %zu bytes", sizeof *hello);
  }
  if (hello->version_min > kVersionMax || hello->version_max < kVersionMin) {
    return fail(ES_BAD_PROTOCOL, "the peer speaks protocol %u to %u, this side %u to %u; update the older one",
                hello->version_min, hello->version_max, kVersionMin, kVersionMax);
  }
  caller->guest.hello = *hello;
  HelloMessage& own = caller->guest.hello;
  terminate_texts(&own);
  if (own.kind < 1 || own.kind > 3) return fail(ES_BAD_PROTOCOL, "unknown kind of peer %u", own.kind);
  if (own.kind == static_cast<uint32_t>(Kind::consume) && strict_) {
    if (ended_ || producer_ != nullptr || remote_ != nullptr || parked_consumers() != 0) {
      return fail(ES_BAD_STATE, "a strict stream takes one consumer, before its producer");
    }
    had_consumer_ = true;
    own.policy.on_disconnect = ES_DISCONNECT_DROP;  // EGL drains nothing
  }
  return ES_OK;
}

uint32_t Stream::parked_consumers() const {
  uint32_t count = 0;
  for (const auto& caller : callers_) {
    count += caller->said_hello && caller->guest.hello.kind == static_cast<uint32_t>(Kind::consume);
  }
  return count;
}

void Stream::seat_or_park(Caller* caller) {
  if (caller->guest.hello.kind == static_cast<uint32_t>(Kind::produce)) return become_remote_producer(caller);
  if (producer_ != nullptr || remote_ != nullptr) return hand_over(caller);
  size_t parked = 0;
  const uint32_t kind = caller->guest.hello.kind;
  for (const auto& other : callers_) parked += other->said_hello && other->guest.hello.kind == kind;
  if (parked > kParkedMax) return refuse(caller, ES_REFUSED, "too many wait for a producer already");
  if (caller->guest.hello.kind == static_cast<uint32_t>(Kind::consume)) {
    send_message(caller->guest.socket.get(), make_message<PendingMessage>(MessageType::pending));
  }
}

void Stream::hand_over(Caller* caller) {
  caller->watch.reset();
  if (producer_ != nullptr) {
    producer_->adopt(std::move(caller->guest));
  } else {
    auto offer = make_message<OfferMessage>(MessageType::offer);
    offer.hello = caller->guest.hello;
    offer.peer_pid = caller->guest.pid;
    offer.peer_uid = caller->guest.uid;
    const int fd = caller->guest.socket.get();
    if (send_message(remote_->socket.get(), offer, &fd, 1) != ES_OK) {
      send_refused(fd, ES_REFUSED, "the producer does not answer");
    }
  }
  drop(caller);
}

void Stream::hand_over_parked() {
  std::vector<Caller*> waiting;
  for (const auto& caller : callers_) {
    if (caller->said_hello) waiting.push_back(caller.get());
  }
  for (Caller* caller : waiting) hand_over(caller);
}

void Stream::answer_query(Caller* caller) {
  auto report = make_message<ReportMessage>(MessageType::report);
  report.info.state = parked_consumers() == 0 ? ES_STATE_CREATED : ES_STATE_CONNECTING;
  if (send_message(caller->guest.socket.get(), report) == ES_CLOSED) drop(caller);
}

void Stream::refuse(Caller* caller, int code, const char* text) {
  es_event event{};
  event.kind = ES_EVENT_REFUSED;
  event.object = id_;
  event.code = code;
  copy_text(event.text, sizeof event.text, text);
  send_refused(caller->guest.socket.get(), code, text);
  drop(caller);
  context_->queue(event);
}

void Stream::drop(const Caller* caller) {
  std::erase_if(callers_, [caller](const auto& other) { return other.get() == caller; });
}

// ---------------------------------------------------------------- producers

void Stream::become_remote_producer(Caller* caller) {
  if (producer_ != nullptr || remote_ != nullptr) {
    return refuse(caller, ES_RESOURCE_BUSY, "the stream has a producer already");
  }
  if (strict_ && (ended_ || parked_consumers() == 0)) {
    return refuse(caller, ES_BAD_STATE, "a strict stream wants its consumer connected before its producer");
  }
  remote_ = std::make_unique<RemoteProducer>(this);
  caller->watch.reset();
  remote_->socket = std::move(caller->guest.socket);
  drop(caller);
  if (context_->watch(remote_->socket.get(), remote_.get(), &remote_->watch) != ES_OK) return remote_.reset();
  hand_over_parked();  // first, so that a producer that was granted knows of everyone who waited for it
  send_message(remote_->socket.get(), make_message<GrantedMessage>(MessageType::granted));
  announce_producer(true);
}

void Stream::RemoteProducer::on_ready(int fd) {
  Received* received = stream->context_->received();
  if (receive(fd, received) == ES_WOULD_BLOCK) return;
  Stream* owner = stream;  // a producer says nothing on this socket but goodbye
  owner->ended_ = owner->ended_ || owner->strict_;
  owner->remote_.reset();
  owner->announce_producer(false);
}

void Stream::producer_gone() {
  producer_ = nullptr;
  ended_ = ended_ || strict_;
  if (!closed_) announce_producer(false);
}

void Stream::announce_producer(bool present) {
  es_event event{};
  event.kind = ES_EVENT_PRODUCER;
  event.object = id_;
  event.code = present;
  context_->queue(event);
}

}  // namespace es
