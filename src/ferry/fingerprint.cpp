#include "ferry/fingerprint.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

namespace {

/// Long enough that no other archive with the same digits can be made, short enough to be read aloud.
constexpr std::size_t kSpokenDigits = 32;
constexpr std::size_t kAllDigits = 64;
constexpr std::size_t kGroup = 4;
constexpr std::string_view kAlgorithm = "sha256:";

/// `text` in lower case, without separators.
std::string without_separators(std::string_view text) {
  std::string kept;
  for (const char c : text) {
    if (c == ' ' || c == '-') continue;
    kept += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return kept;
}

}  // namespace

std::string spoken(const Digest& fingerprint) {
  const std::string_view digits = fingerprint.hex();
  std::string text;
  for (std::size_t at = 0; at < kSpokenDigits; at += kGroup) {
    if (at > 0) text += '-';
    text += digits.substr(at, kGroup);
  }
  return text;
}

std::optional<Digest> fingerprint_of(const ImageArchive& archive) {
  const ArchiveReader* sealed = archive.sealed();
  return sealed == nullptr ? std::nullopt : std::optional(sealed->fingerprint());
}

DemandedFingerprint::DemandedFingerprint(const std::string& text) : digits_(without_separators(text)) {
  if (digits_.starts_with(kAlgorithm)) digits_.erase(0, kAlgorithm.size());
  const bool is_hex = digits_.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (is_hex && (digits_.size() == kSpokenDigits || digits_.size() == kAllDigits)) return;
  throw Error(ErrorCode::Usage, text::cat("'", text, "' is not a fingerprint: it must have ", kSpokenDigits, " or ",
                                          kAllDigits, " hexadecimal digits"))
      .hint("`ociferry inspect ARCHIVE` shows it, as did the export");
}

void DemandedFingerprint::check(const ImageArchive& archive) const {
  const auto there = fingerprint_of(archive);
  if (!there) {
    throw Error(ErrorCode::Incomplete,
                text::cat(archive.name(), " has no fingerprint: it is an unsealed ", to_string(archive.format())))
        .hint("compare the sha256sum of the whole file on both sides");
  }
  if (there->hex().starts_with(digits_)) return;
  throw Error(ErrorCode::Corrupt,
              text::cat(archive.name(), " is not the expected archive: its ", "fingerprint is ", spoken(*there)))
      .hint("compare it again with the one that the export showed; if it differs, get the right file");
}

}  // namespace ociferry
