#include "layout/sealed/member_check.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace ociferry {

Error damaged(const std::string& archive, std::string_view what, std::uint64_t offset) {
  return Error(ErrorCode::Corrupt, text::cat(archive, ": ", what, " (at offset ", offset, ")"))
      .hint("the archive was damaged or changed after export: copy it again, and compare its sha256sum on both sides");
}

Error damaged(const Medium& medium, std::string_view what, std::uint64_t offset) {
  return damaged(medium.name_at(offset), what, offset - medium.begin_at(offset));
}

std::string hex(char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  return text::cat("0x", kDigits[value >> 4], kDigits[value & 15]);
}

std::string name_in(std::string_view header) {
  constexpr std::size_t kNameField = 100;
  return std::string(header.substr(0, std::min(kNameField, header.find('\0'))));
}

namespace {

/// What is wrong with a header, and at which of its bytes that begins.
struct HeaderDamage {
  std::string what;
  std::size_t at = 0;
};

std::optional<HeaderDamage> header_damage(const ArchiveMember& member, const std::string& actual) {
  constexpr std::size_t kNameField = 100;
  const std::string expected = member.header();
  if (actual == expected) return std::nullopt;
  const auto at = static_cast<std::size_t>(std::ranges::mismatch(actual, expected).in1 - actual.begin());
  const std::string what = at < kNameField ? text::cat("it names '", name_in(actual), "'")
                                           : text::cat(hex(actual[at]), " where ", hex(expected[at]), " must be");
  return HeaderDamage{text::cat("the tar header of ", member.name(), " is damaged: ", what), at};
}

}  // namespace

void check_header(const std::string& archive, const ArchiveMember& member, const std::string& actual) {
  if (const auto damage = header_damage(member, actual)) {
    throw damaged(archive, damage->what, member.header_offset + damage->at);
  }
}

void check_header(const Medium& medium, const ArchiveMember& member, const std::string& actual) {
  if (const auto damage = header_damage(member, actual)) {
    throw damaged(medium, damage->what, member.header_offset + damage->at);
  }
}

void check_all_zero(const std::string& archive, std::string_view bytes, std::uint64_t offset, std::string_view what) {
  const auto bad = bytes.find_first_not_of('\0');
  if (bad == std::string_view::npos) return;
  throw damaged(archive, text::cat(what, " is not all zero: it holds ", hex(bytes[bad])), offset + bad);
}

}  // namespace ociferry
