#include "archive/tar_reader.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "archive/member_path.hpp"
#include "archive/tar_header.hpp"
#include "archive/unpack_limits.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

namespace {

/// The largest size that a tar header can hold in octal digits.
constexpr std::uint64_t kOctalSize = 077777777777;

Error hostile(std::string_view why) { return {ErrorCode::Hostile, std::string(why)}; }

TarMember::Kind kind_of(const TarBlock& block, const std::string& path) {
  using Kind = TarMember::Kind;
  switch (block.type) {
    case '\0':  // v7
    case '0':
    case '7':  // "contiguous", a file to everybody
      return path.ends_with('/') ? Kind::Directory : Kind::File;
    case '1': return Kind::Hardlink;
    case '2': return Kind::Symlink;
    case '3':
    case '4':
    case '6': return Kind::Other;
    case '5': return Kind::Directory;
    case 'S': throw hostile(text::cat("member '", path, "' is a sparse file, which is not read"));
    default: throw hostile(text::cat("member '", path, "' has type ", int{block.type}, ", which is not read"));
  }
}

}  // namespace

std::optional<TarMember> TarReader::next() {
  std::uint64_t begin = position_;
  try {
    skip_data();
    begin = position_;
    return read_member();
  } catch (Error& error) {
    error.while_doing(text::cat("reading ", name_, ": the member at offset ", begin, " of the tar"));
    throw;
  }
}

std::optional<TarMember> TarReader::read_member() {
  Extensions extensions;
  while (auto block = read_header()) {
    if (!absorb(*block, extensions)) return make_member(std::move(*block), std::move(extensions));
  }
  if (extensions.any()) throw Error(ErrorCode::Corrupt, "the tar ends within a member's headers");
  read_to_end();
  return std::nullopt;
}

std::optional<TarBlock> TarReader::read_header() {
  std::array<std::byte, kTarBlock> block{};
  if (read_full(block) < block.size()) {
    throw Error(ErrorCode::Corrupt, "the tar is cut short: two zero blocks should end it");
  }
  if (is_all_zero(block)) return std::nullopt;
  return parse_tar_block(block);
}

bool TarReader::absorb(const TarBlock& block, Extensions& extensions) {
  const bool repeated = (block.type == 'x' && extensions.has_pax) || (block.type == 'L' && extensions.path) ||
                        (block.type == 'K' && extensions.link);
  if (repeated) throw hostile("a member has two headers of one kind, so readers would disagree about it");
  if (block.type == 'x') {
    extensions.pax = parse_pax_records(read_extension(block.size, limits::kPaxBytes));
    extensions.has_pax = true;
  } else if (block.type == 'g') {
    const PaxRecords global = parse_pax_records(read_extension(block.size, limits::kPaxBytes));
    count(0);
    if (global.path || global.link || global.size) throw hostile("a global header names or sizes members");
  } else if (block.type == 'L' || block.type == 'K') {
    std::string name = read_extension(block.size, limits::kPathBytes + 1);
    name.resize(std::min(name.size(), name.find('\0')));
    (block.type == 'L' ? extensions.path : extensions.link) = std::move(name);
  } else {
    return false;
  }
  return true;
}

std::string TarReader::read_extension(std::uint64_t size, std::uint64_t limit) {
  if (size > limit) throw hostile(text::cat("a header of ", size, " bytes; ", limit, " is the limit"));
  std::string body(size + tar_padding(size), '\0');
  if (read_full(std::as_writable_bytes(std::span(body))) < body.size()) {
    throw Error(ErrorCode::Corrupt, "the tar is cut short within a header");
  }
  body.resize(size);
  return body;
}

TarMember TarReader::make_member(TarBlock block, Extensions extensions) {
  const bool named_twice = (extensions.path && extensions.pax.path) || (extensions.link && extensions.pax.link);
  if (named_twice) throw hostile("a member has a GNU and a PAX name, so readers would disagree about it");
  std::string path = extensions.path ? *extensions.path : extensions.pax.path.value_or(std::move(block.path));
  TarMember member{.path = member_path(path), .kind = kind_of(block, path)};
  if (path.ends_with('/') && member.kind != TarMember::Kind::Directory) {
    throw hostile(text::cat("member '", path, "' is named as a directory but is none"));
  }
  member.link = extensions.link ? *extensions.link : extensions.pax.link.value_or(std::move(block.link));
  if (member.link.size() > limits::kPathBytes) throw hostile(text::cat("member '", path, "' has too long a target"));
  if (member.kind == TarMember::Kind::Hardlink) member.link = member_path(member.link);
  member.mode = block.mode;
  member.mtime = extensions.pax.mtime.value_or(block.mtime);
  set_size(member, block, extensions.pax);
  count(member.path.size() + member.link.size());
  return member;
}

// Two sizes of one member are how one reader is made to see members where another sees content (CVE-2025-62518).
void TarReader::set_size(TarMember& member, const TarBlock& block, const PaxRecords& pax) {
  if (pax.size && *pax.size <= kOctalSize && *pax.size != block.size) {
    throw hostile(text::cat("member '", member.path, "' has two sizes, ", block.size, " and ", *pax.size));
  }
  const std::uint64_t size = pax.size.value_or(block.size);
  if (member.kind == TarMember::Kind::Hardlink && size > 0) {
    throw hostile(text::cat("member '", member.path, "' is a hard link with content"));
  }
  // Other members have no content whatever their size says; old bundles hold directories with one.
  if (member.kind != TarMember::Kind::File) return;
  check_unpacked_bytes(size, limits_, text::cat("member '", member.path, "'"));
  member.size = size;
  left_ = size;
  padding_ = tar_padding(size);
}

void TarReader::count(std::uint64_t name_bytes) {
  name_bytes_ += name_bytes;
  check_members(++members_, limits_, name_);
  if (name_bytes_ > limits::kTarNamesBytes) {
    throw hostile(text::cat("the names of its members are longer than ", limits::kTarNamesBytes, " bytes"));
  }
}

void TarReader::read_to_end() {
  std::array<std::byte, kTarBlock> second{};
  if (read_full(second) < second.size()) {
    throw Error(ErrorCode::Corrupt, "the tar is cut short: two zero blocks should end it");
  }
  std::vector<std::byte> rest(64 * limits::kKiB);
  bool is_clean = is_all_zero(second);
  while (const std::size_t got = read_some(rest)) {
    is_clean = is_clean && is_all_zero(Bytes(rest).first(got));
  }
  if (!is_clean) throw Error(ErrorCode::Corrupt, "other bytes follow the end of the tar");
}

void TarReader::skip_data() {
  if (const std::uint64_t bytes = left_ + padding_; bytes > 0) {
    input_.skip(bytes);
    position_ += bytes;
  }
  left_ = 0;
  padding_ = 0;
}

std::size_t TarReader::read_data(MutableBytes buffer) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), left_));
  const std::size_t got = read_some(buffer.first(wanted));
  if (got == 0 && wanted > 0) {
    throw Error(ErrorCode::Corrupt, text::cat(name_, " is cut short: ", left_, " bytes of a file are missing"));
  }
  left_ -= got;
  return got;
}

std::size_t TarReader::read_some(MutableBytes buffer) {
  const std::size_t got = input_.read(buffer);
  position_ += got;
  return got;
}

std::size_t TarReader::read_full(MutableBytes buffer) {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const std::size_t got = read_some(buffer.subspan(done));
    if (got == 0) break;
    done += got;
  }
  return done;
}

}  // namespace ociferry
