#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ociferry/export.hpp"

namespace ociferry {

/// A content digest, always well formed: `sha256:` and 64, or `sha512:` and 128, lower-case hex digits.
/// (image-spec, descriptor.md "Digests"). Never empty. Copies share the text, and may be
/// used by different threads.
class OCIFERRY_EXPORT Digest {
 public:
  Digest(const Digest&) noexcept = default;  // a move would leave an empty one behind
  Digest& operator=(const Digest&) noexcept = default;

  /// Throws Error{Hostile} if `text` is not a registered, canonical digest.
  [[nodiscard]] static Digest parse(std::string_view text);
  [[nodiscard]] static std::optional<Digest> try_parse(std::string_view text);

  /// "sha256:<hex>"
  [[nodiscard]] const std::string& text() const noexcept { return kept_->text; }
  /// "sha256" or "sha512"
  [[nodiscard]] std::string_view algorithm() const noexcept;
  [[nodiscard]] std::string_view hex() const noexcept;

  friend bool operator==(const Digest& a, const Digest& b) noexcept {
    return a.kept_ == b.kept_ || (a.kept_->order == b.kept_->order && a.text() == b.text());
  }
  friend std::strong_ordering operator<=>(const Digest& a, const Digest& b) noexcept {
    const auto by_order = a.kept_->order <=> b.kept_->order;
    return by_order != 0 ? by_order : a.text() <=> b.text();
  }

 private:
  struct Kept {
    std::string text;
    std::uint64_t order;  ///< that of the texts, as far as it tells them apart: without reading them
  };
  explicit Digest(std::string_view text);
  std::shared_ptr<const Kept> kept_;
};

}  // namespace ociferry
