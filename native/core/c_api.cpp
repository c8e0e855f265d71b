// The C ABI: argument checks, the context's lock, waits; then one call into the core.
#include <poll.h>
#include <sched.h>

#include <algorithm>

#include "consumer.hpp"
#include "observer.hpp"
#include "producer.hpp"
#include "runtime_dir.hpp"
#include "status.hpp"
#include "stream.hpp"

namespace es {

namespace {

// The opaque C types are the core's own objects.
Context* core(es_context* handle) { return reinterpret_cast<Context*>(handle); }
Stream* core(es_stream* handle) { return reinterpret_cast<Stream*>(handle); }
Producer* core(es_producer* handle) { return reinterpret_cast<Producer*>(handle); }
Consumer* core(es_consumer* handle) { return reinterpret_cast<Consumer*>(handle); }
Observer* core(es_observer* handle) { return reinterpret_cast<Observer*>(handle); }

int missing_argument(const char* function) { return fail(ES_BAD_PARAMETER, "%s: an argument is NULL", function); }

template <class T>
T* find(const std::vector<std::unique_ptr<T>>& objects, uint32_t id) {
  for (const auto& object : objects) {
    if (object->id() == id) return object.get();
  }
  return nullptr;
}

template <class T>
void destroy(std::vector<std::unique_ptr<T>>* objects, const T* object) {
  std::erase_if(*objects, [object](const auto& other) { return other.get() == object; });
}

// Tries until it is not ES_WOULD_BLOCK or the time is over. The object may be closed by another thread meanwhile.
template <class T, class Try>
int wait_for(const std::vector<std::unique_ptr<T>>& objects, T* object, int64_t timeout_us, Try attempt) {
  Context* context = object->context();
  const uint32_t id = object->id();
  std::unique_lock lock(context->mutex);
  // A program that only makes waiting calls dispatches with them, or nobody would ever be admitted.
  if (timeout_us != 0) context->dispatch();
  const int64_t until = timeout_us <= 0 ? 0 : es_now() + timeout_us * 1000;
  for (;;) {
    T* alive = find(objects, id);
    if (alive == nullptr) return ES_CLOSED;
    const int result = attempt(alive);
    if (result != ES_WOULD_BLOCK || timeout_us == 0) return result;
    if (until != 0 && es_now() >= until) return ES_TIMEOUT;
    context->wait(&lock, until);
  }
}

}  // namespace
}  // namespace es

using namespace es;

