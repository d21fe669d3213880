#include "layout/compact/compact_format.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"

namespace ociferry::compact {

namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::string_view kKind = "CompactArchive";
constexpr std::size_t kSizesBytes = 12;  ///< a record begins with three sizes of four bytes
/// Steps take many times this in memory.
constexpr std::size_t kMostStepsBytes = kMiB;

Error broken(const std::string& what, std::string_view why) {
  return Error(ErrorCode::Corrupt, text::cat(what, ": ", why));
}

void put_number(std::vector<std::byte>& out, std::uint64_t number) {
  while (number >= 0x80) {
    out.push_back(static_cast<std::byte>(number | 0x80));
    number >>= 7;
  }
  out.push_back(static_cast<std::byte>(number));
}

void put_size(std::vector<std::byte>& out, std::size_t size) {
  for (unsigned shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::byte>(size >> shift));
}

std::size_t size_at(Bytes bytes, std::size_t offset) {
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) size |= std::to_integer<std::size_t>(bytes[offset + i]) << (8 * i);
  return size;
}

/// Reads numbers of seven bits a byte, the lowest first.
class Numbers {
 public:
  Numbers(Bytes bytes, const std::string& what) : bytes_(bytes), what_(what) {}
  [[nodiscard]] bool is_at_end() const noexcept { return next_ == bytes_.size(); }
  [[nodiscard]] std::uint64_t take() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (is_at_end()) break;
      const auto byte = std::to_integer<std::uint64_t>(bytes_[next_++]);
      number |= (byte & 0x7F) << shift;
      if (byte < 0x80) return number;
    }
    throw broken(what_, "a number in the record of a piece does not end");
  }

 private:
  Bytes bytes_;
  const std::string& what_;
  std::size_t next_ = 0;
};

/// Small numbers of either sign become small ones without a sign.
std::uint64_t folded(std::uint64_t difference) {
  const bool is_negative = (difference >> 63) != 0;
  return is_negative ? ~(difference << 1) : difference << 1;
}
std::uint64_t unfolded(std::uint64_t number) { return (number & 1) != 0 ? ~(number >> 1) : number >> 1; }

bool takes_from_kept(Step::Kind kind) { return kind == Step::Kind::Copy || kind == Step::Kind::Differ; }

std::vector<std::byte> write_steps(const std::vector<Step>& steps) {
  std::vector<std::byte> out;
  std::uint64_t expected = 0;  // where the last step that took something ended
  for (const Step& step : steps) {
    put_number(out, step.bytes << 2 | static_cast<std::uint64_t>(step.kind));
    if (!takes_from_kept(step.kind)) continue;
    put_number(out, folded(step.from - expected));
    expected = step.from + step.bytes;
  }
  return out;
}

std::vector<Step> read_steps(Bytes bytes, std::size_t most, std::size_t fresh, const std::string& what) {
  std::vector<Step> steps;
  std::uint64_t sum = 0;
  std::uint64_t sum_of_fresh = 0;
  std::uint64_t expected = 0;
  Numbers numbers(bytes, what);
  while (!numbers.is_at_end()) {
    const std::uint64_t first = numbers.take();
    Step step{.kind = static_cast<Step::Kind>(first & 3), .bytes = first >> 2};
    if (step.bytes == 0) throw broken(what, "a step gives nothing");
    if (takes_from_kept(step.kind)) {
      step.from = expected + unfolded(numbers.take());
      expected = step.from + step.bytes;
    }
    if (step.bytes > most - sum) throw broken(what, text::cat("a piece has more than ", most, " bytes"));
    sum += step.bytes;
    if (step.kind != Step::Kind::Copy) sum_of_fresh += step.bytes;
    steps.push_back(step);
  }
  if (sum_of_fresh != fresh) throw broken(what, "the steps of a piece do not match its bytes");
  return steps;
}

std::uint64_t number_at(const Json& json, std::string_view key, const std::string& what) {
  const Json* found = json.find(key);
  const std::int64_t* number = found == nullptr ? nullptr : found->as_int();
  if (number == nullptr || *number < 0) throw broken(what, text::cat("\"", key, "\" is no number"));
  return static_cast<std::uint64_t>(*number);
}

Json write_base(const Base& base) {
  Json::Array archives;
  for (const Digest& archive : base.archives) archives.emplace_back(archive.text());
  Json::Array blobs;
  for (const Descriptor& blob : base.blobs) {
    blobs.emplace_back(Json::Object{{"digest", blob.digest.text()}, {"size", blob.size}});
  }
  return Json::Object{{"archives", std::move(archives)}, {"blobs", std::move(blobs)}};
}

Digest digest_of(const std::string& text, const std::string& what) {
  auto digest = Digest::try_parse(text);
  if (!digest) throw broken(what, text::cat("'", text::printable(text, 100), "' is no digest"));
  return *std::move(digest);
}

Base read_base(const Json* json, const std::string& what) {
  Base base;
  if (json == nullptr) return base;
  const Json* archives = json->find("archives");
  const Json* blobs = json->find("blobs");
  if (archives == nullptr || archives->as_array() == nullptr || blobs == nullptr || blobs->as_array() == nullptr) {
    throw broken(what, "it does not say what it builds on");
  }
  for (const Json& archive : *archives->as_array()) {
    base.archives.push_back(digest_of(archive.as_string() == nullptr ? "" : *archive.as_string(), what));
  }
  for (const Json& blob : *blobs->as_array()) {
    base.blobs.push_back(
        {.media_type = {}, .digest = digest_of(blob.string_at("digest"), what), .size = number_at(blob, "size", what)});
  }
  return base;
}

