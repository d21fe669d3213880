#include "parity/parity_header.hpp"

#include <algorithm>
#include <bit>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kMagic = "ociferry parity\n";
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kDigestAt = kParityPage - sizeof(RawDigest);
/// As large as files can be here.
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 62;
constexpr std::uint64_t kLargestBlock = std::uint64_t{1} << 31;
constexpr std::uint64_t kFewestBytesOfBlock = 64;

/// Numbers with their lowest byte first.
class PageWriter {
 public:
  void put(Bytes bytes) {
    std::ranges::copy(bytes, page_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ += bytes.size();
  }
  void put(std::uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) page_[at_++] = static_cast<std::byte>(number >> shift);
  }
  ParityPage finish() {
    const RawDigest digest = raw_digest_of(Bytes(page_).first(kDigestAt));
    std::ranges::copy(digest, page_.begin() + kDigestAt);
    return page_;
  }

 private:
  ParityPage page_{};
  std::size_t at_ = 0;
};

class PageReader {
 public:
  explicit PageReader(Bytes page) : page_(page) {}
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 8) value |= std::to_integer<std::uint64_t>(page_[at_++]) << shift;
    return value;
  }
  RawDigest digest() {
    RawDigest value{};
    std::ranges::copy(page_.subspan(at_, value.size()), value.begin());
    at_ += value.size();
    return value;
  }
  void skip(std::size_t bytes) { at_ += bytes; }

 private:
  Bytes page_;
  std::size_t at_ = 0;
};

Error refused(std::string_view why) {
  return Error(ErrorCode::Hostile, text::cat("a header of parity with ", why))
      .hint("take the parity file from the sender again");
}

/// Throws unless the numbers agree with each other, and the memory they ask for is bounded.
ParityShape checked_shape(std::uint64_t bytes, std::uint64_t block, std::uint64_t columns, std::uint64_t parity_columns,
                          std::uint64_t rows) {
  if (bytes == 0 || bytes > kMostBytes) throw refused("an archive of an impossible size");
  if (!std::has_single_bit(block) || block < kFewestBytesOfBlock || block > kLargestBlock) {
    throw refused("blocks of an impossible size");
  }
  if (columns == 0 || columns > kMostColumns || parity_columns == 0 || parity_columns > kMostColumns - columns) {
    throw refused(text::cat(columns, " columns and ", parity_columns, " of parity"));
  }
  if (rows == 0 || rows > kMostBlocks || rows * parity_columns > 2 * kMostBlocks) throw refused("too many rows");
  const ParityShape shape{.archive_bytes = bytes,
                          .block_bytes = static_cast<std::uint32_t>(block),
                          .columns = static_cast<std::uint32_t>(columns),
                          .parity_columns = static_cast<std::uint32_t>(parity_columns),
                          .rows = rows};
  const std::uint64_t blocks = shape.blocks();
  if (blocks > kMostBlocks || rows > blocks || (blocks + rows - 1) / rows != columns)
    throw refused("sizes that do not add up");
  return shape;
}

}  // namespace

ParityPage to_page(const ParityHeader& header) {
  PageWriter page;
  page.put(as_bytes(kMagic));
  page.put(kVersion);
  page.put(header.shape.archive_bytes);
  page.put(header.shape.block_bytes);
  page.put(header.shape.columns);
  page.put(header.shape.parity_columns);
  page.put(header.shape.rows);
  page.put(header.set);
  page.put(header.root);
  return page.finish();
}

bool has_parity_magic(Bytes page) noexcept { return as_text(page).starts_with(kMagic); }

ParityHeader parse_parity_header(Bytes page) {
  if (page.size() != kParityPage || !has_parity_magic(page)) {
    throw Error(ErrorCode::Corrupt, "it does not begin as a parity file does");
  }
  const RawDigest digest = raw_digest_of(page.first(kDigestAt));
  if (!std::ranges::equal(digest, page.subspan(kDigestAt))) {
    throw Error(ErrorCode::Corrupt, "the header of the parity is damaged");
  }
  PageReader reader(page);
  reader.skip(kMagic.size());
  if (const std::uint64_t version = reader.number(); version != kVersion) {
    throw Error(ErrorCode::Hostile, text::cat("the parity was written by a newer ociferry (version ", version, ")"))
        .hint("use that release");
  }
  const std::uint64_t bytes = reader.number();
  const std::uint64_t block = reader.number();
  const std::uint64_t columns = reader.number();
  const std::uint64_t parity_columns = reader.number();
  const std::uint64_t rows = reader.number();
  ParityHeader header{.shape = checked_shape(bytes, block, columns, parity_columns, rows)};
  header.set = reader.digest();
  header.root = reader.digest();
  if (!std::ranges::equal(to_page(header), page)) throw refused("bytes that mean nothing");
  return header;
}

}  // namespace ociferry
