// What is shared between processes has the documented numbers (docs/protocol.md), in C as in C++.
#include <cstddef>
#include <cstring>

#include "abi_c99.h"
#include "check.hpp"
#include "protocol.hpp"

namespace {

uint64_t in_c(const char* name) {
  for (const abi_number* number = abi_numbers; number->name != nullptr; number++) {
    if (strcmp(number->name, name) == 0) return number->value;
  }
  check::fail(__FILE__, __LINE__, "abi_c99.c does not know %s", name);
}

}  // namespace

TEST("structs of the C interface have the same numbers in C99 and in the protocol") {
  static const struct {
    const char* name;
    uint64_t value;
  } documented[] = {
      {"es_policy", 40}, {"es_policy.when_full", 4}, {"es_policy.pick", 5}, {"es_policy.on_stall", 6},
      {"es_policy.start", 7}, {"es_policy.on_disconnect", 8}, {"es_policy.no_reuse", 9}, {"es_policy.max_held", 10},
      {"es_policy.max_wait_ms", 12}, {"es_policy.max_lag", 16}, {"es_policy.max_lag_total", 20},
      {"es_policy.label", 24}, {"es_plane", 16},
      {"es_format", 88}, {"es_format.width", 8}, {"es_format.height", 12}, {"es_format.plane_count", 16},
      {"es_format.planes", 20}, {"es_format.size", 72}, {"es_format.time_base_num", 80},
      {"es_format.time_base_den", 84}, {"es_connection_info", 192}, {"es_connection_info.state", 8},
      {"es_connection_info.pid", 12}, {"es_connection_info.uid", 16}, {"es_connection_info.policy", 24},
      {"es_connection_info.posted", 64}, {"es_connection_info.since", 112}, {"es_connection_info.client", 120},
      {"es_connection_info.latency_us", 20}, {"es_connection_info.previous", 184},
      {"es_throughput", 24}, {"es_throughput.bytes", 8}, {"es_throughput.elapsed", 16},
      {"es_producer_info", 144}, {"es_producer_info.layout", 32}, {"es_producer_info.format", 56},
  };
  for (const auto& entry : documented) {
    if (in_c(entry.name) != entry.value) {
      check::fail(__FILE__, __LINE__, "%s is %llu in C, not %llu", entry.name,
                  static_cast<unsigned long long>(in_c(entry.name)), static_cast<unsigned long long>(entry.value));
    }
  }
  CHECK_EQUAL(in_c("es_event"), sizeof(es_event));
  CHECK_EQUAL(in_c("es_event.text"), offsetof(es_event, text));
}

TEST("messages have the documented sizes and offsets") {
  using namespace es;
  CHECK_EQUAL(kMagic, 'E' | 'S' << 8 | 'M' << 16 | '1' << 24);
  CHECK_EQUAL(sizeof(MessageHeader), 16);
  CHECK_EQUAL(offsetof(MessageHeader, magic), 0);
  CHECK_EQUAL(offsetof(MessageHeader, version), 4);
  CHECK_EQUAL(offsetof(MessageHeader, type), 6);
  CHECK_EQUAL(offsetof(MessageHeader, size), 8);
  CHECK_EQUAL(sizeof(HelloMessage), 200);
  CHECK_EQUAL(offsetof(HelloMessage, kind), 16);
  CHECK_EQUAL(offsetof(HelloMessage, version_min), 24);
  CHECK_EQUAL(offsetof(HelloMessage, policy), 32);
  CHECK_EQUAL(offsetof(HelloMessage, stream), 72);
  CHECK_EQUAL(offsetof(HelloMessage, client), 136);
  CHECK_EQUAL(sizeof(WelcomeMessage), 80);
  CHECK_EQUAL(sizeof(LayoutMessage), 112);
  CHECK_EQUAL(sizeof(PoolMessage), 64);
  CHECK_EQUAL(sizeof(PendingMessage), 16);
  CHECK_EQUAL(sizeof(AttachedMessage), 16);
  CHECK_EQUAL(sizeof(QueryMessage), 24);
  CHECK_EQUAL(sizeof(RefusedMessage), 216);
  CHECK_EQUAL(sizeof(ByeMessage), 216);
  CHECK_EQUAL(sizeof(ReportMessage), 168);
  CHECK_EQUAL(sizeof(OfferMessage), 224);
  CHECK_EQUAL(sizeof(LatencyMessage), 9024);
  CHECK_EQUAL(sizeof(UserInfoMessage), 1048);
}

TEST("the seat page keeps what each side writes on cache lines of its own") {
  using es::SeatPage;
  CHECK_EQUAL(offsetof(SeatPage, head), 64);
  CHECK_EQUAL(offsetof(SeatPage, newest), 72);
  CHECK_EQUAL(offsetof(SeatPage, consumer_waiting), 128);
  CHECK_EQUAL(offsetof(SeatPage, producer_waiting), 132);
  CHECK_EQUAL(offsetof(SeatPage, reset_number), 144);
  CHECK_EQUAL(offsetof(SeatPage, announced), 152);
  CHECK_EQUAL(offsetof(SeatPage, places_kept), 192);
  CHECK_EQUAL(offsetof(SeatPage, kept), 200);
  CHECK_EQUAL(offsetof(SeatPage, word), 256);
  CHECK_EQUAL(offsetof(SeatPage, ring), 2304);
  CHECK_EQUAL(offsetof(SeatPage, latency), 6400);
  CHECK_EQUAL(sizeof(SeatPage), 15400);
  CHECK_EQUAL(es::kSeatPageBytes, 16384);
  CHECK_EQUAL(sizeof(es::SlotDescriptor), 128);
  CHECK_EQUAL(offsetof(es::SlotDescriptor, metadata_size), 60);
  CHECK_EQUAL(offsetof(es::SlotDescriptor, block_size), 64);
}

TEST("words and ring entries pack a position and 8 bits") {
  CHECK_EQUAL(es::pack_word(0x123456, es::SlotState::held), 0x12345602);
  CHECK_EQUAL(es::pack_word(0, es::SlotState::free), 0);
  CHECK_EQUAL(es::pack_entry(0x123456, 255), 0x123456ff);
}

TEST("every result, state and cause has a name of its own") {
  for (int code = ES_SYSTEM; code <= ES_ABORTED; code++) CHECK(strcmp(es_error_string(code), "ERR_UNKNOWN") != 0);
  CHECK(strcmp(es_error_string(-13), "ERR_UNKNOWN") == 0);
  CHECK(strcmp(es_error_string(6), "ERR_UNKNOWN") == 0);
  CHECK(strcmp(es_state_string(ES_STATE_NEW_FRAME_AVAILABLE), "new-frame-available") == 0);
  CHECK(strcmp(es_state_string(7), "unknown") == 0);
  CHECK(strcmp(es_cause_string(ES_CAUSE_REFUSED), "refused") == 0);
  CHECK(strcmp(es_cause_string(ES_CAUSE_EVICTED_HOLD), "evicted-hold") == 0);
  CHECK(strcmp(es_cause_string(ES_CAUSE_EVICTED_IDLE), "evicted-idle") == 0);
  CHECK(strcmp(es_cause_string(14), "unknown") == 0);
  CHECK_EQUAL(es_abi_version(), ES_ABI_VERSION);
}
