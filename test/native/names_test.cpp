// Names, directories and locks: who may have a name, and where its socket lies.
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>

#include "child.hpp"
#include "stage.hpp"

using check::Child;
using check::Line;

namespace {

struct Context {
  Context() { CHECK_OK(es_context_create(&handle)); }
  ~Context() { es_context_destroy(handle); }
  int create(const char* name, const char* dir = nullptr, uint32_t mode = 0) {
    es_stream_options options{};
    options.name = name;
    options.runtime_dir = dir;
    options.socket_mode = mode;
    options.socket_group = -1;
    return es_stream_create(handle, &options, &stream);
  }
  es_context* handle = nullptr;
  es_stream* stream = nullptr;
};

std::string directory() { return getenv("EDGESTREAM_RUNTIME_DIR"); }

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

}  // namespace

TEST("a name has 1 to 63 of A-Z a-z 0-9 _ -") {
  Context context;
  const std::string longest(ES_NAME_MAX, 'x');
  const std::string too_long(ES_NAME_MAX + 1, 'x');
  for (const char* name : {"", " ", "a b", "a/b", "../a", ".", "a.b", "\xc3\xa4", "a\n", too_long.c_str()}) {
    CHECK_RESULT(context.create(name), ES_BAD_PARAMETER);
    CHECK_TEXT(es_last_error(), "63");
    es_consumer_options options{};
    options.policy = check::mailbox();
    es_consumer* consumer = nullptr;
    CHECK_RESULT(es_open_consumer(context.handle, name, &options, &consumer), ES_BAD_PARAMETER);
  }
  for (const char* name : {"a", "-", "_9Z", longest.c_str()}) {
    CHECK_OK(context.create(name));
    CHECK(exists(directory() + "/" + name + ".sock"));
    es_stream_close(context.stream);
    CHECK(!exists(directory() + "/" + name + ".sock"));
    CHECK(!exists(directory() + "/" + name + ".lock"));
  }
}

TEST("a socket path of 107 bytes works, one of 108 is refused with what to do") {
  Context context;
  std::string dir = directory();
  const size_t fixed = strlen("/n.sock");
  while (dir.size() + fixed < 107) {  // directories of at most 50 characters until the path has 107 bytes
    const size_t room = 107 - fixed - dir.size() - 1;
    dir += "/" + std::string(room > 50 ? 48 : room, 'd');
    CHECK(mkdir(dir.c_str(), 0700) == 0);
  }
  CHECK_EQUAL((dir + "/n.sock").size(), 107);
  CHECK_OK(context.create("n", dir.c_str()));
  CHECK(strcmp(es_stream_socket(context.stream), (dir + "/n.sock").c_str()) == 0);
  es_consumer_options options{};
  options.policy = check::mailbox();
  options.runtime_dir = dir.c_str();
  es_consumer* consumer = nullptr;
  CHECK_OK(es_open_consumer(context.handle, "n", &options, &consumer));
  CHECK_RESULT(context.create("nn", dir.c_str()), ES_BAD_PARAMETER);
  CHECK_TEXT(es_last_error(), "108 bytes");
  CHECK_TEXT(es_last_error(), "EDGESTREAM_RUNTIME_DIR");
  CHECK(!exists(dir + "/nn.lock"));
  es_stream_close(context.stream);
  while (dir != directory()) {
    CHECK(rmdir(dir.c_str()) == 0);
    dir.resize(dir.rfind('/'));
  }
}

TEST("a taken name is refused while its owner lives, in this process or another") {
  Context context, second;
  CHECK_OK(context.create("cam"));
  CHECK_RESULT(second.create("cam"), ES_RESOURCE_BUSY);
  CHECK_TEXT(es_last_error(), "cam.lock");
  CHECK(exists(directory() + "/cam.sock"));  // the loser takes nothing away
  es_stream_close(context.stream);
  CHECK_OK(second.create("cam"));
}

TEST("the name of a killed process is free at once, and what it left is replaced") {
  Child child([](Line line) {
    Context context;
    CHECK_OK(context.create("cam"));
    line.say('r');
    line.hear();
  });
  CHECK_EQUAL(child.line.hear(), 'r');
  Context context;
  CHECK_RESULT(context.create("cam"), ES_RESOURCE_BUSY);
  child.kill(SIGKILL);
  CHECK_EQUAL(child.wait(), -SIGKILL);
  CHECK(exists(directory() + "/cam.sock"));
  es_consumer_options options{};
  options.policy = check::mailbox();
  es_consumer* consumer = nullptr;
  CHECK_RESULT(es_open_consumer(context.handle, "cam", &options, &consumer), ES_NOT_FOUND);
  CHECK_OK(context.create("cam"));
  CHECK_OK(es_open_consumer(context.handle, "cam", &options, &consumer));
}

