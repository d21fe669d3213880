#pragma once

#include <compare>
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
  [[nodiscard]] const std::string& text() const noexcept { return *text_; }
  /// "sha256" or "sha512"
  [[nodiscard]] std::string_view algorithm() const noexcept;
  [[nodiscard]] std::string_view hex() const noexcept;

  friend bool operator==(const Digest& a, const Digest& b) noexcept {
    return a.text_ == b.text_ || *a.text_ == *b.text_;
  }
  friend std::strong_ordering operator<=>(const Digest& a, const Digest& b) noexcept { return *a.text_ <=> *b.text_; }

 private:
  explicit Digest(std::string_view text) : text_(std::make_shared<const std::string>(text)) {}
  std::shared_ptr<const std::string> text_;
};

}  // namespace ociferry
