#include "ociferry/digest.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kSha256 = "sha256:";
constexpr std::string_view kSha512 = "sha512:";

/// The algorithm, then the first 15 of the hex digits.
std::uint64_t order_of(std::string_view text) {
  constexpr std::size_t kDigits = 15;
  std::uint64_t order = 0;
  const char* const hex = text.data() + kSha256.size();
  std::from_chars(hex, hex + kDigits, order, 16);
  return text.starts_with(kSha512) ? order | std::uint64_t{1} << (4 * kDigits) : order;
}

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Digest::Digest(std::string_view text)
    : kept_(std::make_shared<const Kept>(Kept{.text = std::string(text), .order = order_of(text)})) {}

std::optional<Digest> Digest::try_parse(std::string_view text) {
  const bool fits = (text.starts_with(kSha256) && text.size() == kSha256.size() + 64) ||
                    (text.starts_with(kSha512) && text.size() == kSha512.size() + 128);
  if (!fits || !is_lower_hex(text.substr(kSha256.size()))) return std::nullopt;
  return Digest(text);
}

Digest Digest::parse(std::string_view text) {
  if (const auto digest = try_parse(text)) return *digest;
  throw Error(ErrorCode::Hostile, text::cat("not a digest: '", text.substr(0, 200), "'"))
      .hint("a digest is sha256: and 64, or sha512: and 128, lower-case hex digits");
}

std::string_view Digest::algorithm() const noexcept { return std::string_view(text()).substr(0, 6); }
std::string_view Digest::hex() const noexcept { return std::string_view(text()).substr(7); }

}  // namespace ociferry