/// Takes a number in decimal digits off `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

}  // namespace

std::string write_header(const Header& header) {
  Json::Object members{{"schemaVersion", kVersion},
                       {"kind", kKind},
                       {"archiveBytes", header.archive_bytes},
                       {"fingerprint", header.fingerprint.text()},
                       {"keptBytes", header.kept_bytes},
                       {"pieceBytes", header.piece_bytes}};
  if (!header.base.blobs.empty()) members.emplace_back("base", write_base(header.base));
  return Json(std::move(members)).dump_pretty() + "\n";
}

Header read_header(std::string_view text, const std::string& what) {
  const Json json = [&] {
    try {
      return Json::parse(text, what);
    } catch (const Error& error) {
      throw Error(ErrorCode::Corrupt, error.message());
    }
  }();
  if (json.string_at("kind") != kKind) throw broken(what, "it has another kind than a compact archive");
  if (const std::uint64_t version = number_at(json, "schemaVersion", what); version != kVersion) {
    throw Error(ErrorCode::Hostile, text::cat(what, ": a newer ociferry wrote this compact archive (version ", version,
                                              "; this one reads version ", kVersion, ")"))
        .hint("read it with a newer ociferry, or let that give the plain archive: ociferry expand");
  }
  return {.archive_bytes = number_at(json, "archiveBytes", what),
          .fingerprint = digest_of(json.string_at("fingerprint"), what),
          .kept_bytes = number_at(json, "keptBytes", what),
          .piece_bytes = number_at(json, "pieceBytes", what),
          .base = read_base(json.find("base"), what)};
}

std::string write_name(const MemberName& name) {
  if (name.kind == MemberKind::Plain) return text::cat("plain/", name.number);
  if (name.kind == MemberKind::Whole) return text::cat("whole/", name.number);
  return text::cat(name.kind == MemberKind::Tar ? "tar/" : "gzip/", name.number, '/', name.piece, "-of-", name.pieces);
}

std::optional<MemberName> read_name(std::string_view name) {
  MemberName result;
  std::string_view rest = name;
  if (take(rest, "tar/")) {
    result.kind = MemberKind::Tar;
  } else if (take(rest, "gzip/")) {
    result.kind = MemberKind::Gzip;
  } else if (take(rest, "whole/")) {
    result.kind = MemberKind::Whole;
  } else if (!take(rest, "plain/")) {
    return std::nullopt;
  }
  const auto number = take_number(rest);
  if (!number) return std::nullopt;
  result.number = *number;
  if (result.kind == MemberKind::Tar || result.kind == MemberKind::Gzip) {
    const auto piece = take(rest, "/") ? take_number(rest) : std::nullopt;
    const auto pieces = take(rest, "-of-") ? take_number(rest) : std::nullopt;
    if (!piece || !pieces || *piece < 1 || *piece > *pieces) return std::nullopt;
    result.piece = *piece;
    result.pieces = *pieces;
  }
  if (!rest.empty()) return std::nullopt;
  return result;
}

std::vector<std::byte> write_ranges(const std::vector<Range>& ranges) {
  std::vector<std::byte> out;
  std::uint64_t end = 0;
  for (const Range& range : ranges) {
    put_number(out, range.offset - end);
    put_number(out, range.bytes);
    end = range.offset + range.bytes;
  }
  return out;
}

std::vector<Range> read_ranges(Bytes bytes, std::size_t most, const std::string& what) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  std::vector<Range> ranges;
  std::uint64_t end = 0;
  Numbers numbers(bytes, what);
  while (!numbers.is_at_end()) {
    const std::uint64_t gap = numbers.take();
    const std::uint64_t size = numbers.take();
    if (gap > kMost - end || size > kMost - end - gap) throw broken(what, "a range lies beyond all layers");
    if (size == 0 || ranges.size() == most) throw broken(what, "a range is empty, or there are too many");
    ranges.push_back({.offset = end + gap, .bytes = size});
    end += gap + size;
  }
  return ranges;
}

std::vector<std::byte> write_record(const Record& record) {
  const std::vector<std::byte> steps = write_steps(record.steps);
  std::vector<std::byte> out;
  out.reserve(kSizesBytes + steps.size() + record.recipe.size() + record.fresh.size());
  put_size(out, steps.size());
  put_size(out, record.recipe.size());
  put_size(out, record.fresh.size());
  out.insert(out.end(), steps.begin(), steps.end());
  out.insert(out.end(), record.recipe.begin(), record.recipe.end());
  out.insert(out.end(), record.fresh.begin(), record.fresh.end());
  return out;
}

Record read_record(Bytes bytes, std::size_t most, const std::string& what) {
  if (bytes.size() < kSizesBytes) throw broken(what, "the record of a piece is cut");
  const std::size_t steps = size_at(bytes, 0);
  const std::size_t recipe = size_at(bytes, 4);
  const std::size_t fresh = size_at(bytes, 8);
  if (bytes.size() - kSizesBytes != steps + recipe + fresh) {
    throw broken(what, "the record of a piece has another length than its parts");
  }
  if (steps > kMostStepsBytes) throw broken(what, "a piece has too many steps");
  const Bytes parts = bytes.subspan(kSizesBytes);
  return {.steps = read_steps(parts.first(steps), most, fresh, what),
          .recipe = parts.subspan(steps, recipe),
          .fresh = parts.subspan(steps + recipe)};
}

}  // namespace ociferry::compact
