// The C ABI of edgestream_info.h: argument checks and the context's lock; then one call into the core.
#include "consumer.hpp"
#include "observer.hpp"
#include "producer.hpp"
#include "status.hpp"

namespace es {

namespace {

Producer* core(es_producer* handle) { return reinterpret_cast<Producer*>(handle); }
Consumer* core(es_consumer* handle) { return reinterpret_cast<Consumer*>(handle); }
Observer* core(es_observer* handle) { return reinterpret_cast<Observer*>(handle); }

int missing_argument(const char* function) { return fail(ES_BAD_PARAMETER, "%s: an argument is NULL", function); }

}  // namespace
}  // namespace es

using namespace es;

extern "C" {

int es_producer_set_stream_info(es_producer* producer, const void* bytes, uint32_t size) {
  if (producer == nullptr) return missing_argument("es_producer_set_stream_info");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->set_stream_info(bytes, size);
}

int es_producer_stream_info(es_producer* producer, uint8_t out[ES_STREAM_INFO_MAX], es_throughput* throughput) {
  if (producer == nullptr || out == nullptr) return missing_argument("es_producer_stream_info");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->stream_info(out, throughput);
}

int es_consumer_stream_info(es_consumer* consumer, uint8_t out[ES_STREAM_INFO_MAX]) {
  if (consumer == nullptr || out == nullptr) return missing_argument("es_consumer_stream_info");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->stream_info(out);
}

int es_observer_stream_info(es_observer* observer, uint8_t out[ES_STREAM_INFO_MAX], es_throughput* throughput) {
  if (observer == nullptr || out == nullptr) return missing_argument("es_observer_stream_info");
  std::unique_lock lock(core(observer)->context()->mutex);
  return core(observer)->stream_info(out, throughput);
}

int es_consumer_set_latency(es_consumer* consumer, uint32_t latency_us) {
  if (consumer == nullptr) return missing_argument("es_consumer_set_latency");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->set_latency(latency_us);
}

int es_producer_newest(es_producer* producer, es_mark* out) {
  if (producer == nullptr || out == nullptr) return missing_argument("es_producer_newest");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->newest(out);
}

int es_consumer_marks(es_consumer* consumer, es_mark* newest, es_mark* acquired) {
  if (consumer == nullptr || newest == nullptr || acquired == nullptr) return missing_argument("es_consumer_marks");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->marks(newest, acquired);
}

}  // extern "C"
