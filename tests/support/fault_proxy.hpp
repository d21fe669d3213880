#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "support/fault.hpp"
#include "support/listener.hpp"
#include "support/registry_server.hpp"
#include "support/token_server.hpp"
#include "support/wire.hpp"

namespace ociferry::testing {

/// A reverse proxy in front of a registry that sees every header of every request, and does to them what its rules, or
/// a function of the test, say. It keeps a transcript. Small images only: requests and answers are held in memory.
class FaultProxy {
 public:
  /// Answers in the registry's place, or does not. Called from several threads at once, and may block.
  using Intercept = std::function<std::optional<HttpReply>(const HttpRequest&)>;

  /// `registry` must outlive it.
  explicit FaultProxy(const RegistryServer& registry, Intercept intercept = {});
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;
  ~FaultProxy();

  /// From now on /token is passed to `tokens`, and the registry's clients are sent there: faults reach it, too.
  void serve_tokens(const TokenServer& tokens);
  /// Puts these rules in the place of the earlier ones, and forgets the transcript. The first rule that fits counts.
  /// Waits until the requests that are under way have been answered.
  void use(std::vector<Rule> rules);

  /// "127.0.0.1:PORT", where clients ask.
  [[nodiscard]] std::string host() const { return first_.host(); }
  /// The second address, where redirects lead. Like a storage server it needs no authorization: it has the rig's own.
  [[nodiscard]] std::string elsewhere() const { return second_.host(); }

  /// Everything since the last `use`, in the order in which requests were complete.
  [[nodiscard]] std::vector<Exchange> transcript() const;
  [[nodiscard]] std::vector<HttpRequest> requests() const;
  /// How many of them have this method and this text in their path.
  [[nodiscard]] std::size_t count(const std::string& method, const std::string& path_part) const;

 private:
  struct ActiveRule {
    Rule rule;
    std::regex path;
    std::regex header;
    std::size_t seen = 0;
  };

  void serve(int socket, int listener);
  class UnderWay;
  /// False if the connection is to end.
  [[nodiscard]] bool serve_one(Wire& wire, HttpRequest request, int listener);
  [[nodiscard]] std::optional<Fault> fault_for(const HttpRequest& request, int listener);
  [[nodiscard]] std::size_t record(const HttpRequest& request, int listener, bool faulty);
  void record_status(std::size_t index, int status);
  [[nodiscard]] HttpReply answer(const HttpRequest& request, const Fault& fault, int listener);
  [[nodiscard]] HttpReply pass_on(const HttpRequest& request, int listener) const;
  [[nodiscard]] bool reply(Wire& wire, const HttpRequest& request, const Fault& fault, HttpReply answer);
  void wait(std::chrono::milliseconds time);

  const RegistryServer& registry_;
  Intercept intercept_;
  const TokenServer* tokens_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::vector<ActiveRule> rules_;
  std::size_t under_way_ = 0;  ///< requests
  std::vector<Exchange> transcript_;
  Listener second_;
  Listener first_;
};

/// True if the exchange is a request of this method with this text in its path or query.
[[nodiscard]] bool is(const Exchange& exchange, const std::string& method, const std::string& target_part);

}  // namespace ociferry::testing
