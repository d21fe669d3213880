#include "layout/compact/compact_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <thread>
#include <utility>

#include "archive/tar_header.hpp"
#include "archive/tar_parser.hpp"
#include "archive/unpacker.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"
#include "stream/verify.hpp"

namespace ociferry::compact {

namespace {

constexpr std::size_t kMostThreads = 3;  // each needs memory for pieces
/// What gzip and the records of this form make larger at most, and what may come beside that.
constexpr std::uint64_t kMostExpansion = 1100;
constexpr std::uint64_t kExpansionFrom = 64 * kMiB;
/// A record holds a piece, its recipe, which is smaller, and its steps, which are not many.
constexpr std::uint64_t kMostRecordBytes = 3 * std::uint64_t{kPieceBytes} + kMiB;

/// Zeros are packed a million times smaller here: what bounds them is the length of the archive.
UnpackLimits without_ratio(UnpackLimits limits) {
  limits.ratio = std::numeric_limits<std::uint64_t>::max();
  return limits;
}

std::size_t threads_to_use() {
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  return std::min(cores, kMostThreads);
}

/// Modulo 256.
std::byte sum(std::byte one, std::byte other) {
  return static_cast<std::byte>(std::to_integer<unsigned>(one) + std::to_integer<unsigned>(other));
}

}  // namespace

CompactReader::CompactReader(std::unique_ptr<ByteSource> packed, std::string name, const UnpackLimits& limits,
                             const std::filesystem::path& temporary_directory, std::stop_token stop)
    : name_(std::move(name)),
      packed_(std::move(packed)),
      unpacked_(std::make_unique<Unpacker>(*packed_, name_, without_ratio(limits))),
      header_(read_header(read_member(kHeaderFile, kMostHeaderBytes), text::cat(name_, ": ", kHeaderFile))),
      limits_(limits),
      stop_(std::move(stop)) {
  if (header_.piece_bytes > kPieceBytes) {
    throw Error(ErrorCode::Hostile, text::cat(name_, ": its pieces have up to ", header_.piece_bytes,
                                              " bytes; this ociferry takes ", kPieceBytes))
        .hint("read it with a newer ociferry");
  }
  most_plain_ = header_.archive_bytes;
  read_base();
  kept_.emplace(header_.kept_bytes, temporary_directory, "the files that several layers have");
  const std::size_t threads = threads_to_use();
  parts_.emplace(threads, threads + 2, [](Part part) {
    Given given{.name = part.name};
    if (part.name.kind == MemberKind::Gzip) {
      given.bits = rebuilt(part.recipe, part.bytes, part.history);
      given.bits.bytes.shrink_to_fit();
    } else {
      given.bytes = std::move(part.bytes);
    }
    return given;
  });
}

CompactReader::~CompactReader() = default;

std::string CompactReader::what() const { return text::cat(name_, " at offset ", position_, " of what it unpacks to"); }

void CompactReader::read_exactly(MutableBytes buffer) {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const std::size_t got = unpacked_->read(buffer.subspan(done));
    if (got == 0) throw Error(ErrorCode::Corrupt, text::cat(what(), ": it ends early"));
    done += got;
    position_ += got;
  }
  if (position_ > kExpansionFrom && position_ / kMostExpansion > most_plain_) {
    throw Error(ErrorCode::Hostile,
                text::cat(what(), ": that is more than an archive of ", most_plain_, " bytes can hold"));
  }
}

void CompactReader::skip_padding(std::uint64_t size) {
  std::array<std::byte, kTarBlock> padding{};
  read_exactly(MutableBytes(padding).first(static_cast<std::size_t>(tar_padding(size))));
}

/// The name and the size of the next member; nullopt at the end of the tar.
std::optional<std::pair<std::string, std::uint64_t>> CompactReader::next_header() {
  std::array<std::byte, kTarBlock> block{};
  read_exactly(block);
  if (is_all_zero(block)) {
    while (unpacked_->read(block) > 0) continue;  // so that the checksum of the frame is compared
    return std::nullopt;
  }
  TarBlock header = parse_tar_block(block);
  if (header.type != '0') throw Error(ErrorCode::Corrupt, text::cat(what(), ": a member is no file"));
  return std::pair{std::move(header.path), header.size};
}

std::string CompactReader::read_member(std::string_view expected, std::uint64_t most) {
  const auto header = next_header();
  if (!header || header->first != expected || header->second > most) {
    throw Error(ErrorCode::Corrupt, expected == kHeaderFile
                                        ? text::cat(name_, " does not begin with ", expected)
                                        : text::cat(what(), ": ", expected, " is not there, or is too long"));
  }
  std::string content(static_cast<std::size_t>(header->second), '\0');
  read_exactly(std::as_writable_bytes(std::span(content)));
  skip_padding(content.size());
  return content;
}

