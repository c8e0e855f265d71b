// What two processes share, byte by byte: messages on the control socket, the seat page, the pool's memory objects.
// docs/protocol.md restates this file for people; the assertions below hold both to the same offsets.
// Little endian, fixed widths, reserved bytes zero. A reader checks magic, version, size and every index it uses.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "edgestream.h"

namespace es {

inline constexpr uint32_t kMagic = 0x314d5345u;  // "ESM1"
inline constexpr uint16_t kVersionMin = 1;
inline constexpr uint16_t kVersionMax = 1;

// ---------------------------------------------------------------- messages: one SOCK_SEQPACKET datagram each

inline constexpr uint32_t kMessageMax = 65536;  // bytes of the largest message (a full report)
inline constexpr uint32_t kMessageFdsMax = 4;   // descriptors that may travel with one message

enum class MessageType : uint16_t {
  hello = 1,     // peer -> stream: who I am and what I ask for
  pending = 2,   // stream -> peer: you are registered, there is no producer yet
  welcome = 3,   // producer -> consumer: your seat. fds: page, wake socket (the consumer's end)
  layout = 4,    // producer -> consumer: a frame format; precedes the pools that use it
  pool = 5,      // producer -> consumer: a memory object. fd: memfd. May come again at any time (growth, new layout)
  attached = 6,  // consumer -> producer: everything is mapped, frames may come
  refused = 7,   // stream or producer -> peer: no, and why
  bye = 8,       // either way: this connection ends, and why
  query = 9,     // observer -> producer
  report = 10,   // producer -> observer
  granted = 11,  // stream -> connecting producer: you are the producer of this name
  offer = 12,    // stream -> connecting producer: a peer's socket (fd) and its hello
  signal = 13,   // consumer -> producer: you asked for it, a place or a slot came free
  active = 14,   // producer -> consumer: every frame posted from now on is yours
  latency = 15,  // producer -> observer: one connection's histograms
  user_info = 16,  // either way: what the endpoint tells about itself; before `attached`, before `active`
  retire = 17,   // producer -> consumer: a memory object that no frame will use any more
  stream_info = 18,  // producer -> consumer, observer: what it tells about its stream, and what is measured of it
};

enum class Kind : uint32_t { consume = 1, produce = 2, observe = 3 };

struct MessageHeader {
  uint32_t magic;
  uint16_t version;  // the version this message is written in; hello: the sender's lowest
  uint16_t type;
  uint32_t size;  // of the whole message
  uint32_t reserved;
};

struct HelloMessage {
  MessageHeader header;
  uint32_t kind;
  uint32_t format_mask;  // formats the consumer can take, 0 = any
  uint16_t version_min, version_max;
  int32_t pid;  // as the peer sees itself; for people only
  es_policy policy;
  char stream[ES_NAME_MAX + 1];
  char client[64];
};

struct PendingMessage {
  MessageHeader header;
};

struct WelcomeMessage {
  MessageHeader header;
  uint64_t connection;
  uint64_t epoch;
  es_policy policy;  // as granted
  uint32_t page_bytes;
  uint32_t layout;  // current
};

struct LayoutMessage {
  MessageHeader header;
  uint32_t layout;
  uint32_t reserved;
  es_format format;
};

struct PoolMessage {
  MessageHeader header;
  uint32_t pool;
  uint32_t layout;
  uint32_t first_slot;
  uint32_t slot_count;
  uint64_t metadata_offset;  // of the object; ES_METADATA_MAX bytes per slot
  uint64_t data_offset;      // of the object
  uint64_t data_stride;      // bytes from one slot's data to the next
  uint64_t bytes;            // of the whole object
};

struct RetireMessage {
  MessageHeader header;
  uint32_t pool;
  uint32_t reserved;
};

struct AttachedMessage {
  MessageHeader header;
};

struct RefusedMessage {
  MessageHeader header;
  int32_t code;  // es_result
  uint32_t reserved;
  char text[ES_TEXT_MAX];
};

struct ByeMessage {
  MessageHeader header;
  uint32_t cause;  // es_cause
  uint32_t reserved;
  char text[ES_TEXT_MAX];
};

struct QueryMessage {
  MessageHeader header;
  uint64_t connection;  // 0: a report; else that connection's latency
};

struct ReportMessage {
  MessageHeader header;
  uint32_t connection_count;
  uint32_t reserved;
  es_producer_info info;
  // es_connection_info[connection_count] follow
};

struct LatencyMessage {
  MessageHeader header;
  uint64_t connection;
  es_latency latency;
};

struct GrantedMessage {
  MessageHeader header;
};

struct ActiveMessage {
  MessageHeader header;
};

struct UserInfoMessage {
  MessageHeader header;
  uint32_t bytes_used;
  uint32_t reserved;
  uint8_t bytes[ES_USER_INFO_MAX];
};

struct StreamInfoMessage {
  MessageHeader header;
  es_throughput throughput;  // when it was sent
  uint32_t bytes_used;
  uint32_t reserved;
  // uint8_t[bytes_used] follow
};

struct SignalMessage {
  MessageHeader header;
};

struct OfferMessage {
  MessageHeader header;
  HelloMessage hello;
  int32_t peer_pid, peer_uid;
};

// ---------------------------------------------------------------- the seat page: one per connection

inline constexpr uint32_t kRingSize = 512;  // entries; at least twice ES_CAPACITY_MAX, so a live entry never wraps
inline constexpr uint32_t kSeatPageBytes = 16384;

// An ownership word: queue position << 8 | SlotState. The position is its generation: it never repeats in a seat.
enum class SlotState : uint8_t {
  free = 0,     // done with; the slot is nobody's here
  queued = 1,   // waiting for the consumer. The producer may take it back (queued -> free), the consumer may take it
  held = 2,     // leased by the consumer: only it may leave this state
  skipped = 3,  // the consumer passed it over for a newer one
  yielding = 4,  // still held, until the consumer has the next one: then free, and both ends may say so
};

// es_latency as the consumer writes it. One writer, so an increment needs no read-modify-write.
struct LatencyCounters {
  std::atomic<uint64_t> bucket[ES_STEPS][ES_LATENCY_BUCKETS];
  std::atomic<uint64_t> max[ES_STEPS];
};

// Shared read-write between the producer and one consumer, and nobody else. Each 64 byte line has one writer per frame
// at most, and what the other end looks at for each frame lies beside nothing that changes with each frame but `head`.
struct SeatPage {
  // line 0: written by the producer; the consumer looks when it is asked for its statistics
  uint32_t magic;
  uint32_t version;
  uint64_t connection;
  std::atomic<uint64_t> posted, skipped, discarded;
  uint64_t reserved0[3];
  // line 1: written by the producer, watched by the consumer
  std::atomic<uint64_t> head;    // positions handed out so far
  std::atomic<uint64_t> newest;  // the newest ring entry once more, with its position + 1
  uint64_t reserved1[6];
  // line 2: looked at by both for each frame, written when somebody waits, at the start, at a reset, for new memory
  std::atomic<uint32_t> consumer_waiting;  // consumer: 1 before it sleeps; producer: exchanges it to 0 and wakes
  std::atomic<uint32_t> producer_waiting;  // producer: 1 when it lacks a place or slot; consumer: 0, and it signals
  std::atomic<uint64_t> start_number;  // frames up to this number were posted before this connection was active
  std::atomic<uint64_t> reset_number;  // frames up to this number cannot be acquired any more, not even again
  std::atomic<uint64_t> announced;  // messages about memory that the frames handed out so far rely on
  uint64_t reserved2[4];
  // line 3: written by the consumer
  std::atomic<uint64_t> places_kept;  // places of frames that it has taken and that still count as waiting
  std::atomic<uint64_t> kept;    // position + 1 of the frame it was given back and keeps for reuse; 0: none
  std::atomic<uint64_t> reused;  // how often the application got such a frame again
  std::atomic<uint32_t> latency_us;  // how long a frame takes from its acquire to where it is seen; for the producer
  uint32_t reserved3;
  uint64_t reserved4[4];
  // one word per slot, then the ring: position << 8 | slot
  std::atomic<uint64_t> word[ES_SLOTS_MAX];
  std::atomic<uint64_t> ring[kRingSize];
  LatencyCounters latency;  // written by the consumer; for reports only
};

constexpr uint64_t pack_word(uint64_t position, SlotState state) { return position << 8 | static_cast<uint8_t>(state); }
constexpr uint64_t pack_entry(uint64_t position, uint32_t slot) { return position << 8 | slot; }

// ---------------------------------------------------------------- a pool object: descriptors, metadata, data

// Written by the producer while the slot is free for all; readable by every consumer that holds the slot.
struct SlotDescriptor {
  uint64_t number;
  uint64_t epoch;
  int64_t pts, duration;
  int64_t captured, posted;
  uint64_t size;  // bytes used
  uint32_t layout;
  uint32_t metadata_size;
  uint16_t block_size[ES_METADATA_BLOCKS];  // sticky blocks; they lie behind the frame's own metadata, in this order
  uint64_t reserved[7];
};

// For what the other end may change at any time: one load, so that what was checked is what is used.
template <class T>
T read_once(const T& field) {
  return __atomic_load_n(&field, __ATOMIC_RELAXED);
}

// ---------------------------------------------------------------- offsets

#define ES_AT(type, field, offset) static_assert(offsetof(type, field) == (offset))
static_assert(std::atomic<uint64_t>::is_always_lock_free && sizeof(std::atomic<uint64_t>) == 8);
static_assert(std::atomic<uint32_t>::is_always_lock_free && sizeof(std::atomic<uint32_t>) == 4);
static_assert(sizeof(MessageHeader) == 16);
ES_AT(MessageHeader, version, 4); ES_AT(MessageHeader, type, 6); ES_AT(MessageHeader, size, 8);
static_assert(sizeof(es_policy) == 40);
ES_AT(es_policy, when_full, 4); ES_AT(es_policy, pick, 5); ES_AT(es_policy, on_stall, 6); ES_AT(es_policy, start, 7);
ES_AT(es_policy, on_disconnect, 8); ES_AT(es_policy, no_reuse, 9); ES_AT(es_policy, max_held, 10);
ES_AT(es_policy, max_wait_ms, 12); ES_AT(es_policy, max_lag, 16); ES_AT(es_policy, max_lag_total, 20);
ES_AT(es_policy, label, 24);
static_assert(sizeof(es_plane) == 16 && sizeof(es_format) == 88);
ES_AT(es_format, width, 8); ES_AT(es_format, height, 12); ES_AT(es_format, plane_count, 16);
ES_AT(es_format, planes, 20); ES_AT(es_format, size, 72); ES_AT(es_format, time_base_num, 80);
ES_AT(es_format, time_base_den, 84);
static_assert(sizeof(HelloMessage) == 200);
ES_AT(HelloMessage, kind, 16); ES_AT(HelloMessage, format_mask, 20); ES_AT(HelloMessage, version_min, 24);
ES_AT(HelloMessage, version_max, 26); ES_AT(HelloMessage, pid, 28); ES_AT(HelloMessage, policy, 32);
ES_AT(HelloMessage, stream, 72); ES_AT(HelloMessage, client, 136);
static_assert(sizeof(WelcomeMessage) == 80);
ES_AT(WelcomeMessage, connection, 16); ES_AT(WelcomeMessage, epoch, 24); ES_AT(WelcomeMessage, policy, 32);
ES_AT(WelcomeMessage, page_bytes, 72); ES_AT(WelcomeMessage, layout, 76);
static_assert(sizeof(LayoutMessage) == 112);
ES_AT(LayoutMessage, layout, 16); ES_AT(LayoutMessage, format, 24);
static_assert(sizeof(PoolMessage) == 64);
ES_AT(PoolMessage, pool, 16); ES_AT(PoolMessage, layout, 20); ES_AT(PoolMessage, first_slot, 24);
ES_AT(PoolMessage, slot_count, 28); ES_AT(PoolMessage, metadata_offset, 32); ES_AT(PoolMessage, data_offset, 40);
ES_AT(PoolMessage, data_stride, 48); ES_AT(PoolMessage, bytes, 56);
static_assert(sizeof(RetireMessage) == 24);
ES_AT(RetireMessage, pool, 16);
static_assert(sizeof(RefusedMessage) == 216 && sizeof(ByeMessage) == 216);
ES_AT(RefusedMessage, code, 16); ES_AT(RefusedMessage, text, 24);
ES_AT(ByeMessage, cause, 16); ES_AT(ByeMessage, text, 24);
static_assert(sizeof(UserInfoMessage) == 1048);
ES_AT(UserInfoMessage, bytes_used, 16); ES_AT(UserInfoMessage, bytes, 24);
static_assert(sizeof(StreamInfoMessage) == 48);
ES_AT(StreamInfoMessage, throughput, 16); ES_AT(StreamInfoMessage, bytes_used, 40);
ES_AT(es_throughput, bytes, 8); ES_AT(es_throughput, elapsed, 16);
static_assert(sizeof(es_connection_info) == 192);
ES_AT(es_connection_info, state, 8); ES_AT(es_connection_info, pid, 12); ES_AT(es_connection_info, uid, 16);
ES_AT(es_connection_info, latency_us, 20);
ES_AT(es_connection_info, policy, 24); ES_AT(es_connection_info, posted, 64); ES_AT(es_connection_info, since, 112);
ES_AT(es_connection_info, client, 120); ES_AT(es_connection_info, previous, 184);
static_assert(sizeof(es_producer_info) == 144);
ES_AT(es_producer_info, layout, 32); ES_AT(es_producer_info, format, 56);
static_assert(sizeof(ReportMessage) == 168);
ES_AT(ReportMessage, connection_count, 16); ES_AT(ReportMessage, info, 24);
static_assert(sizeof(ReportMessage) + ES_CONSUMERS_MAX * sizeof(es_connection_info) <= kMessageMax);
static_assert(sizeof(OfferMessage) == 224);
ES_AT(OfferMessage, hello, 16); ES_AT(OfferMessage, peer_pid, 216);
static_assert(sizeof(SeatPage) == 15400 && sizeof(SeatPage) <= kSeatPageBytes);
ES_AT(SeatPage, connection, 8); ES_AT(SeatPage, posted, 16); ES_AT(SeatPage, skipped, 24);
ES_AT(SeatPage, discarded, 32); ES_AT(SeatPage, head, 64); ES_AT(SeatPage, newest, 72);
ES_AT(SeatPage, consumer_waiting, 128); ES_AT(SeatPage, producer_waiting, 132);
ES_AT(SeatPage, start_number, 136); ES_AT(SeatPage, reset_number, 144);
ES_AT(SeatPage, announced, 152);
ES_AT(SeatPage, places_kept, 192); ES_AT(SeatPage, kept, 200); ES_AT(SeatPage, reused, 208);
ES_AT(SeatPage, latency_us, 216);
ES_AT(SeatPage, word, 256); ES_AT(SeatPage, ring, 2304); ES_AT(SeatPage, latency, 6400);
static_assert(sizeof(es_latency) == 9000 && sizeof(LatencyCounters) == 9000);
ES_AT(es_latency, max, 8960); ES_AT(LatencyCounters, max, 8960);
static_assert(sizeof(QueryMessage) == 24 && sizeof(LatencyMessage) == 9024 && sizeof(LatencyMessage) <= kMessageMax);
ES_AT(LatencyMessage, connection, 16); ES_AT(LatencyMessage, latency, 24);
static_assert(kRingSize >= 2 * ES_CAPACITY_MAX && (kRingSize & (kRingSize - 1)) == 0);
static_assert(ES_SLOTS_MAX == 256, "a slot index has 8 bits in a word and a ring entry");
static_assert(sizeof(SlotDescriptor) == 128);
ES_AT(SlotDescriptor, pts, 16); ES_AT(SlotDescriptor, captured, 32); ES_AT(SlotDescriptor, size, 48);
ES_AT(SlotDescriptor, layout, 56); ES_AT(SlotDescriptor, metadata_size, 60); ES_AT(SlotDescriptor, block_size, 64);
#undef ES_AT

}  // namespace es
