#include "archive/tar_parser.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::string_view kSparse = "GNU.sparse.";

Error corrupt(std::string_view why) { return {ErrorCode::Corrupt, std::string(why)}; }

std::string_view until_nul(std::string_view field) { return field.substr(0, field.find('\0')); }

/// A number in base 256 (GNU): big-endian two's complement, after the topmost bit, which marks the format.
std::int64_t base256(std::string_view field, std::string_view what) {
  const bool negative = (static_cast<unsigned char>(field[0]) & 0x40) != 0;
  std::int64_t value = negative ? -1 : 0;
  for (std::size_t i = 0; i < field.size(); ++i) {
    auto digit = static_cast<unsigned char>(field[i]);
    if (i == 0) digit = static_cast<unsigned char>(negative ? digit | 0x80 : digit & 0x7f);
    if (value > (std::numeric_limits<std::int64_t>::max() >> 8) ||
        value < (std::numeric_limits<std::int64_t>::min() >> 8)) {
      throw corrupt(text::cat("a tar header's ", what, " is out of range"));
    }
    value = value * 256 + digit;
  }
  return value;
}

std::int64_t number(std::string_view field, std::string_view what) {
  if ((static_cast<unsigned char>(field[0]) & 0x80) != 0) return base256(field, what);
  const auto first = field.find_first_not_of(std::string_view(" \0", 2));
  if (first == std::string_view::npos) return 0;
  field = until_nul(field.substr(first));
  field = field.substr(0, field.find_last_not_of(' ') + 1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value, 8);
  if (error != std::errc() || end != field.data() + field.size() || value < 0) {
    throw corrupt(text::cat("a tar header's ", what, " is not a number"));
  }
  return value;
}

/// Owners are shown only, so one that cannot be read is no reason to refuse a tar.
std::optional<std::uint64_t> owner(std::string_view field) {
  try {
    return tar_number(field, "owner");
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// The same of an extended header.
std::optional<std::uint64_t> owner_in_pax(std::string_view value) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), id);
  if (error != std::errc() || end != value.data() + value.size() || id < 0) return std::nullopt;
  return static_cast<std::uint64_t>(id);
}

/// Old writers added up signed bytes; like every reader, accepts either sum.
void check_sum(std::string_view block) {
  std::int64_t as_unsigned = 0;
  std::int64_t as_signed = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool is_sum = i >= kChecksumAt && i < kChecksumAt + kChecksumBytes;
    const char c = is_sum ? ' ' : block[i];
    as_unsigned += static_cast<unsigned char>(c);
    as_signed += static_cast<signed char>(c);
  }
  const std::int64_t stored = number(block.substr(kChecksumAt, kChecksumBytes), "checksum");
  if (stored == as_unsigned || stored == as_signed) return;
  const std::string_view name = until_nul(block.substr(0, 100));
  const bool is_name = !name.empty() && text::printable(name) == name;  // of what is no tar it is any bytes
  throw corrupt(text::cat("the checksum in the tar header", is_name ? text::cat(" of '", name, "'") : "",
                          " is wrong: it says ", stored, ", but the bytes add up to ", as_unsigned));
}

/// Takes one "LENGTH KEY=VALUE\n" record off the front of `body`.
std::pair<std::string_view, std::string_view> take_record(std::string_view& body) {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(body.data(), body.data() + body.size(), length);
  const auto digits = static_cast<std::size_t>(end - body.data());
  if (error != std::errc() || length > body.size() || length < digits + 3 || *end != ' ' || body[length - 1] != '\n') {
    throw corrupt("an extended tar header is malformed");
  }
  const std::string_view record = body.substr(digits + 1, length - digits - 2);
  const auto equals = record.find('=');
  if (equals == std::string_view::npos || equals == 0) throw corrupt("an extended tar header is malformed");
  body.remove_prefix(length);
  return {record.substr(0, equals), record.substr(equals + 1)};
}

template <typename Number>
Number whole(std::string_view text, std::string_view key) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw corrupt(text::cat("an extended tar header's ", key, " is not a number"));
  }
  return value;
}

std::string name_value(std::string_view value) {
  if (value.find('\0') != std::string_view::npos) {
    throw Error(ErrorCode::Hostile, "an extended tar header holds a name with a NUL byte");
  }
  return std::string(value);
}

}  // namespace

std::uint64_t tar_number(std::string_view field, std::string_view what) {
  const std::int64_t value = number(field, what);
  if (value < 0) throw corrupt(text::cat("a tar header's ", what, " is negative"));
  return static_cast<std::uint64_t>(value);
}

bool is_all_zero(Bytes bytes) noexcept {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

TarBlock parse_tar_block(Bytes bytes) {
  const std::string_view block = as_text(bytes);
  check_sum(block);
  TarBlock parsed{.path = std::string(until_nul(block.substr(0, 100))),
                  .link = std::string(until_nul(block.substr(157, 100))),
                  .type = block[156],
                  .mode = static_cast<std::uint32_t>(tar_number(block.substr(100, 8), "mode")),
                  .size = tar_number(block.substr(124, 12), "size"),
                  .mtime = number(block.substr(136, 12), "time"),
                  .uid = owner(block.substr(108, 8)),
                  .gid = owner(block.substr(116, 8))};
  // GNU headers ("ustar ") have other fields where POSIX has the prefix of the name.
  const std::string_view prefix = until_nul(block.substr(345, 155));
  if (block.substr(257, 6) == std::string_view("ustar\0", 6) && !prefix.empty()) {
    parsed.path = text::cat(prefix, "/", parsed.path);
  }
  return parsed;
}

PaxRecords parse_pax_records(std::string_view body) {
  PaxRecords records;
  while (!body.empty()) {
    const auto [key, value] = take_record(body);
    // An empty value cancels an earlier record.
    const bool given = !value.empty();
    if (key == "path") {
      records.path = given ? std::optional(name_value(value)) : std::nullopt;
    } else if (key == "linkpath") {
      records.link = given ? std::optional(name_value(value)) : std::nullopt;
    } else if (key == "size") {
      records.size = given ? std::optional(whole<std::uint64_t>(value, key)) : std::nullopt;
    } else if (key == "mtime") {
      const std::string_view seconds = value.substr(0, value.find('.'));
      records.mtime = given ? std::optional(whole<std::int64_t>(seconds, key)) : std::nullopt;
    } else if (key == "uid") {
      records.uid = owner_in_pax(value);
    } else if (key == "gid") {
      records.gid = owner_in_pax(value);
    } else if (given && key.starts_with(kSparse)) {
      records.sparse.take(key.substr(kSparse.size()), name_value(value));
    }
  }
  return records;
}

}  // namespace ociferry
