// The C ABI of edgestream_verbs.h: argument checks and the context's lock; then one call into the core.
#include "consumer.hpp"
#include "producer.hpp"
#include "status.hpp"

namespace es {

namespace {

Producer* core(es_producer* handle) { return reinterpret_cast<Producer*>(handle); }
Consumer* core(es_consumer* handle) { return reinterpret_cast<Consumer*>(handle); }

int missing_argument(const char* function) { return fail(ES_BAD_PARAMETER, "%s: an argument is NULL", function); }

}  // namespace
}  // namespace es

using namespace es;

extern "C" {

int es_producer_watch_drops(es_producer* producer, int watch) {
  if (producer == nullptr) return missing_argument("es_producer_watch_drops");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->watch_drops(watch != 0);
}

int es_producer_reset(es_producer* producer) {
  if (producer == nullptr) return missing_argument("es_producer_reset");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->reset();
}

int es_producer_pause(es_producer* producer, int pause) {
  if (producer == nullptr) return missing_argument("es_producer_pause");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->pause(pause != 0);
}

int es_producer_paused(es_producer* producer, uint64_t* dropped) {
  if (producer == nullptr) return missing_argument("es_producer_paused");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->paused(dropped) ? 1 : 0;
}

int es_consumer_peek(es_consumer* consumer, es_pending* out) {
  if (consumer == nullptr || out == nullptr) return missing_argument("es_consumer_peek");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->peek(out);
}

int es_consumer_arm(es_consumer* consumer) {
  if (consumer == nullptr) return missing_argument("es_consumer_arm");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->arm();
}

int es_producer_set_metadata(es_producer* producer, uint32_t block, uint32_t offset, const void* bytes,
                             uint32_t size) {
  if (producer == nullptr) return missing_argument("es_producer_set_metadata");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->set_metadata(block, offset, bytes, size);
}

int es_consumer_metadata_block(es_consumer* consumer, uint64_t lease, uint32_t block, const uint8_t** data,
                               uint32_t* size) {
  if (consumer == nullptr || data == nullptr || size == nullptr) {
    return missing_argument("es_consumer_metadata_block");
  }
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->metadata_block(lease, block, data, size);
}

int es_producer_set_user_info(es_producer* producer, const void* bytes, uint32_t size) {
  if (producer == nullptr) return missing_argument("es_producer_set_user_info");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->set_user_info(bytes, size);
}

int es_consumer_set_user_info(es_consumer* consumer, const void* bytes, uint32_t size) {
  if (consumer == nullptr) return missing_argument("es_consumer_set_user_info");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->set_user_info(bytes, size);
}

int es_producer_user_info(es_producer* producer, uint64_t connection, uint8_t out[ES_USER_INFO_MAX]) {
  if (producer == nullptr || out == nullptr) return missing_argument("es_producer_user_info");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->user_info(connection, out);
}

int es_consumer_user_info(es_consumer* consumer, uint8_t out[ES_USER_INFO_MAX]) {
  if (consumer == nullptr || out == nullptr) return missing_argument("es_consumer_user_info");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->user_info(out);
}

}  // extern "C"
