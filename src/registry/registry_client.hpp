#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "credentials/environment.hpp"
#include "http/clock.hpp"
#include "http/peer.hpp"
#include "http/transport.hpp"
#include "ociferry/progress.hpp"
#include "ociferry/reference.hpp"
#include "ociferry/registry_options.hpp"
#include "registry/repository.hpp"

namespace ociferry {

/// A transport over the network with the time-outs and certificates of `options`.
/// Throws Error{Usage} if a certificate file cannot be used. `progress` must outlive it.
[[nodiscard]] std::shared_ptr<Transport> make_transport(const RegistryOptions& options, Progress& progress);
/// The same, and tells `observe_peer` of each connection.
[[nodiscard]] std::shared_ptr<Transport> make_observed_transport(const RegistryOptions& options, Progress& progress,
                                                                 PeerObserver observe_peer);

/// Connects to all registries of one command: finds credentials, chooses https or http for each host, caches tokens,
/// and retries. Thread-safe.
class RegistryClient {
 public:
  /// `stop` ends all requests. `progress` and `clock` must outlive the client and all its
  /// repositories. Throws Error{Usage} for malformed IMGPKG_* variables.
  RegistryClient(RegistryOptions options, std::shared_ptr<Transport> transport, Progress& progress,
                 std::stop_token stop = {}, Environment environment = current_environment(),
                 Clock& clock = real_clock());
  ~RegistryClient();
  RegistryClient(const RegistryClient&) = delete;
  RegistryClient& operator=(const RegistryClient&) = delete;

  /// The repository called `name`; the same object for the same name. Does not contact the registry yet.
  /// It may outlive the client.
  [[nodiscard]] std::shared_ptr<Repository> repository(const RepositoryName& name);
  /// The paths of the repositories in the registry's catalog, as `list_catalog` gives them.
  [[nodiscard]] std::vector<std::string> catalog(const std::string& registry);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ociferry
