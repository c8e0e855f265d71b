// What the roles of victim.cpp share: the stream they meet at, how frames look, how they report.
#pragma once

#include <string>

#include "edgestream.h"

inline constexpr const char* kName = "cam";

// Each prints JSON lines; 0: all was as it must be.
int list_steps();
int consume(bool fifo_first);
int produce(int consumers, int paced);
int watch();
int inherit();

// Says what failed and exits with 1.
[[noreturn]] void fail(const std::string& what);
void must(int result, const char* what);
void say(const std::string& json);

es_policy fifo(uint32_t capacity, uint16_t max_held, int32_t max_wait_ms);
es_policy mailbox(uint32_t capacity, uint16_t max_held);
// Waits until somebody listens.
es_consumer* open_consumer(es_context* context, const es_policy& policy);
es_consumer* try_open_consumer(es_context* context, const es_policy& policy);

// Every byte of a frame is the low byte of its number.
void fill_frame(const es_writable& slot, uint64_t number);
void check_frame(const es_frame& frame, const char* who);
