#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "base/fd.hpp"

namespace ociferry::testing {

/// Accepts connections on a free port of 127.0.0.1; each is served on a thread of its own until `serve` returns.
class Listener {
 public:
  /// `socket` is closed by the listener after `serve` has returned, and shut down before that if the listener ends.
  using Serve = std::function<void(int socket)>;

  /// Throws Error if it cannot listen.
  explicit Listener(Serve serve);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  /// Calls `stop` and waits until every `serve` has returned.
  ~Listener();

  /// "127.0.0.1:PORT"
  [[nodiscard]] std::string host() const;
  /// Shuts all connections down, those that are still to come too.
  void stop();

 private:
  void accept_all();
  void serve_one(UniqueFd client);

  Serve serve_;
  UniqueFd socket_;
  std::mutex mutex_;
  std::condition_variable served_;
  bool ending_ = false;
  std::set<int> open_;
  std::jthread acceptor_;
};

/// A connection to "127.0.0.1:PORT"; empty if nobody listens there. Throws Error.
[[nodiscard]] UniqueFd connect_to(const std::string& host);

/// Sends all of it; false if the peer is gone.
bool send_all(int socket, std::string_view bytes);

}  // namespace ociferry::testing
