#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "support/http_messages.hpp"
#include "support/listener.hpp"

namespace ociferry::testing {

/// Passes bytes between two sockets until one of them ends, or `client` has been given `at_most` bytes.
void relay(int client, int server, std::size_t at_most = static_cast<std::size_t>(-1));

/// A small proxy on a free loopback port: it makes tunnels (CONNECT) to other loopback ports, and answers everything
/// else with 502. It keeps what it was asked, but not what goes through its tunnels.
class ConnectProxy {
 public:
  /// `credentials` are "user:password" and must be given in every request; empty: anybody may use it.
  explicit ConnectProxy(std::string credentials = {});

  /// From now on it answers CONNECT with this status.
  void refuse(int status) { refusal_ = status; }
  /// "http://CREDENTIALS@127.0.0.1:PORT", or without what stands before the '@' if there are none.
  [[nodiscard]] std::string url(const std::string& credentials = {}) const;
  /// The requests so far, in the order in which they came; the path of a CONNECT is the server's "HOST:PORT".
  [[nodiscard]] std::vector<HttpRequest> requests() const;

 private:
  void serve(int socket);
  [[nodiscard]] int status_for(const HttpRequest& request) const;

  std::string wanted_;  ///< the value of Proxy-Authorization
  std::atomic<int> refusal_{0};
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  Listener listener_;
};

}  // namespace ociferry::testing
