// The frame of the native tests: a test is a rule and a body, and runs in a process of its own (core_test.cpp).
#pragma once

#include <cstdint>

#include "edgestream.h"

namespace check {

struct Test {
  Test(const char* file, const char* rule, void (*body)());
  const char* file;
  const char* rule;  // a sentence of the contract
  void (*body)();
  Test* next = nullptr;
};

// Prints what was wrong and ends the test's process.
[[noreturn]] void fail(const char* file, int line, const char* format, ...) __attribute__((format(printf, 3, 4)));
void equal(const char* file, int line, const char* text, uint64_t actual, uint64_t expected);
void result(const char* file, int line, const char* text, int actual, int expected);
void contains(const char* file, int line, const char* text, const char* part);

// How many descriptors this process has open.
int open_descriptors();

// Prints why and ends the test's process as skipped, for what this machine or build cannot do.
[[noreturn]] void skip(const char* reason);

constexpr bool kUnderSanitizer =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#else
    false;
#endif

}  // namespace check

#define CHECK_JOIN_(a, b) a##b
#define CHECK_JOIN(a, b) CHECK_JOIN_(a, b)
#define TEST(rule)                                                                                              \
  static void CHECK_JOIN(test_body_, __LINE__)();                                                               \
  static const check::Test CHECK_JOIN(test_, __LINE__){__FILE__, rule, CHECK_JOIN(test_body_, __LINE__)};       \
  static void CHECK_JOIN(test_body_, __LINE__)()

#define CHECK(condition) \
  do {                   \
    if (!(condition)) check::fail(__FILE__, __LINE__, "%s is not true", #condition); \
  } while (0)
#define CHECK_EQUAL(actual, expected) \
  check::equal(__FILE__, __LINE__, #actual, static_cast<uint64_t>(actual), static_cast<uint64_t>(expected))
#define CHECK_RESULT(call, expected) check::result(__FILE__, __LINE__, #call, call, expected)
#define CHECK_OK(call) CHECK_RESULT(call, ES_OK)
#define CHECK_TEXT(text, part) check::contains(__FILE__, __LINE__, text, part)
