#include "ferry/gather/parity_reading.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBlocksCompared = 8;
constexpr std::size_t kPagesCompared = 64;
constexpr std::size_t kRangesTold = 10;
constexpr std::size_t kPlacesProbed = 4;
constexpr std::size_t kCutUnit = 512;  ///< volumes end at multiples of it

bool is_archive_at(const fs::path& path, const VolumeSearch& search) {
  std::error_code unknown;
  if (fs::is_regular_file(path, unknown)) return true;
  try {
    return !find_loose_files(path, search, silent_progress()).volumes.empty();
  } catch (const Error&) {
    return false;
  }
}

/// The place of the parity of an archive; empty if there is none.
fs::path parity_of(const LooseFiles& archive, const fs::path& given, const VolumeSearch& search) {
  if (!given.empty()) return is_archive_at(given, search) ? given : fs::path();
  for (const fs::path& directory : archive.directories) {
    const fs::path path = directory / (archive.output + std::string(kParitySuffix));
    if (is_archive_at(path, search)) return path;
  }
  return {};
}

ParityHeader header_of(const LooseFiles& files, const fs::path& path, const Context& context) {
  std::vector<fs::path> all;
  if (!files.single.empty()) all.push_back(files.single);
  for (const auto& [number, file] : files.volumes) all.push_back(file);
  for (const HeaderSearch where : {HeaderSearch::Ends, HeaderSearch::Everywhere}) {
    for (const fs::path& file : all) {
      const auto medium = open_loose_file(file, *context.progress);
      if (!medium) continue;
      if (auto header = find_parity_header(*medium, where, context.stop)) return *header;
    }
  }
  throw Error(ErrorCode::Corrupt, text::cat(path.string(),
                                            " has no header that is whole: it is no parity of "
                                            "ociferry, or all copies of its header are damaged"))
      .hint("take the parity from the sender again");
}

/// Compares blocks of a file with the checksums in the parity.
LooseMatch match_by(const ParityFile& parity) {
  return [&parity](const Medium& medium, std::uint64_t offset, std::uint64_t size) {
    const ParityShape& shape = parity.shape();
    const std::uint64_t first = (offset + shape.block_bytes - 1) / shape.block_bytes;
    const std::uint64_t end = (offset + size) / shape.block_bytes;
    const std::uint64_t step = end > first ? std::max<std::uint64_t>(1, (end - first) / kBlocksCompared) : 1;
    std::size_t matches = 0;
    std::vector<std::byte> buffer(std::min<std::size_t>(kReadBufferBytes, shape.block_bytes));
    for (std::uint64_t i = first; i < end; i += step) {
      if (!parity.table().is_known[i] || shape.size_of_block(i) != shape.block_bytes) continue;
      const std::uint64_t at = i * shape.block_bytes - offset;
      matches += is_block(medium, at, shape.block_bytes, parity.table().checksums[i], buffer) ? 1 : 0;
    }
    return matches;
  };
}

/// Finds blocks of a file, at any multiple of what tars are cut at, among those of the archive.
class BlockLocator {
 public:
  explicit BlockLocator(const ParityFile& parity) : parity_(parity) {}

  std::optional<std::uint64_t> operator()(const Medium& medium) {
    if (known_.empty()) index();
    const std::size_t size = parity_.shape().block_bytes;
    const std::uint64_t whole = medium.size() / size;
    std::vector<std::byte> buffer(2 * size);
    for (std::size_t probe = 0; probe < kPlacesProbed; ++probe) {
      // Spread, since some may be damaged.
      const std::uint64_t at = whole < 2 ? 0 : (whole - 1) * probe / kPlacesProbed * size;
      if (at + size > medium.size()) continue;
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), medium.size() - at));
      const MutableBytes bytes = MutableBytes(buffer).first(length);
      if (!read_what_is_there(medium, at, bytes)) continue;
      for (std::size_t from = 0; from + size <= bytes.size() && from < size; from += kCutUnit) {
        const auto block = find(first_half(sha256(as_text(Bytes(bytes).subspan(from, size)))));
        if (block && *block * size >= at + from) return *block * size - at - from;
      }
    }
    return std::nullopt;
  }

 private:
  using Known = std::pair<Checksum, std::uint64_t>;

  void index() {
    const ParityShape& shape = parity_.shape();
    for (std::uint64_t i = 0; i < shape.blocks(); ++i) {
      if (parity_.table().is_known[i]) known_.emplace_back(parity_.table().checksums[i], i);
    }
    std::ranges::sort(known_);
  }

  /// nullopt also for a block that is there several times, as zeros are.
  [[nodiscard]] std::optional<std::uint64_t> find(const Checksum& checksum) const {
    const auto found = std::ranges::lower_bound(known_, checksum, {}, &Known::first);
    if (found == known_.end() || found->first != checksum) return std::nullopt;
    const auto next = std::next(found);
    if (next != known_.end() && next->first == checksum) return std::nullopt;
    return found->second;
  }

  const ParityFile& parity_;
  std::vector<Known> known_;
};

