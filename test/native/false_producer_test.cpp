// A producer that is none: what it says to a consumer has bounds.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "check.hpp"
#include "edgestream.h"
#include "channel.hpp"
#include "fd.hpp"
#include "protocol.hpp"

namespace {

// Listens under a name as a producer would, and takes one consumer.
class FalseProducer {
 public:
  FalseProducer() {
    CHECK(mkdtemp(directory_) != nullptr);
    listening_ = es::Fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_ = std::string(directory_) + "/false.sock";
    strcpy(address.sun_path, path_.c_str());
    CHECK(bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    CHECK(listen(listening_.get(), 1) == 0);
  }
  ~FalseProducer() {
    unlink(path_.c_str());
    rmdir(directory_);
  }

  const char* directory() const { return directory_; }
  void accept_peer() { peer_ = es::Fd(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)); }
  void say_layout(uint32_t number) {
    auto layout = es::make_message<es::LayoutMessage>(es::MessageType::layout);
    layout.layout = number;
    CHECK_OK(es_format_init(&layout.format, "GRAY8", 64, 8));
    send(peer_.get(), &layout, sizeof layout, MSG_NOSIGNAL);
  }

 private:
  char directory_[32] = "/tmp/edgestream-false-XXXXXX";
  std::string path_;
  es::Fd listening_, peer_;
};

}  // namespace

TEST("of layouts announced without end, a consumer remembers those it has memory of, and the newest") {
  FalseProducer producer;
  es_context* context = nullptr;
  CHECK_OK(es_context_create(&context));
  es_consumer_options options{};
  options.policy.capacity = 1;
  options.policy.when_full = ES_FULL_OVERWRITE;
  options.policy.max_held = 1;
  options.runtime_dir = producer.directory();
  es_consumer* consumer = nullptr;
  CHECK_OK(es_open_consumer(context, "false", &options, &consumer));
  producer.accept_peer();
  for (uint32_t number = 1; number <= 2000; number++) {
    producer.say_layout(number);
    CHECK(es_dispatch(context) >= 0);
  }
  es_format format;
  CHECK_OK(es_consumer_format(consumer, 2000, &format));
  for (uint32_t number = 1; number < 2000; number++) {
    CHECK_RESULT(es_consumer_format(consumer, number, &format), ES_BAD_PARAMETER);
  }
  es_context_destroy(context);
}
