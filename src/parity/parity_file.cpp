#include "parity/parity_file.hpp"

#include <algorithm>

#include "base/sizes.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "parity/patchwork_medium.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kPayload = kPageChecksums * sizeof(Checksum);
static_assert(kPayload + sizeof(RawDigest) == kParityPage);

/// The digest of a page: it says which page of which parity it is.
RawDigest digest_of_page(const RawDigest& root, std::uint64_t number, Bytes payload) {
  std::array<std::byte, 8> digits{};
  for (std::size_t i = 0; i < digits.size(); ++i) digits[i] = static_cast<std::byte>(number >> (8 * i));
  Hasher hasher;
  hasher.update(root);
  hasher.update(digits);
  hasher.update(payload);
  return raw_digest(hasher.finish());
}

/// The header in a page, if it is whole and can be believed; why not: `refusal`.
std::optional<ParityHeader> header_in(Bytes page, std::optional<Error>& refusal) {
  if (!has_parity_magic(page)) return std::nullopt;
  try {
    return parse_parity_header(page);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Hostile) refusal = error;
    return std::nullopt;
  }
}

}  // namespace

std::optional<ParityHeader> find_parity_header(const Medium& medium, HeaderSearch where, const std::stop_token& stop) {
  const std::uint64_t size = medium.size();
  std::optional<Error> refusal;
  ParityPage page{};
  for (const std::uint64_t offset : {std::uint64_t{0}, size < kParityPage ? 0 : size - kParityPage}) {
    if (!read_what_is_there(medium, offset, page)) continue;
    if (auto header = header_in(page, refusal)) return header;
  }
  std::vector<std::byte> buffer(where == HeaderSearch::Everywhere ? kMiB : 0);
  for (std::uint64_t offset = 0; !buffer.empty() && offset < size; offset += buffer.size()) {
    throw_if_stopped(stop);
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size - offset));
    const bool is_read = read_what_is_there(medium, offset, MutableBytes(buffer).first(wanted));
    for (std::size_t at = 0; at + kParityPage <= wanted; at += kParityPage) {
      const auto part = MutableBytes(buffer).subspan(at, kParityPage);
      if (!is_read && !read_what_is_there(medium, offset + at, part)) continue;
      if (auto header = header_in(part, refusal)) return header;
    }
    medium.done_with(offset, wanted);
  }
  if (refusal) throw *refusal;
  return std::nullopt;
}

bool is_page_of_table(const ParityHeader& header, std::uint64_t number, Bytes page) {
  const RawDigest digest = digest_of_page(header.root, number, page.first(kPayload));
  return std::ranges::equal(digest, page.subspan(kPayload));
}

void write_checksums(WritableMedium& medium, std::uint64_t offset, const ParityHeader& header,
                     const std::vector<Checksum>& checksums) {
  const Bytes all = std::as_bytes(std::span(checksums));
  std::uint64_t number = 0;
  for (std::size_t done = 0; done < all.size(); done += kPayload, ++number) {
    ParityPage page{};
    std::ranges::copy(all.subspan(done, std::min(kPayload, all.size() - done)), page.begin());
    const RawDigest digest = digest_of_page(header.root, number, Bytes(page).first(kPayload));
    std::ranges::copy(digest, page.begin() + kPayload);
    medium.write_at(offset + number * kParityPage, page);
  }
}

ParityFile::ParityFile(std::shared_ptr<const Medium> medium, const ParityHeader& header)
    : medium_(std::move(medium)), header_(header), layout_(header.shape) {
  const auto blocks = static_cast<std::size_t>(shape().blocks() + shape().parity_blocks());
  table_.checksums.resize(blocks);
  table_.is_known.resize(blocks);
  for (const std::uint64_t offset : layout_.tables()) read_table(offset);
  count_headers();
  const auto end_of_data = table_.is_known.begin() + static_cast<std::ptrdiff_t>(shape().blocks());
  const bool is_all_known = std::find(table_.is_known.begin(), end_of_data, false) == end_of_data;
  if (is_all_known && root_of(table_.checksums, shape().blocks()) != header_.root) {
    throw Error(ErrorCode::Corrupt, text::cat(medium_->name(), ": its checksums are not those that its header names"))
        .hint("it was made wrongly, or forged: take it from the sender again");
  }
}

void ParityFile::read_table(std::uint64_t offset) {
  ParityPage page{};
  for (std::uint64_t number = 0; number < layout_.table_pages(); ++number) {
    const Bytes payload = Bytes(page).first(kPayload);
    if (!read_what_is_there(*medium_, offset + number * kParityPage, page) ||
        !is_page_of_table(header_, number, page)) {
      ++damaged_pages_;
      continue;
    }
    const auto first = static_cast<std::size_t>(number * kPageChecksums);
    const std::size_t count = std::min<std::size_t>(kPageChecksums, table_.checksums.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      std::ranges::copy(payload.subspan(i * sizeof(Checksum), sizeof(Checksum)), table_.checksums[first + i].begin());
      table_.is_known[first + i] = true;
    }
  }
}

void ParityFile::count_headers() {
  const ParityPage expected = to_page(header_);
  ParityPage page{};
  for (const std::uint64_t offset : layout_.headers()) {
    if (!read_what_is_there(*medium_, offset, page) || page != expected) ++damaged_pages_;
  }
}

std::uint64_t ParityFile::offset_of(std::uint64_t index) const noexcept {
  const auto column = static_cast<std::uint32_t>(index / shape().rows);
  return layout_.column_at(column) + index % shape().rows * shape().block_bytes;
}

}  // namespace ociferry
