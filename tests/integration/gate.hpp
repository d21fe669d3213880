#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "ociferry/reference.hpp"
#include "support/listener.hpp"

namespace ociferry::testing {

/// Stands between a client and a server on this machine and passes on what they send, until it is told to hold: then
/// nothing moves any more, and both sides wait as they would for a network that has gone quiet.
class Gate {
 public:
  enum class Way { ToServer, ToClient };

  /// Listens on a free port for clients of `server` ("127.0.0.1:PORT"). Throws Error.
  explicit Gate(const std::string& server);
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;
  ~Gate();

  /// "127.0.0.1:PORT", where clients connect.
  [[nodiscard]] std::string host() const { return listener_.host(); }
  /// Holds as soon as `bytes` more have gone this way, over all connections together.
  void hold_after(Way way, std::uint64_t bytes);
  [[nodiscard]] bool is_holding() const;
  /// Passes on again what it held, and all that comes.
  void open();

 private:
  void connect_through(int client);
  /// Returns when the bytes may be passed on.
  void pass(Way way, std::size_t bytes);

  std::string server_;
  mutable std::mutex mutex_;
  std::condition_variable opened_;
  bool ending_ = false;
  bool holding_ = false;
  bool limited_ = false;
  Way limited_way_ = Way::ToServer;
  std::uint64_t left_ = 0;
  Listener listener_;  ///< last: its connections use all of the above
};

/// Blocks until `condition` holds; throws Error, naming what was waited for, if that takes longer than kPatience.
void await(const std::string& what, const std::function<bool()>& condition);

/// The same image, asked for by way of a server in front of its registry.
[[nodiscard]] Reference by_way_of(const std::string& host, Reference reference);

}  // namespace ociferry::testing
