#pragma once

#include <memory>

namespace ociferry {

/// Caches that all handles of one transport share: TLS sessions (only the first connection to a host makes a full
/// handshake) and DNS results. Thread-safe; outlives its handles.
class CurlShare {
 public:
  /// Throws std::bad_alloc.
  CurlShare();
  ~CurlShare();
  CurlShare(const CurlShare&) = delete;
  CurlShare& operator=(const CurlShare&) = delete;

  /// libcurl's CURLSH.
  [[nodiscard]] void* get() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ociferry
