#include "registry/registry_client.hpp"

#include <map>
#include <mutex>

#include "http/curl_transport.hpp"
#include "ociferry/version.hpp"
#include "registry/catalog.hpp"
#include "registry/connection.hpp"

namespace ociferry {

namespace {

/// The directories of Docker, podman and skopeo with certificates of single registries; the user's own first.
std::vector<std::filesystem::path> certificate_directories(const Environment& environment) {
  std::vector<std::filesystem::path> all;
  std::optional<std::filesystem::path> own = lookup(environment, "XDG_CONFIG_HOME");
  if (const auto home = lookup(environment, "HOME"); home && !own) own = std::filesystem::path(*home) / ".config";
  if (own) all = {*own / "containers" / "certs.d", *own / "docker" / "certs.d"};
  all.insert(all.end(), {"/etc/containers/certs.d", "/etc/docker/certs.d"});
  return all;
}

}  // namespace

std::shared_ptr<Transport> make_transport(const RegistryOptions& options, Progress& progress) {
  return make_observed_transport(options, progress, {});
}

std::shared_ptr<Transport> make_observed_transport(const RegistryOptions& options, Progress& progress,
                                                   PeerObserver observe_peer) {
  TransportOptions transport;
  transport.observe_peer = std::move(observe_peer);
  transport.user_agent = "ociferry/" + std::string(version());
  transport.ca_cert_paths = options.ca_cert_paths;
  const Environment environment = current_environment();
  transport.certificate_directories = certificate_directories(environment);
  transport.proxies = ProxyRules(environment);
  transport.verify_certs = options.verify_certs;
  transport.http_version = options.http_version;
  transport.response_header_timeout = options.response_header_timeout;
  transport.retry_timeouts = options.retry_timeouts;
  transport.stall_timeout = options.stall_timeout;
  return std::make_shared<CurlTransport>(std::move(transport), progress);
}

class RegistryClient::Impl {
 public:
  explicit Impl(std::shared_ptr<ClientContext> context) : context_(std::move(context)) {}

  std::shared_ptr<Repository> repository(const RepositoryName& name) {
    const std::lock_guard lock(mutex_);
    auto& repository = repositories_[name];
    if (!repository) repository = std::make_shared<Repository>(connection_to(name.registry), name);
    return repository;
  }

  std::vector<std::string> catalog(const std::string& registry) {
    std::unique_lock lock(mutex_);
    const std::shared_ptr<Connection> connection = connection_to(registry);
    lock.unlock();
    return list_catalog(*connection);
  }

 private:
  /// The caller holds the lock.
  std::shared_ptr<Connection> connection_to(const std::string& registry) {
    auto& connection = connections_[registry];
    if (!connection) connection = std::make_shared<Connection>(context_, registry);
    return connection;
  }

  std::shared_ptr<ClientContext> context_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Connection>> connections_;
  std::map<RepositoryName, std::shared_ptr<Repository>> repositories_;
};

RegistryClient::RegistryClient(RegistryOptions options, std::shared_ptr<Transport> transport, Progress& progress,
                               std::stop_token stop, Environment environment, Clock& clock)
    : impl_(std::make_unique<Impl>(std::make_shared<ClientContext>(std::move(options), std::move(transport), progress,
                                                                   std::move(stop), environment, clock))) {}
RegistryClient::~RegistryClient() = default;

std::shared_ptr<Repository> RegistryClient::repository(const RepositoryName& name) { return impl_->repository(name); }

std::vector<std::string> RegistryClient::catalog(const std::string& registry) { return impl_->catalog(registry); }

}  // namespace ociferry
