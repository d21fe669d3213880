#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <mutex>

namespace ociferry {

/// What all handles of one transport have in common: TLS sessions, so that only the first connection to a host makes a
/// full handshake, and the addresses of names, so that each is looked up once. Thread-safe; outlives its handles.
class CurlShare {
 public:
  /// Throws std::bad_alloc.
  CurlShare();

  [[nodiscard]] CURLSH* get() const noexcept { return share_.get(); }

 private:
  struct Close {
    void operator()(CURLSH* share) const noexcept { curl_share_cleanup(share); }
  };

  std::array<std::mutex, CURL_LOCK_DATA_LAST> mutexes_;  ///< one for each kind of data
  std::unique_ptr<CURLSH, Close> share_;
};

}  // namespace ociferry