TEST("of two that start with one name exactly one wins, 100 times") {
  for (int round = 0; round < 100; round++) {
    const auto contend = [](Line line) {
      line.hear();
      Context context;
      const int result = context.create("race");
      line.say(result == ES_OK ? 'w' : result == ES_RESOURCE_BUSY ? 'l' : '?');
      line.hear();
    };
    Child one(contend), two(contend);
    one.line.say('g');
    two.line.say('g');
    const char first = one.line.hear();
    const char second = two.line.hear();
    CHECK(first == 'w' || first == 'l');
    CHECK(second == 'w' || second == 'l');
    CHECK(first != second);
  }
}

TEST("the socket has the mode that was asked for, 0600 by default") {
  Context context;
  umask(077);
  struct stat status;
  CHECK_OK(context.create("private"));
  CHECK(stat(es_stream_socket(context.stream), &status) == 0);
  CHECK_EQUAL(status.st_mode & 07777, 0600);
  CHECK_OK(context.create("shared", nullptr, 0666));
  CHECK(stat(es_stream_socket(context.stream), &status) == 0);
  CHECK_EQUAL(status.st_mode & 07777, 0666);
}

TEST("a directory that cannot be used is an error that names it") {
  Context context;
  CHECK_RESULT(context.create("cam", "/proc/nonexistent"), ES_BAD_ACCESS);
  CHECK_TEXT(es_last_error(), "/proc/nonexistent/cam.lock");
  const std::string own = directory();
  setenv("EDGESTREAM_RUNTIME_DIR", "/proc/nonexistent", 1);
  CHECK_RESULT(context.create("cam"), ES_SYSTEM);
  CHECK_TEXT(es_last_error(), "EDGESTREAM_RUNTIME_DIR=/proc/nonexistent");
  setenv("EDGESTREAM_RUNTIME_DIR", own.c_str(), 1);
}

TEST("consumers search every runtime directory; the first one is where streams are made") {
  Context context;
  const std::string own = directory();
  const std::string xdg = own + "/xdg";
  CHECK(mkdir(xdg.c_str(), 0700) == 0);
  setenv("XDG_RUNTIME_DIR", xdg.c_str(), 1);
  char path[256];
  CHECK_OK(es_runtime_dir(path, sizeof path));
  CHECK(own == path);
  CHECK_OK(es_runtime_search(0, path, sizeof path));
  CHECK(own == path);
  CHECK_OK(es_runtime_search(1, path, sizeof path));
  CHECK(xdg + "/edgestream" == path);
  CHECK_OK(es_runtime_search(2, path, sizeof path));
  CHECK(strcmp(path, "/run/edgestream") == 0);
  // Anybody may make a directory of this name in /tmp, so it is searched only when it is this user's own.
  const std::string user = "/tmp/edgestream-" + std::to_string(geteuid());
  const bool made = mkdir(user.c_str(), 0700) == 0;
  CHECK_OK(es_runtime_search(3, path, sizeof path));
  CHECK(user == path);
  CHECK_RESULT(es_runtime_search(4, path, sizeof path), ES_NOT_FOUND);
  if (made) {
    CHECK(chmod(user.c_str(), 0777) == 0);
    CHECK_RESULT(es_runtime_search(3, path, sizeof path), ES_NOT_FOUND);
    CHECK(rmdir(user.c_str()) == 0);
  }
  unsetenv("EDGESTREAM_RUNTIME_DIR");
  CHECK_OK(context.create("cam"));
  CHECK(std::string(es_stream_socket(context.stream)) == xdg + "/edgestream/cam.sock");
  setenv("EDGESTREAM_RUNTIME_DIR", own.c_str(), 1);
  es_consumer_options options{};
  options.policy = check::mailbox();
  es_consumer* consumer = nullptr;
  CHECK_OK(es_open_consumer(context.handle, "cam", &options, &consumer));
  es_stream_close(context.stream);
  CHECK(rmdir((xdg + "/edgestream").c_str()) == 0 && rmdir(xdg.c_str()) == 0);
}

TEST("a stream without a name is reachable in its process only and leaves nothing on disk") {
  Context context;
  CHECK_OK(context.create(nullptr));
  CHECK(strcmp(es_stream_socket(context.stream), "") == 0);
  es_consumer_options options{};
  options.policy = check::mailbox();
  es_consumer* consumer = nullptr;
  CHECK_OK(es_stream_connect_consumer(context.stream, &options, &consumer));
}
