#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace ociferry {

/// A content digest, always well formed: `sha256:` and 64, or `sha512:` and 128, lower-case hex digits.
/// (image-spec, descriptor.md "Digests"). A regular value; there is no empty digest.
class Digest {
 public:
  /// Throws Error{Hostile} if `text` is not a registered, canonical digest.
  [[nodiscard]] static Digest parse(std::string_view text);
  [[nodiscard]] static std::optional<Digest> try_parse(std::string_view text) noexcept;

  /// "sha256:<hex>"
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// "sha256" or "sha512"
  [[nodiscard]] std::string_view algorithm() const noexcept;
  [[nodiscard]] std::string_view hex() const noexcept;

  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  explicit Digest(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace ociferry