void CompactReader::read_base() {
  if (header_.base.blobs.empty()) return;
  base_ = std::make_shared<CompactBase>(CompactBase{.archives = header_.base.archives, .blobs = header_.base.blobs});
  std::uint64_t bytes = 0;
  std::size_t ranges = 0;
  for (std::size_t i = 0; i < header_.base.blobs.size(); ++i) {
    const std::string content = read_member(text::cat(kRangesPrefix, i), kMostRangesBytes - bytes);
    bytes += content.size();
    ranges_.push_back(read_ranges(as_bytes(content), kMostRanges - ranges, what()));
    ranges += ranges_.back().size();
  }
}

std::unique_ptr<ByteSource> CompactReader::open_base(const Descriptor& blob) const {
  const auto holder = base_->holders.find(blob.digest);
  if (holder == base_->holders.end()) {
    std::vector<std::string> archives;
    for (const Digest& archive : base_->archives) archives.push_back(archive.text());
    throw Error(ErrorCode::Incomplete, text::cat(name_, " builds on the archive with fingerprint ",
                                                 text::join(archives, " and on that with fingerprint ")))
        .hint("give that archive with --base FILE");
  }
  return std::make_unique<VerifyingSource>(holder->second->open(blob, 0, stop_), blob,
                                           holder->second->name_of(blob.digest));
}

/// Keeps what the archive takes of its base.
void CompactReader::load_base() {
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    if (ranges_[i].empty()) continue;
    const auto source = open_base(base_->blobs[i]);
    Unpacker unpacked(*source, text::cat("the layer ", base_->blobs[i].digest.text(), " of the base of ", name_),
                      limits_);
    take_ranges(unpacked, ranges_[i]);
  }
  ranges_.clear();
}

void CompactReader::take_ranges(ByteSource& unpacked, const std::vector<Range>& ranges) {
  std::vector<std::byte> buffer(kReadBufferBytes);
  std::uint64_t at = 0;
  auto range = ranges.begin();
  while (const std::size_t got = unpacked.read(buffer)) {  // to its end, where its digest is proved
    throw_if_stopped(stop_);
    while (range != ranges.end() && range->offset < at + got) {
      const std::uint64_t from = std::max(range->offset, at);
      const std::uint64_t end = std::min(range->offset + range->bytes, at + got);
      kept_->append(Bytes(buffer).subspan(static_cast<std::size_t>(from - at), static_cast<std::size_t>(end - from)));
      if (end < range->offset + range->bytes) break;
      ++range;
    }
    at += got;
  }
  if (range == ranges.end()) return;
  throw Error(ErrorCode::Corrupt, text::cat(name_, " takes more of a layer of its base than that has"));
}

std::optional<CompactReader::Part> CompactReader::next_of_whole() {
  Part part{.name = {.kind = MemberKind::Whole}};
  part.bytes.resize(kMostPlainBytes);
  part.bytes.resize(whole_->read(part.bytes));
  if (!part.bytes.empty()) return part;
  whole_.reset();
  return std::nullopt;
}

/// Layers come in pieces, one after the other, and nothing else between them.
void CompactReader::check_sequence(const MemberName& name) {
  const bool is_within = last_.piece < last_.pieces;
  const bool goes_on = name.kind == last_.kind && name.number == last_.number && name.piece == last_.piece + 1 &&
                       name.pieces == last_.pieces;
  const bool is_one = name.kind == MemberKind::Plain || name.kind == MemberKind::Whole;
  const bool begins = is_one || name.piece == 1;
  if (is_within ? !goes_on : !begins) {
    throw Error(ErrorCode::Corrupt,
                text::cat(what(), ": ", write_name(name), " does not follow on ", write_name(last_)));
  }
  last_ = name;
}

std::optional<CompactReader::Part> CompactReader::next_part() {
  throw_if_stopped(stop_);
  if (whole_) {
    if (auto part = next_of_whole()) return part;
  }
  const auto header = next_header();
  if (!header) {
    if (last_.piece < last_.pieces) throw Error(ErrorCode::Corrupt, text::cat(what(), ": a layer ends early"));
    return std::nullopt;
  }
  const auto& [path, size] = *header;
  const auto name = read_name(path);
  if (!name) {
    throw Error(ErrorCode::Corrupt, text::cat(what(), ": a member has the unknown name ", text::printable(path, 100)));
  }
  check_sequence(*name);
  const bool is_plain = name->kind == MemberKind::Plain;
  if (size > (is_plain ? kMostPlainBytes : kMostRecordBytes)) {
    throw Error(ErrorCode::Corrupt, text::cat(what(), ": ", path, " has ", size, " bytes, which is too much"));
  }
  std::vector<std::byte> content(static_cast<std::size_t>(size));
  read_exactly(content);
  skip_padding(size);
  Part part{.name = *name};
  if (is_plain) {
    part.bytes = std::move(content);
  } else if (name->kind == MemberKind::Whole) {
    begin_whole(as_text(content));
  } else {
    put_piece(part, content);
  }
  return part;
}