extern "C" {

uint32_t es_abi_version(void) { return ES_ABI_VERSION; }

// ---------------------------------------------------------------- context

int es_context_create(es_context** out) {
  if (out == nullptr) return missing_argument("es_context_create");
  std::unique_ptr<Context> context;
  const int result = Context::create(&context);
  if (result == ES_OK) *out = reinterpret_cast<es_context*>(context.release());
  return result;
}

void es_context_destroy(es_context* context) { delete core(context); }

int es_fd(es_context* context) { return context == nullptr ? -1 : core(context)->fd(); }

int es_dispatch(es_context* context) {
  if (context == nullptr) return missing_argument("es_dispatch");
  std::unique_lock lock(core(context)->mutex);
  return core(context)->dispatch();
}

int es_next_event(es_context* context, es_event* event) {
  if (context == nullptr || event == nullptr) return 0;
  std::unique_lock lock(core(context)->mutex);
  return core(context)->next_event(event) ? 1 : 0;
}

int es_start_service_thread(es_context* context) {
  if (context == nullptr) return missing_argument("es_start_service_thread");
  std::unique_lock lock(core(context)->mutex);
  return core(context)->start_service_thread();
}

// ---------------------------------------------------------------- stream

int es_stream_create(es_context* context, const es_stream_options* options, es_stream** out) {
  if (context == nullptr || options == nullptr || out == nullptr) return missing_argument("es_stream_create");
  std::unique_lock lock(core(context)->mutex);
  Stream* stream = nullptr;
  const int result = Stream::create(core(context), *options, &stream);
  if (result == ES_OK) *out = reinterpret_cast<es_stream*>(stream);
  return result;
}

uint32_t es_stream_id(const es_stream* stream) { return reinterpret_cast<const Stream*>(stream)->id(); }

const char* es_stream_socket(const es_stream* stream) {
  return reinterpret_cast<const Stream*>(stream)->socket_path();
}

void es_stream_close(es_stream* stream) {
  if (stream == nullptr) return;
  Context* context = core(stream)->context();
  std::unique_lock lock(context->mutex);
  destroy(&context->streams, core(stream));
}

int es_stream_connect_producer(es_stream* stream, const es_producer_options* options, es_producer** out) {
  if (stream == nullptr || options == nullptr || out == nullptr) return missing_argument("es_stream_connect_producer");
  std::unique_lock lock(core(stream)->context()->mutex);
  Producer* producer = nullptr;
  const int result = core(stream)->connect_producer(*options, &producer);
  if (result == ES_OK) *out = reinterpret_cast<es_producer*>(producer);
  return result;
}

int es_stream_connect_consumer(es_stream* stream, const es_consumer_options* options, es_consumer** out) {
  if (stream == nullptr || options == nullptr || out == nullptr) return missing_argument("es_stream_connect_consumer");
  std::unique_lock lock(core(stream)->context()->mutex);
  Consumer* consumer = nullptr;
  const int result = core(stream)->connect_consumer(*options, &consumer);
  if (result == ES_OK) *out = reinterpret_cast<es_consumer*>(consumer);
  return result;
}

// ---------------------------------------------------------------- producer

int es_open_producer(es_context* context, const char* name, const char* runtime_dir,
                     const es_producer_options* options, es_producer** out) {
  if (context == nullptr || name == nullptr || options == nullptr || out == nullptr) {
    return missing_argument("es_open_producer");
  }
  std::unique_lock lock(core(context)->mutex);
  Producer* producer = nullptr;
  const char* dir = runtime_dir == nullptr ? "" : runtime_dir;
  const int result = Producer::open(core(context), name, dir, *options, &producer);
  if (result == ES_OK) *out = reinterpret_cast<es_producer*>(producer);
  return result;
}

uint32_t es_producer_id(const es_producer* producer) { return reinterpret_cast<const Producer*>(producer)->id(); }

int es_producer_acquire(es_producer* producer, int64_t timeout_us, es_writable* out) {
  if (producer == nullptr || out == nullptr) return missing_argument("es_producer_acquire");
  return wait_for(core(producer)->context()->producers, core(producer), timeout_us,
                  [out](Producer* alive) { return alive->acquire(out); });
}

int es_producer_post(es_producer* producer, uint64_t lease, const es_post_info* info, int64_t timeout_us,
                     uint64_t* number) {
  if (producer == nullptr) return missing_argument("es_producer_post");
  es_post_info plain{};
  plain.pts = ES_NO_PTS;
  if (info != nullptr) plain = *info;
  bool steps_aside = false;
  const int result = wait_for(core(producer)->context()->producers, core(producer), timeout_us, [&](Producer* alive) {
    return alive->post(lease, plain, number, &steps_aside);
  });
  if (steps_aside) sched_yield();
  return result;
}

int es_producer_discard(es_producer* producer, uint64_t lease) {
  if (producer == nullptr) return missing_argument("es_producer_discard");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->discard(lease);
}

int es_producer_reconfigure(es_producer* producer, const es_format* format) {
  if (producer == nullptr || format == nullptr) return missing_argument("es_producer_reconfigure");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->reconfigure(*format);
}

int es_producer_close_input(es_producer* producer) {
  if (producer == nullptr) return missing_argument("es_producer_close_input");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->close_input();
}

int es_producer_drain(es_producer* producer, int64_t timeout_us) {
  if (producer == nullptr) return missing_argument("es_producer_drain");
  return wait_for(core(producer)->context()->producers, core(producer), timeout_us,
                  [](Producer* alive) { return alive->drain(); });
}

int es_producer_stop(es_producer* producer) {
  if (producer == nullptr) return missing_argument("es_producer_stop");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->stop();
}

int es_producer_evict(es_producer* producer, uint64_t connection, const char* reason) {
  if (producer == nullptr) return missing_argument("es_producer_evict");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->evict(connection, reason);
}

int es_producer_get_info(es_producer* producer, es_producer_info* out) {
  if (producer == nullptr || out == nullptr) return missing_argument("es_producer_get_info");
  std::unique_lock lock(core(producer)->context()->mutex);
  core(producer)->fill_info(out);
  return ES_OK;
}

int es_producer_connections(es_producer* producer, es_connection_info* out, uint32_t count) {
  if (producer == nullptr || (out == nullptr && count != 0)) return missing_argument("es_producer_connections");
  std::unique_lock lock(core(producer)->context()->mutex);
  return static_cast<int>(core(producer)->fill_connections(out, count));
}

int es_producer_ended(es_producer* producer, uint64_t connection, es_connection_info* out) {
  if (producer == nullptr || out == nullptr) return missing_argument("es_producer_ended");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->find_ended(connection, out);
}

int es_producer_latency(es_producer* producer, uint64_t connection, es_latency* out) {
  if (producer == nullptr || out == nullptr) return missing_argument("es_producer_latency");
  std::unique_lock lock(core(producer)->context()->mutex);
  return core(producer)->latency(connection, out);
}

void es_producer_close(es_producer* producer) {
  if (producer == nullptr) return;
  Context* context = core(producer)->context();
  std::unique_lock lock(context->mutex);
  destroy(&context->producers, core(producer));
}

// ---------------------------------------------------------------- consumer

int es_open_consumer(es_context* context, const char* name, const es_consumer_options* options, es_consumer** out) {
  if (context == nullptr || name == nullptr || options == nullptr || out == nullptr) {
    return missing_argument("es_open_consumer");
  }
  std::unique_lock lock(core(context)->mutex);
  Fd socket;
  int result = connect_to(name, options->runtime_dir == nullptr ? "" : options->runtime_dir, &socket);
  Consumer* consumer = nullptr;
  if (result == ES_OK) result = Consumer::create(core(context), std::move(socket), name, *options, false, &consumer);
  if (result == ES_OK) *out = reinterpret_cast<es_consumer*>(consumer);
  return result;
}

uint32_t es_consumer_id(const es_consumer* consumer) { return reinterpret_cast<const Consumer*>(consumer)->id(); }

int es_consumer_acquire(es_consumer* consumer, uint32_t flags, int64_t timeout_us, es_frame* out) {
  if (consumer == nullptr || out == nullptr) return missing_argument("es_consumer_acquire");
  const auto& all = core(consumer)->context()->consumers;
  // EGL: in old-frame-available an acquire waits for a new frame, then takes the old one.
  const uint32_t waiting_flags = timeout_us == ES_NO_WAIT ? flags : flags | ES_ACQUIRE_NEW_ONLY;
  const int result = wait_for(all, core(consumer), timeout_us,
                              [=](Consumer* alive) { return alive->acquire(waiting_flags, out); });
  if (result != ES_TIMEOUT || (flags & ES_ACQUIRE_NEW_ONLY) != 0) return result;
  const int old =
      wait_for(all, core(consumer), ES_NO_WAIT, [=](Consumer* alive) { return alive->acquire(flags, out); });
  return old == ES_WOULD_BLOCK ? ES_TIMEOUT : old;
}

int es_consumer_wake_fd(es_consumer* consumer) {
  if (consumer == nullptr) return -1;
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->take_wake_fd();
}

int es_consumer_woken(es_consumer* consumer) {
  if (consumer == nullptr) return missing_argument("es_consumer_woken");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->woken();
}

int es_consumer_sleep(es_consumer* consumer, int64_t timeout_us) {
  if (consumer == nullptr) return missing_argument("es_consumer_sleep");
  Context* context = core(consumer)->context();
  std::unique_lock lock(context->mutex);
  const int wakes = core(consumer)->take_wake_fd();
  if (!core(consumer)->prepare_sleep()) return ES_WOULD_BLOCK;
  lock.unlock();
  pollfd ready[2] = {{context->fd(), POLLIN, 0}, {wakes, POLLIN, 0}};  // -1: poll looks at the other one only
  const timespec rest{timeout_us / 1'000'000, timeout_us % 1'000'000 * 1000};
  const int count = ppoll(ready, 2, timeout_us < 0 ? nullptr : &rest, nullptr);
  if (count == 0) return ES_TIMEOUT;
  if (ready[1].revents == 0) return ES_OK;
  lock.lock();
  return core(consumer)->woken() == ES_CLOSED ? ES_CLOSED : ES_OK;
}

int es_consumer_release(es_consumer* consumer, uint64_t lease) {
  if (consumer == nullptr) return missing_argument("es_consumer_release");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->release(lease);
}

int es_consumer_consume(es_consumer* consumer, uint32_t count) {
  if (consumer == nullptr) return missing_argument("es_consumer_consume");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->consume(count);
}

int es_consumer_state(es_consumer* consumer) {
  if (consumer == nullptr) return missing_argument("es_consumer_state");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->state();
}

int es_consumer_get_info(es_consumer* consumer, es_consumer_info* out) {
  if (consumer == nullptr || out == nullptr) return missing_argument("es_consumer_get_info");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->get_info(out);
}

int es_consumer_latency(es_consumer* consumer, es_latency* out) {
  if (consumer == nullptr || out == nullptr) return missing_argument("es_consumer_latency");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->get_latency(out);
}

int es_consumer_format(es_consumer* consumer, uint32_t layout, es_format* out) {
  if (consumer == nullptr || out == nullptr) return missing_argument("es_consumer_format");
  std::unique_lock lock(core(consumer)->context()->mutex);
  return core(consumer)->format(layout, out);
}

void es_consumer_close(es_consumer* consumer) {
  if (consumer == nullptr) return;
  Context* context = core(consumer)->context();
  std::unique_lock lock(context->mutex);
  destroy(&context->consumers, core(consumer));
}

// ---------------------------------------------------------------- observer

int es_open_observer(es_context* context, const char* name, const char* runtime_dir, es_observer** out) {
  if (context == nullptr || name == nullptr || out == nullptr) return missing_argument("es_open_observer");
  std::unique_lock lock(core(context)->mutex);
  Observer* observer = nullptr;
  const int result = Observer::open(core(context), name, runtime_dir == nullptr ? "" : runtime_dir, &observer);
  if (result == ES_OK) *out = reinterpret_cast<es_observer*>(observer);
  return result;
}

uint32_t es_observer_id(const es_observer* observer) { return reinterpret_cast<const Observer*>(observer)->id(); }

int es_observer_query(es_observer* observer) {
  if (observer == nullptr) return missing_argument("es_observer_query");
  std::unique_lock lock(core(observer)->context()->mutex);
  return core(observer)->query(0);
}

int es_observer_query_latency(es_observer* observer, uint64_t connection) {
  if (observer == nullptr || connection == 0) return missing_argument("es_observer_query_latency");
  std::unique_lock lock(core(observer)->context()->mutex);
  return core(observer)->query(connection);
}

int es_observer_latency(es_observer* observer, uint64_t* connection, es_latency* out) {
  if (observer == nullptr || out == nullptr) return missing_argument("es_observer_latency");
  std::unique_lock lock(core(observer)->context()->mutex);
  return core(observer)->latency(connection, out);
}

int es_observer_report(es_observer* observer, es_producer_info* info, es_connection_info* out, uint32_t count) {
  if (observer == nullptr || info == nullptr || (out == nullptr && count != 0)) {
    return missing_argument("es_observer_report");
  }
  std::unique_lock lock(core(observer)->context()->mutex);
  return core(observer)->report(info, out, count);
}

void es_observer_close(es_observer* observer) {
  if (observer == nullptr) return;
  Context* context = core(observer)->context();
  std::unique_lock lock(context->mutex);
  destroy(&context->observers, core(observer));
}

}  // extern "C"
