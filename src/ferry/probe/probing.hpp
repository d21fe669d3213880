#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ferry/probe/traces.hpp"
#include "http/peer.hpp"
#include "ociferry/probe.hpp"

namespace ociferry {

/// The peers of new connections. Thread-safe.
class PeerLog {
 public:
  [[nodiscard]] PeerObserver observer();
  /// The first one; nullopt if no connection was answered.
  [[nodiscard]] std::optional<Peer> first() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Peer> peers_;
};

/// A connection of its own to a probe's registry, with `options`. `context` and `peers` must outlive it.
[[nodiscard]] std::shared_ptr<Connection> connect(const RegistryOptions& options, const RepositoryName& name,
                                                  const Context& context, PeerLog& peers);

/// How a capability is called: in results, and for people.
struct Capability {
  std::string_view name;
  std::string_view what;
};

/// What the trials of one probe share. Used by one thread. Each trial adds one finding or more.
class Probing {
 public:
  /// All must outlive it.
  Probing(const ProbeOptions& options, const Context& context);

  [[nodiscard]] const ProbeOptions& options() const noexcept { return options_; }
  [[nodiscard]] const Context& context() const noexcept { return context_; }
  [[nodiscard]] const RepositoryName& name() const noexcept { return options_.repository; }
  /// The command's options, with fewer retries.
  [[nodiscard]] const RegistryOptions& registry_options() const noexcept { return registry_options_; }
  /// "ociferry-probe-" and random digits.
  [[nodiscard]] const std::string& mark() const noexcept { return mark_; }
  [[nodiscard]] Connection& connection() noexcept { return *connection_; }
  [[nodiscard]] PeerLog& peers() noexcept { return peers_; }
  [[nodiscard]] Traces& traces() noexcept { return traces_; }

  [[nodiscard]] Scope scope(Scope::Access access = Scope::Access::Push) const { return {name(), access}; }
  [[nodiscard]] Url url(const std::string& path) { return connection_->url(name(), path, context_.stop); }
  /// One request below the repository, with retries.
  [[nodiscard]] Answer ask(std::string method, const std::string& path);
  [[nodiscard]] Answer ask(const Request& request, const Scope& scope);

  void yes(Capability about, std::string detail = {}, std::string meaning = {});
  void no(Capability about, std::string detail, std::string meaning);
  void unknown(Capability about, std::string detail, std::string meaning = {});
  void not_tried(Capability about, std::string why);
  /// An import would fail for this reason. The first one counts.
  void fail(const Error& error);
  /// True if the answer about it was yes.
  [[nodiscard]] bool is_possible(Capability about) const;
  [[nodiscard]] bool has_failed() const noexcept { return report_.failure.has_value(); }

  /// Runs a trial of `about`. An Error of it is its finding; after one of the network, or once the probe has failed,
  /// further trials are not made. Throws Error{Interrupted}.
  void attempt(Capability about, const std::function<void()>& trial);

  [[nodiscard]] ProbeReport& report() noexcept { return report_; }

 private:
  void add(Capability about, ProbeAnswer answer, std::string detail, std::string meaning);

  const ProbeOptions& options_;
  const Context& context_;
  RegistryOptions registry_options_;
  std::string mark_;
  PeerLog peers_;
  std::shared_ptr<Connection> connection_;
  Traces traces_;
  ProbeReport report_;
};

/// "answered 405 (UNSUPPORTED: ...)"
[[nodiscard]] std::string answer_words(const Answer& answer);

}  // namespace ociferry
