#include "archive/tar_reader.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "archive/limits.hpp"
#include "archive/member_path.hpp"
#include "archive/unpack_limits.hpp"
#include "base/context.hpp"
#include "base/sizes.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// The largest size that a tar header can hold in octal digits.
constexpr std::uint64_t kOctalSize = 077777777777;

Error hostile(std::string_view why) { return {ErrorCode::Hostile, std::string(why)}; }

constexpr char kVolumeLabel = 'V';

/// nullopt for types that readers treat differently.
std::optional<TarMember::Kind> kind_of(const TarBlock& block, std::string_view name) {
  using Kind = TarMember::Kind;
  switch (block.type) {
    case '\0':  // v7
    case '0':
    case '7':  // "contiguous": treated as a file by all readers
      return name.ends_with('/') ? Kind::Directory : Kind::File;
    case 'S': return Kind::File;  // GNU: sparse
    case '1': return Kind::Hardlink;
    case '2': return Kind::Symlink;
    case '3':
    case '4':
    case '6': return Kind::Other;
    case '5':
    case 'D': return Kind::Directory;  // GNU: the content lists the names in it
    default: return std::nullopt;
  }
}

char special_of(char type) { return type == '3' ? 'c' : type == '4' ? 'b' : 'p'; }

/// True if content follows the header. Other members have none, even if they have a size, as directories in old
/// bundles.
bool has_content(const TarBlock& block, const TarMember& member) {
  return member.kind == TarMember::Kind::File || block.type == 'D';
}

}  // namespace

void TarMember::check() const {
  if (!objection.empty()) throw hostile(objection);
}

std::optional<TarMember> TarReader::next() {
  std::uint64_t begin = position_;
  const auto doing = [&] { return text::cat("reading ", name_, ": the member at offset ", begin, " of the tar"); };
  return with_context(doing, [&] {
    skip_data();
    begin = position_;
    return read_member();
  });
}

std::optional<TarMember> TarReader::read_member() {
  Extensions extensions;
  while (auto block = read_header()) {
    if (absorb(*block, extensions)) continue;
    if (block->type != kVolumeLabel) return make_member(std::move(*block), std::move(extensions));
    count(block->path.size());
    extensions = {};
  }
  if (extensions.any()) throw Error(ErrorCode::Corrupt, "the tar ends within a member's headers");
  read_to_end();
  return std::nullopt;
}

std::optional<TarBlock> TarReader::read_header() {
  const bool is_first = position_ == 0;
  const std::size_t got = read_full(header_);
  const Bytes block = Bytes(header_).first(got);
  if (is_all_zero(block)) {
    found_end_ = got == header_.size();
    return std::nullopt;
  }
  try {
    if (got < header_.size()) throw Error(ErrorCode::Corrupt, "the tar is cut short within a header");
    return parse_tar_block(block);
  } catch (const Error& error) {
    if (!is_first) throw;
    throw Error(no_tar_, text::cat("it does not begin like a tar: ", error.message())).because(ErrorReason::NotTar);
  }
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
    if (global.path || global.link || global.size || global.sparse.name || global.sparse.any()) {
      throw hostile("a global header names or sizes members");
    }
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
  const PaxRecords& pax = extensions.pax;
  const bool named_twice = (extensions.path && (pax.path || pax.sparse.name)) || (extensions.link && pax.link);
  if (named_twice) throw hostile("a member has a GNU and a PAX name, so readers would disagree about it");
  TarMember member{.path = {}};
  std::string name = extensions.path   ? *extensions.path
                     : pax.sparse.name ? *pax.sparse.name
                                       : pax.path.value_or(block.path);
  const auto kind = kind_of(block, name);
  member.kind = kind.value_or(TarMember::Kind::File);
  member.link = extensions.link ? *extensions.link : pax.link.value_or(block.link);
  member.mode = block.mode;
  member.mtime = pax.mtime.value_or(block.mtime);
  member.uid = pax.uid ? pax.uid : block.uid;
  member.gid = pax.gid ? pax.gid : block.gid;
  if (member.kind == TarMember::Kind::Other) member.special = special_of(block.type);
  count(name.size() + member.link.size());
  set_size(name, member, block, pax);
  content_.start(0);
  // Read its extension headers even if the member is refused, to skip them.
  auto gnu_map = block.type == 'S' ? std::optional(read_gnu_map()) : std::nullopt;
  try {
    if (!kind) throw hostile(text::cat("member '", name, "' has type ", int{block.type}, ", which is not read"));
    set_names(member, std::move(name));
    set_content(member, std::move(gnu_map), pax.sparse);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Hostile) throw;
    member.objection = error.message();
  }
  return member;
}