void CompactReader::begin_whole(std::string_view content) {
  std::size_t number = 0;
  const auto [end, failure] = std::from_chars(content.data(), content.data() + content.size(), number);
  if (failure != std::errc{} || end != content.data() + content.size() || !base_ || number >= base_->blobs.size()) {
    throw Error(ErrorCode::Corrupt, text::cat(what(), ": a blob of the base is named that there is not"));
  }
  whole_ = open_base(base_->blobs[number]);
}

void CompactReader::put_piece(Part& part, Bytes content) {
  load_base();
  const Record record = read_record(content, kPieceBytes, what());
  Bytes fresh = record.fresh;
  for (const Step& step : record.steps) {
    const auto count = static_cast<std::size_t>(step.bytes);
    const std::size_t there = part.bytes.size();
    part.bytes.resize(there + count);
    const MutableBytes bytes = MutableBytes(part.bytes).subspan(there);
    if (step.kind == Step::Kind::Copy || step.kind == Step::Kind::Differ) kept_->read(step.from, bytes);
    if (step.kind == Step::Kind::Copy) continue;
    if (step.kind == Step::Kind::Differ) {
      for (std::size_t i = 0; i < count; ++i) bytes[i] = sum(bytes[i], fresh[i]);
    } else {
      std::copy_n(fresh.begin(), count, bytes.begin());
    }
    if (step.kind == Step::Kind::Kept) kept_->append(bytes);
    fresh = fresh.subspan(count);
  }
  if (part.name.kind == MemberKind::Tar) return;
  if (record.recipe.size() > kPieceBytes) {
    throw Error(ErrorCode::Corrupt, text::cat(what(), ": a recipe is larger than any piece"));
  }
  part.recipe.assign(record.recipe.begin(), record.recipe.end());
  if (part.name.piece == 1) history_.clear();
  part.history = history_;
  history_.insert(history_.end(), part.bytes.begin(), part.bytes.end());
  if (history_.size() > kPieceHistory) {
    history_.erase(history_.begin(), history_.end() - static_cast<std::ptrdiff_t>(kPieceHistory));
  }
}

/// Reads parts until the maximum is in progress. While the base has no holders, only the requested part: the front
/// needs no base.
void CompactReader::read_parts() {
  while (!has_ended_ && !parts_->is_full()) {
    has_base_ = has_base_ || !base_ || base_->lacking().empty();
    if (!has_base_ && !parts_->is_empty()) return;
    if (auto part = next_part()) {
      parts_->put(*std::move(part));
    } else {
      has_ended_ = true;
    }
  }
}

void CompactReader::give(Given given) {
  if (given.name.kind != MemberKind::Gzip) return ready_.write(given.bytes);
  if (given.name.piece == 1) joiner_.emplace(ready_);
  joiner_->append(given.bits);
  if (given.name.piece == given.name.pieces) joiner_->finish();
}

std::size_t CompactReader::fill(MutableBytes buffer) {
  while (given_ == ready_.bytes_.size()) {
    sent_ += given_;
    ready_.bytes_.clear();
    given_ = 0;
    read_parts();
    if (parts_->is_empty()) {
      if (sent_ == header_.archive_bytes) return 0;
      throw Error(ErrorCode::Corrupt, text::cat("it gives ", sent_, " bytes of the archive's ", header_.archive_bytes));
    }
    give(parts_->take());
    if (sent_ + ready_.bytes_.size() > header_.archive_bytes) {
      throw Error(ErrorCode::Corrupt, text::cat("it gives more than the archive's ", header_.archive_bytes, " bytes"));
    }
  }
  const std::size_t count = std::min(buffer.size(), ready_.bytes_.size() - given_);
  std::copy_n(ready_.bytes_.begin() + static_cast<std::ptrdiff_t>(given_), count, buffer.begin());
  given_ += count;
  return count;
}

std::size_t CompactReader::read(MutableBytes buffer) {
  if (buffer.empty()) return 0;
  try {
    return fill(buffer);
  } catch (Error& error) {
    if (error.code() == ErrorCode::Corrupt) {
      error.while_doing(text::cat("reading the compact archive ", name_))
          .hint(
              "it was damaged, changed or cut after it was written: copy or send it again, and compare its sha256sum");
    }
    throw;
  }
}

}  // namespace ociferry::compact
