#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "registry/registry_client.hpp"
#include "support/error_of.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_registry.hpp"
#include "support/fake_transport.hpp"

namespace ociferry::testing {

/// Sums up what was reported as moved.
struct Counted : Progress {
  std::atomic<std::int64_t> bytes{0};
  void advance(std::int64_t more) override { bytes += more; }
};

/// 1,000 bytes of which few neighbours are alike.
inline const std::string kLetters = [] {
  std::string content;
  for (int i = 0; i < 1000; ++i) content += static_cast<char>('a' + i % 23);
  return content;
}();

/// A client on a transport without a network, with one fake registry behind every host.
struct Rig {
  FakeRegistry registry;
  FakeClock clock;
  Counted progress;
  std::stop_source stop;
  std::shared_ptr<FakeTransport> transport;
  std::unique_ptr<RegistryClient> client;

  explicit Rig(RegistryOptions options = {}, Environment environment = {}) {
    transport = std::make_shared<FakeTransport>(registry.handler());
    make_client(std::move(options), std::move(environment));
  }
  /// Plays a script instead; see FakeTransport::expect.
  struct Script {};
  explicit Rig(Script, RegistryOptions options = {}, Environment environment = {}) {
    transport = std::make_shared<FakeTransport>();
    make_client(std::move(options), std::move(environment));
  }

  Repository& repository(const std::string& name = "team/app", const std::string& host = "reg.example") {
    return *client->repository({host, name});
  }
  /// How many requests so far begin with "METHOD URL".
  [[nodiscard]] std::size_t count(const std::string& prefix) const {
    std::size_t found = 0;
    for (const std::string& line : transport->lines()) found += line.starts_with(prefix) ? 1 : 0;
    return found;
  }
  /// The first `times` requests that `method` and a part of the path pick are answered with `reply`.
  void answer_first(int times, std::string method, std::string part, HttpReply reply) {
    registry.intercept = [=, left = times](const HttpRequest& request) mutable -> std::optional<HttpReply> {
      if (left == 0 || request.method != method || request.path.find(part) == std::string::npos) return std::nullopt;
      --left;
      return reply;
    };
  }

 private:
  void make_client(RegistryOptions options, Environment environment) {
    client = std::make_unique<RegistryClient>(std::move(options), transport, progress, stop.get_token(),
                                              std::move(environment), clock);
  }
};

}  // namespace ociferry::testing