void TarReader::set_names(TarMember& member, std::string name) {
  member.path = member_path(name);
  if (name.ends_with('/') && member.kind != TarMember::Kind::Directory) {
    throw hostile(text::cat("member '", name, "' is named like a directory but is a file"));
  }
  if (member.link.size() > limits::kPathBytes) throw hostile(text::cat("member '", name, "' has too long a target"));
  if (member.kind == TarMember::Kind::Hardlink) member.link = member_path(member.link);
}

// With two sizes, one reader could see members where another one sees content (CVE-2025-62518).
void TarReader::set_size(const std::string& name, const TarMember& member, const TarBlock& block,
                         const PaxRecords& pax) {
  if (pax.size && *pax.size <= kOctalSize && *pax.size != block.size) {
    throw hostile(text::cat("member '", name, "' has two sizes, ", block.size, " and ", *pax.size));
  }
  const std::uint64_t size = pax.size.value_or(block.size);
  if (member.kind == TarMember::Kind::Hardlink && size > 0) {
    throw hostile(text::cat("member '", name, "' is a hard link with content"));
  }
  if (!has_content(block, member)) return;
  check_unpacked_bytes(size, limits_, text::cat("member '", name, "'"));
  left_ = size;
  padding_ = tar_padding(size);
}

void TarReader::set_content(TarMember& member, std::optional<SparseMap> map, const SparseRecords& records) {
  if (!map && !records.any()) {
    if (member.kind != TarMember::Kind::File) return;
    member.size = member.stored = left_;
    return content_.start(left_);
  }
  try {
    if (member.kind != TarMember::Kind::File) throw hostile("it has holes but is not a file");
    if (map && records.any()) throw hostile("it has two maps of its holes");
    if (!map) map = read_pax_map(records);
    map->check(left_);
  } catch (const Error& error) {
    throw Error(error.code(), text::cat("member '", member.path, "': ", error.message()));
  }
  member.size = map->size;
  member.stored = left_;
  content_.start(*std::move(map));
}

SparseMap TarReader::read_gnu_map() {
  GnuSparseMap map(as_text(Bytes(header_)));
  while (map.wants_more()) {
    if (read_full(header_) < header_.size()) throw Error(ErrorCode::Corrupt, "the tar is cut short within a header");
    map.add(as_text(Bytes(header_)));
  }
  return map.take();
}

SparseMap TarReader::read_pax_map(const SparseRecords& sparse) {
  if (!sparse.map_is_in_content()) return sparse.map(sparse.numbers);
  SparseMapText map;
  while (!map.complete()) {
    if (left_ < header_.size()) throw hostile("its map of holes is longer than its content");
    if (read_full(header_) < header_.size()) throw Error(ErrorCode::Corrupt, "the tar is cut short within a member");
    left_ -= header_.size();
    map.add(as_text(Bytes(header_)));
  }
  return sparse.map(map.numbers());
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
  const std::size_t got = read_full(second);
  if (!is_all_zero(Bytes(second).first(got))) {
    throw hostile("a single zero block before more members: some readers stop there, others continue");
  }
  std::vector<std::byte> rest(64 * kKiB);
  std::uint64_t bytes = 0;
  bool is_clean = true;
  while (const std::size_t more = read_some(rest)) {
    is_clean = is_clean && is_all_zero(Bytes(rest).first(more));
    bytes += more;
  }
  if (!is_clean) behind_end_ = bytes;
}

void TarReader::skip_data() {
  if (const std::uint64_t bytes = left_ + padding_; bytes > 0) {
    const std::uint64_t passed = input_.skip(bytes);
    position_ += passed;
    // Some writers omit the padding of the last member.
    if (passed < left_) {
      throw Error(ErrorCode::Corrupt,
                  text::cat("the tar is cut short: ", left_ - passed, " bytes of a member are missing"));
    }
  }
  left_ = 0;
  padding_ = 0;
}

std::uint64_t TarReader::skip_hole() {
  const std::uint64_t hole = content_.hole();
  content_.advance(hole);
  return hole;
}

std::size_t TarReader::read_data(MutableBytes buffer) {
  if (const std::uint64_t hole = content_.hole(); hole > 0) {
    const auto zeros = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), hole));
    std::ranges::fill(buffer.first(zeros), std::byte{0});
    content_.advance(zeros);
    return zeros;
  }
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), content_.data()));
  const std::size_t got = read_some(buffer.first(wanted));
  if (got == 0 && wanted > 0) {
    throw Error(ErrorCode::Corrupt, text::cat(name_, " is cut short: ", left_, " bytes of a file are missing"));
  }
  left_ -= got;
  content_.advance(got);
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