/// Compares headers and checksums in a file with those that the parity must have.
LooseMatch match_pages(const ParityHeader& header) {
  return [&header](const Medium& medium, std::uint64_t offset, std::uint64_t size) {
    const ParityLayout layout(header.shape);
    std::size_t matches = 0;
    ParityPage page{};
    const auto read = [&](std::uint64_t at) {
      return at >= offset && at + kParityPage <= offset + size && read_what_is_there(medium, at - offset, page);
    };
    for (const std::uint64_t at : layout.headers()) matches += read(at) && page == to_page(header) ? 1 : 0;
    const std::uint64_t step = std::max<std::uint64_t>(1, layout.table_pages() / kPagesCompared);
    for (const std::uint64_t table : layout.tables()) {
      for (std::uint64_t i = 0; i < layout.table_pages(); i += step) {
        matches += read(table + i * kParityPage) && is_page_of_table(header, i, page) ? 1 : 0;
      }
    }
    return matches;
  };
}

std::string range_line(const PatchworkMedium& archive, const ByteRange& range) {
  const std::uint64_t last = range.offset + range.size - 1;
  const std::string& first_name = archive.name_at(range.offset);
  const std::string& last_name = archive.name_at(last);
  return text::cat("lost: bytes ", range.offset, " to ", last, " of the archive, in ", text::printable(first_name),
                   first_name == last_name ? "" : text::cat(" to ", text::printable(last_name)));
}

}  // namespace

bool has_parity(const fs::path& archive, const fs::path& parity, const Context& context) {
  try {
    return !parity_of(find_loose_files(archive, context.volumes, silent_progress()), parity, context.volumes).empty();
  } catch (const Error&) {
    return false;
  }
}

fs::path parity_path_of(const fs::path& archive, const Context& context) {
  const LooseFiles files = find_loose_files(archive, context.volumes, silent_progress());
  return (files.directories.front() / (files.output + std::string(kParitySuffix))).lexically_normal();
}

ProtectedArchive open_protected(const fs::path& archive, const fs::path& parity, const Context& context) {
  const LooseFiles files = find_loose_files(archive, context.volumes, *context.progress);
  ProtectedArchive both{.parity_path = parity_of(files, parity, context.volumes).lexically_normal()};
  if (both.parity_path.empty()) {
    const std::string name = parity.empty() ? files.output + std::string(kParitySuffix) : parity.string();
    throw Error(ErrorCode::NotFound, text::cat(name, " is not there: without parity nothing can be repaired"))
        .hint("say where it is with --parity FILE, or take the archive from the sender again");
  }
  const LooseFiles parity_files = find_loose_files(both.parity_path, context.volumes, *context.progress);
  const ParityHeader header = header_of(parity_files, both.parity_path, context);
  const std::uint64_t parity_bytes = ParityLayout(header.shape).total_bytes();
  both.parity_medium = join_loose_files(parity_files, parity_bytes, {.match = match_pages(header)}, *context.progress);
  both.parity = std::make_unique<ParityFile>(both.parity_medium, header);
  both.archive =
      join_loose_files(files, header.shape.archive_bytes,
                       {.match = match_by(*both.parity), .locate = BlockLocator(*both.parity)}, *context.progress);
  return both;
}

bool is_whole_parity(const fs::path& parity, const ParityShape& shape, const RawDigest& set, const Context& context) {
  try {
    const LooseFiles files = find_loose_files(parity, context.volumes, silent_progress());
    const ParityHeader header = header_of(files, parity, context);
    if (header.shape != shape || header.set != set) return false;
    const std::uint64_t bytes = ParityLayout(shape).total_bytes();
    const ParityFile file(join_loose_files(files, bytes, {.match = match_pages(header)}, silent_progress()), header);
    return file.damaged_pages() == 0 && count_lost_parity(file, {*context.progress, context.stop}) == 0;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Interrupted) throw;
    return false;
  }
}

std::vector<std::string> lines_about(const ProtectedArchive& both, const BlockDamage& damage) {
  const ParityShape& shape = both.parity->shape();
  std::vector<std::string> lines;
  std::string verdict = "can be repaired";
  if (damage.data_lost == shape.blocks()) {
    verdict = "cannot be repaired: it is the parity of another archive, or nothing is left of this one";
  } else if (!damage.can_be_repaired()) {
    verdict = text::cat("cannot be repaired: ", damage.rows_beyond, " of ", shape.rows,
                        " rows have lost more blocks than the ", shape.parity_columns, " that parity replaces");
  }
  lines.push_back(text::cat("by ", text::printable(both.parity_path.string()), ", ", damage.data_lost, " of ",
                            shape.blocks(), " blocks are damaged or missing, and this ", verdict));
  if (damage.parity_lost > 0) {
    lines.push_back(text::cat("of the parity itself, ", damage.parity_lost, " of ", shape.parity_blocks(),
                              " blocks are damaged or missing"));
  }
  const std::vector<ByteRange> ranges = lost_ranges(damage, shape);
  for (std::size_t i = 0; i < std::min(ranges.size(), kRangesTold); ++i) {
    lines.push_back(range_line(*both.archive, ranges[i]));
  }
  if (ranges.size() > kRangesTold) lines.push_back(text::cat("and ", ranges.size() - kRangesTold, " more"));
  return lines;
}

}  // namespace ociferry
