/*
 * The same wake-up done by Eclipse iceoryx: two processes play ping-pong with zero-copy samples. One-way time = the
 * receiver's clock after its take minus the sender's clock before its publish. Two ways to wait:
 *
 *   poll   asks the subscriber again and again
 *   wait   asleep in a WaitSet
 *
 * iceoryx <poll|wait> <name> <peer> <serve|return> <warm-up trips> <trips>   ->   {"p50Us": 1.6, "p99Us": 3.1}
 * Its daemon, iox-roudi, must run. The side that serves hits first.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include <iceoryx_hoofs/log/logmanager.hpp>
#include <iceoryx_posh/popo/publisher.hpp>
#include <iceoryx_posh/popo/subscriber.hpp>
#include <iceoryx_posh/popo/wait_set.hpp>
#include <iceoryx_posh/runtime/posh_runtime.hpp>

#include "../limits/measure.h"

namespace {

struct Hit {
  int64_t sent_ns;
  uint8_t more[1016];  // 1 KB in all
};

using Name = iox::capro::IdString_t;
using Subscriber = iox::popo::Subscriber<Hit>;
using Publisher = iox::popo::Publisher<Hit>;

[[noreturn]] void stop_with(const char *what) {
  std::fprintf(stderr, "%s\n", what);
  std::_Exit(1);
}

void hit(Publisher &publisher) {
  publisher.loan()
      .and_then([](auto &sample) {
        sample->sent_ns = now_ns();
        sample.publish();
      })
      .or_else([](auto &) { stop_with("no chunk to loan"); });
}

/** Takes a hit if there is one; 0 if not, else how long it was on its way. */
int64_t take(Subscriber &subscriber) {
  int64_t one_way_ns = 0;
  subscriber.take().and_then([&](auto &sample) { one_way_ns = now_ns() - sample->sent_ns; });
  return one_way_ns;
}

class Player {
 public:
  Player(const char *own, const char *peer, bool polls)
      : publisher_({"bench", "wake", Name(iox::cxx::TruncateToCapacity, own)}),
        subscriber_({"bench", "wake", Name(iox::cxx::TruncateToCapacity, peer)}),
        polls_(polls) {
    if (polls_) return;
    waitset_.attachState(subscriber_, iox::popo::SubscriberState::HAS_DATA).or_else([](auto) {
      stop_with("no place in the WaitSet");
    });
  }

  /** Both directions must stand before the first hit. */
  void meet() {
    for (int tries = 0; !publisher_.hasSubscribers() || !subscribed(); tries++) {
      if (tries == 5000) stop_with("the other side did not come");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  std::vector<int64_t> play(bool serves, size_t trips) {
    std::vector<int64_t> one_way_ns(trips);
    for (size_t trip = 0; trip < trips; trip++) {
      if (serves) hit(publisher_);
      one_way_ns[trip] = receive();
      if (!serves) hit(publisher_);
    }
    return one_way_ns;
  }

 private:
  bool subscribed() const { return subscriber_.getSubscriptionState() == iox::SubscribeState::SUBSCRIBED; }

  int64_t receive() {
    for (;;) {
      if (!polls_) waitset_.wait();
      if (const int64_t one_way_ns = take(subscriber_); one_way_ns != 0) return one_way_ns;
      if (polls_) relax();
    }
  }

  Publisher publisher_;
  Subscriber subscriber_;
  iox::popo::WaitSet<> waitset_;
  bool polls_;
};

}  // namespace

int main(int argc, char **argv) {
  if (argc != 7) stop_with("usage: iceoryx <poll|wait> <name> <peer> <serve|return> <warm-up trips> <trips>");
  const char *own = argv[2];
  const auto warm_up = static_cast<size_t>(std::atol(argv[5]));
  const auto trips = static_cast<size_t>(std::atol(argv[6]));
  iox::log::LogManager::GetLogManager().SetDefaultLogLevel(iox::log::LogLevel::kError,
                                                           iox::log::LogLevelOutput::kHideLogLevel);
  iox::runtime::PoshRuntime::initRuntime(iox::RuntimeName_t(iox::cxx::TruncateToCapacity, own));
  Player player(own, argv[3], std::strcmp(argv[1], "poll") == 0);
  player.meet();
  auto samples = player.play(std::strcmp(argv[4], "serve") == 0, warm_up + trips);
  samples.erase(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(warm_up));
  const double p50 = percentile_us(samples.data(), samples.size(), 50);
  std::printf("{\"p50Us\": %.3f, \"p99Us\": %.3f}\n", p50, percentile_us(samples.data(), samples.size(), 99));
  // The other side may still be reading the last hit.
  std::fflush(stdout);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return 0;
}
