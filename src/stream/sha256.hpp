#pragma once

#include <memory>

#include "ociferry/digest.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// Computes a digest incrementally. Not thread-safe.
class Hasher {
 public:
  /// `algorithm` is "sha256" or "sha512". Throws Error{Internal} for any other.
  explicit Hasher(std::string_view algorithm = "sha256");
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();

  void update(Bytes bytes);
  /// The digest of all bytes so far. Call once, at the end.
  [[nodiscard]] Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The sha256 digest of `text`.
[[nodiscard]] Digest sha256(std::string_view text);
/// The digest of `text` with the given algorithm.
[[nodiscard]] Digest digest_of(std::string_view text, std::string_view algorithm);

}  // namespace ociferry
