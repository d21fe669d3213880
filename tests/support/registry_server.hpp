#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "support/http_client.hpp"
#include "support/process.hpp"
#include "support/temp.hpp"
#include "support/tls.hpp"

namespace ociferry::testing {

/// Where a registry sends clients for tokens, and whose tokens it takes.
struct TokenRealm {
  std::string url;
  std::string service;
  std::string issuer;
  std::filesystem::path certificates;  ///< PEM file with the certificates that sign tokens
};

struct RegistryOptions {
  std::string user = {};  ///< "name:password": basic authentication; empty: none
  std::optional<TlsIdentity> tls = {};
  /// With `tls`: whoever asks must show a certificate of its authority; this one is the rig's own.
  std::optional<ClientIdentity> client = {};
  std::optional<TokenRealm> token = {};
  bool takes_urls = true;  ///< manifests may say of layers that they are elsewhere
  bool deletes = true;     ///< manifests and blobs can be deleted; else 405
  /// It remembers which blobs it has, as Debian's configuration says: after a garbage collection that is wrong until it
  /// starts again.
  bool remembers_blobs = false;
};

/// One line of a registry's access log.
struct LoggedRequest {
  std::string method;
  std::string path;  ///< with its query
  int status = 0;
  std::string user_agent;
};

/// Debian's docker-registry on a free port of 127.0.0.1, with its data in a temporary directory.
/// Not thread-safe. Ends with the object.
class RegistryServer {
 public:
  /// Starts it and waits until it answers. Throws Error if it does not come up.
  explicit RegistryServer(RegistryOptions options = {});

  /// "127.0.0.1:41234"
  [[nodiscard]] std::string host() const;
  /// "http://127.0.0.1:41234", or https
  [[nodiscard]] std::string url() const;
  [[nodiscard]] const std::filesystem::path& data_directory() const { return directory_.path(); }

  /// Ends the registry; its data and its port stay.
  void stop();
  /// Starts it again after `stop`, on the same port and data.
  void start();

  /// Deletes the blobs that no manifest refers to, whether it runs or not. May be called by another thread.
  void collect_garbage() const;

  /// The finished requests since the start or the last `forget_requests`, in the order they ended.
  [[nodiscard]] std::vector<LoggedRequest> requests();
  void forget_requests();

  /// A request of the rig itself, with the registry's own user or the bearer token given. Shows in the log.
  [[nodiscard]] HttpAnswer request(const std::string& method, const std::string& path,
                                   const std::vector<std::string>& headers = {}, const std::string& body = {}) const;
  /// The token that `request` sends from now on.
  void use_token(std::string token) { token_ = std::move(token); }

 private:
  void write_configuration() const;
  [[nodiscard]] bool comes_up();
  /// True once the log has everything that was answered before the call; false if the registry has ended.
  bool settle();

  RegistryOptions options_;
  TempDirectory directory_ = temp_directory();
  std::uint16_t port_ = 0;
  std::string token_;
  int markers_ = 0;
  std::size_t log_begin_ = 0;
  std::optional<Process> process_;
};

/// A port of 127.0.0.1 that nobody listened on a moment ago.
[[nodiscard]] std::uint16_t free_port();

}  // namespace ociferry::testing
