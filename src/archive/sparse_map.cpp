#include "archive/sparse_map.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "archive/tar_header.hpp"
#include "archive/tar_parser.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

// GNU tar, src/tar.h: struct oldgnu_header and struct sparse_header.
constexpr std::size_t kEntryBytes = 24;
constexpr std::size_t kNumberBytes = 12;
constexpr std::size_t kHeaderEntriesAt = 386;
constexpr std::size_t kHeaderEntries = 4;
constexpr std::size_t kHeaderWantsMoreAt = 482;
constexpr std::size_t kHeaderSizeAt = 483;
constexpr std::size_t kBlockEntries = 21;
constexpr std::size_t kBlockWantsMoreAt = 504;
/// Digits of a number of 64 bits.
constexpr std::size_t kDigits = 20;

Error bad_map(std::string_view why) { return {ErrorCode::Hostile, text::cat("its map of holes ", why)}; }

std::uint64_t decimal(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) throw bad_map("holds what is not a number");
  return value;
}

void check_count(std::uint64_t segments) {
  if (segments > kSparseSegments) {
    throw bad_map(text::cat("has more than ", kSparseSegments, " pieces"));
  }
}

}  // namespace

void SparseMap::check(std::uint64_t stored) const {
  if (size > std::numeric_limits<std::int64_t>::max()) throw bad_map("is for a file of an impossible size");
  std::uint64_t end = 0;
  std::uint64_t sum = 0;
  for (const Segment& segment : segments) {
    if (segment.offset < end) throw bad_map("is not in order or overlaps");
    if (segment.offset > size || segment.size > size - segment.offset) throw bad_map("exceeds the file's size");
    end = segment.offset + segment.size;
    sum += segment.size;
  }
  if (sum != stored) throw bad_map(text::cat("covers ", sum, " bytes, but ", stored, " are stored"));
}

void SparseRecords::take(std::string_view key, std::string_view value) {
  if (key == "name") {
    name = std::string(value);
  } else if (key == "size" || key == "realsize") {
    size = decimal(value);
  } else if (key == "major") {
    major = std::string(value);
  } else if (key == "minor") {
    minor = std::string(value);
  } else if (key == "offset" || key == "numbytes") {
    if ((numbers.size() % 2 == 0) != (key == "offset"))
      throw bad_map("has an offset without a length, or a length without one");
    numbers.push_back(decimal(value));
  } else if (key == "map") {
    numbers.clear();
    for (const std::string& number : text::split(value, ',')) numbers.push_back(decimal(number));
  }
}

bool SparseRecords::map_is_in_content() const {
  if (major == "1" && minor == "0") return true;
  const bool is_old = major.empty() ? minor.empty() : major == "0" && (minor == "0" || minor == "1");
  if (!is_old) throw bad_map(text::cat("has version ", major, ".", minor, ", which is not known"));
  return false;
}

SparseMap SparseRecords::map(const std::vector<std::uint64_t>& of_segments) const {
  if (!size) throw bad_map("comes without the file's size");
  if (of_segments.size() % 2 != 0) throw bad_map("has an offset without a length, or a length without one");
  check_count(of_segments.size() / 2);
  SparseMap map{.size = *size};
  map.segments.reserve(of_segments.size() / 2);
  for (std::size_t i = 0; i < of_segments.size(); i += 2) map.segments.push_back({of_segments[i], of_segments[i + 1]});
  return map;
}

void SparseMapText::add(std::string_view block) {
  while (!complete() && !block.empty()) {
    const auto newline = block.find('\n');
    line_ += block.substr(0, newline);
    if (line_.size() > kDigits) throw bad_map("holds what is not a number");
    if (newline == std::string_view::npos) return;
    block.remove_prefix(newline + 1);
    const std::uint64_t number = decimal(std::exchange(line_, {}));
    if (expected_) {
      numbers_.push_back(number);
    } else {
      check_count(number);
      expected_ = 2 * number;
    }
  }
}

GnuSparseMap::GnuSparseMap(std::string_view header) : wants_more_(header[kHeaderWantsMoreAt] != '\0') {
  map_.size = tar_number(header.substr(kHeaderSizeAt, kNumberBytes), "real size");
  add_entries(header.substr(kHeaderEntriesAt, kHeaderEntries * kEntryBytes));
}

void GnuSparseMap::add(std::string_view block) {
  wants_more_ = block[kBlockWantsMoreAt] != '\0';
  const std::size_t before = map_.segments.size();
  add_entries(block.substr(0, kBlockEntries * kEntryBytes));
  if (map_.segments.size() == before) throw bad_map("goes on without an end");
  check_count(map_.segments.size());
}

void GnuSparseMap::add_entries(std::string_view entries) {
  for (; !entries.empty(); entries.remove_prefix(kEntryBytes)) {
    const std::string_view entry = entries.substr(0, kEntryBytes);
    if (entry[kNumberBytes] == '\0') return;  // unused
    map_.segments.push_back({tar_number(entry.substr(0, kNumberBytes), "offset of data"),
                             tar_number(entry.substr(kNumberBytes), "length of data")});
  }
}

void SparseCursor::start(std::uint64_t size) {
  map_.size = size;
  map_.segments.assign(1, {0, size});
  segment_ = 0;
  position_ = 0;
}

void SparseCursor::start(SparseMap map) {
  map_ = std::move(map);
  segment_ = 0;
  position_ = 0;
  pass_empty_segments();
}

void SparseCursor::pass_empty_segments() noexcept {
  const auto& all = map_.segments;
  while (segment_ < all.size() && all[segment_].offset + all[segment_].size <= position_) ++segment_;
}

std::uint64_t SparseCursor::hole() const noexcept {
  const std::uint64_t end = segment_ < map_.segments.size() ? map_.segments[segment_].offset : map_.size;
  return end > position_ ? end - position_ : 0;
}

std::uint64_t SparseCursor::data() const noexcept {
  if (segment_ == map_.segments.size() || map_.segments[segment_].offset > position_) return 0;
  return map_.segments[segment_].offset + map_.segments[segment_].size - position_;
}

void SparseCursor::advance(std::uint64_t bytes) noexcept {
  position_ += bytes;
  pass_empty_segments();
}

}  // namespace ociferry
