#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <array>
#include <atomic>

#include "gate.hpp"
#include "support/http_server.hpp"
#include "support/listener.hpp"
#include "support/terminal.hpp"
#include "world.hpp"

// Signals in any order, to a command that waits for a registry which takes connections and never answers.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

class SilentRegistry {
 public:
  [[nodiscard]] std::string image() const { return listener_.host() + "/team/app:v1"; }
  void await_client() {
    await("a request", [&] { return requests_ > 0; });
    requests_ = 0;
  }

 private:
  std::atomic<int> requests_{0};
  Listener listener_{[this](int client) {
    std::array<char, 4096> buffer{};
    while (::read(client, buffer.data(), buffer.size()) > 0) ++requests_;
  }};
};

}  // namespace

TEST_CASE("SIGTERM, SIGINT and SIGHUP end a command after any other signals") {
  SilentRegistry registry;
  const Ociferry ociferry(OCIFERRY_BINARY);
  const std::vector<std::vector<int>> orders = {{SIGTERM},
                                                {SIGUSR1, SIGTERM},
                                                {SIGUSR1, SIGINT},
                                                {SIGUSR2, SIGUSR1, SIGPIPE, SIGHUP},
                                                {SIGUSR1, SIGTSTP, SIGTERM, SIGCONT},
                                                {SIGSTOP, SIGINT, SIGUSR1, SIGCONT},
                                                {SIGCHLD, SIGWINCH, SIGURG, SIGXFSZ, SIGTERM}};
  for (const std::vector<int>& order : orders) {
    Process process(ociferry.program({"tag", "resolve", "-i", registry.image()}));
    registry.await_client();
    int last = 0;
    for (const int signal : order) {
      process.send_signal(signal);
      if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP) last = signal;
    }
    CAPTURE(order.size());
    CHECK(process.wait().exit_code == 128 + last);
  }
}

TEST_CASE("a second signal ends a command at once, even while it handles the first") {
  SilentRegistry registry;
  const Ociferry ociferry(OCIFERRY_BINARY);
  const std::string pipe = (ociferry.home() / "pipe").string();
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const UniqueFd reader = open_file(pipe, O_RDWR | O_NONBLOCK);
  const std::string junk(4096, 'x');
  while (::write(reader.get(), junk.data(), junk.size()) > 0) continue;  // nobody takes the error message
  Program program = ociferry.program({"tag", "resolve", "-i", registry.image()});
  program.arguments.insert(program.arguments.begin(), {"sh", "-c", "exec \"$@\" 2>\"$0\"", pipe});
  Process process(program);
  registry.await_client();
  process.send_signal(SIGTERM);
  process.send_signal(SIGINT);
  const Outcome outcome = process.wait();
  CHECK((outcome.signal == SIGINT || outcome.signal == SIGTERM));
}

TEST_CASE("progress is one line that is rewritten on a terminal, and plain lines on a dumb terminal") {
  const HttpServer busy([](const HttpRequest&) { return HttpReply{503, {{"Retry-After", "200"}}, {}}; });
  const Ociferry ociferry(OCIFERRY_BINARY);
  for (const std::string kind : {"dumb", "", "xterm"}) {
    const Terminal terminal;
    Program program = ociferry.program({"tag", "resolve", "-i", busy.host() + "/team/app:v1"}, {{"TERM", kind}});
    program.arguments.insert(program.arguments.begin(), {"sh", "-c", "exec \"$@\" 2> \"$0\"", terminal.name()});
    Process process(program);
    std::string shown;
    const auto tells = [&](const char* text) { return shown.find(text) != std::string::npos; };
    await("word of the pause", [&] {
      shown += terminal.shown();
      return tells("asks to wait") || !process.running();
    });
    process.send_signal(SIGINT);
    CHECK(process.wait().exit_code == 130);
    shown += terminal.shown();
    CAPTURE(kind);
    INFO(shown);
    CHECK(tells("asks to wait"));
    CHECK(tells("\x1b") == (kind == "xterm"));
    if (kind != "xterm") CHECK(shown.find('\n') < shown.find("ociferry: Error: "));
  }
}
