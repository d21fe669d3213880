#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <utility>
#include <vector>

#include "http/curl_share.hpp"
#include "http/url.hpp"

namespace ociferry {

struct CloseCurlHandle {
  void operator()(void* handle) const noexcept;
};
/// One of libcurl's easy handles (CURL), with the connections that it keeps.
using CurlHandle = std::unique_ptr<void, CloseCurlHandle>;

/// The handles of a transport: each is used by one request at a time, and kept with its connections. Thread-safe.
class CurlHandles {
 public:
  /// A handle that its request has for itself. Destroyed without `give_back`, its connections are closed.
  class Use {
   public:
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use();

    [[nodiscard]] void* get() const noexcept { return handle_.get(); }
    /// Leaves the handle to other requests.
    void give_back();

   private:
    friend class CurlHandles;
    Use(CurlHandles& of, CurlHandle handle, const Origin* opens_to)
        : of_(of), handle_(std::move(handle)), opens_to_(opens_to) {}

    CurlHandles& of_;
    CurlHandle handle_;
    const Origin* opens_to_;  ///< others wait for this connection; null: nobody does
  };

  /// A handle without a connection, for a request that opens one to `origin`, which outlives it.
  [[nodiscard]] Use open(const Origin& origin);
  /// An idle handle, or a new one. While others open connections to `origin`, which lasts until their first answers,
  /// waits for an idle one for up to a second, since a connection that begins now would be there later.
  [[nodiscard]] Use take(const Origin& origin, const std::stop_token& stop);

 private:
  [[nodiscard]] CurlHandle make() const;

  CurlShare share_;  ///< outlives the handles
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<CurlHandle> idle_;
  std::map<Origin, std::size_t> opening_;  ///< connections on their way
};

}  // namespace ociferry
