#include "layout/sealed/archive_reader.hpp"

#include <algorithm>

#include "archive/tar_header.hpp"
#include "base/do_both.hpp"
#include "base/text.hpp"
#include "layout/archive_names.hpp"
#include "layout/limits.hpp"
#include "layout/sealed/member_check.hpp"
#include "medium/file_medium.hpp"
#include "oci/limits.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "stream/verify.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kBlock = 512;

/// `what` names the part of the archive for messages.
std::string read_range(const Medium& medium, std::uint64_t offset, std::uint64_t size, std::string_view what) {
  std::string content(size, '\0');
  const std::size_t got = medium.read_at(offset, std::as_writable_bytes(std::span(content)));
  if (got < size) throw damaged(medium, text::cat("the file ends within ", what), offset + got);
  return content;
}

void check_zero(const Medium& medium, std::uint64_t offset, std::uint64_t size, std::string_view what) {
  const std::string bytes = read_range(medium, offset, size, what);
  check_all_zero(medium.name_at(offset), bytes, offset - medium.begin_at(offset), what);
}

/// The size in a tar header; 0 if malformed, since the comparison that follows reports it.
std::uint64_t octal_size(std::string_view header) {
  std::uint64_t size = 0;
  for (const char c : header.substr(124, 11)) {
    if (c < '0' || c > '7') return 0;
    size = size * 8 + static_cast<std::uint64_t>(c - '0');
  }
  return size;
}

/// Reads a member, then checks the padding after it.
class MemberSource : public ByteSource {
 public:
  MemberSource(const Medium& medium, const ArchiveMember& member, std::uint64_t offset)
      : medium_(medium), member_(member), content_(medium, member.offset + offset, member.size - offset) {}

  std::size_t read(MutableBytes buffer) override {
    const std::size_t got = content_.read(buffer);
    if (got == 0 && !buffer.empty()) {
      const std::uint64_t padding = member_.offset + member_.size;
      check_zero(medium_, padding, member_.end() - padding, text::cat("the padding behind ", member_.name()));
    }
    return got;
  }

 private:
  const Medium& medium_;
  const ArchiveMember& member_;
  MediumSource content_;
};

bool is_header_at_hand(const Medium& medium, const ArchiveMember& member) {
  return medium.is_at_hand(member.header_offset, member.offset - member.header_offset);
}

std::unique_ptr<Medium> open_file_at(const std::filesystem::path& path) {
  if (auto medium = open_medium(path)) return medium;
  throw Error(ErrorCode::Usage, text::cat(path.string(), " is not a file: an archive is read by position"));
}

}  // namespace

ArchiveReader::ArchiveReader(const std::filesystem::path& path) : ArchiveReader(open_file_at(path)) {}

ArchiveReader::ArchiveReader(std::unique_ptr<Medium> medium) : ArchiveReader(std::move(medium), Length::Whole) {}

std::shared_ptr<ArchiveReader> ArchiveReader::begun_in(std::unique_ptr<Medium> beginning) {
  return std::shared_ptr<ArchiveReader>(new ArchiveReader(std::move(beginning), Length::Any));
}

ArchivePlan ArchiveReader::plan_at(std::unique_ptr<Medium> beginning) {
  return std::move(ArchiveReader(std::move(beginning), Length::Any).plan_);
}

ArchiveReader::ArchiveReader(std::unique_ptr<Medium> medium, Length length) : medium_(std::move(medium)) {
  read_front(length);
  for (std::size_t i = plan_.files(); i < plan_.members.size(); ++i) {
    if (!members_.emplace(*plan_.members[i].blob, i).second) {
      throw damaged(*medium_, text::cat("blob ", plan_.members[i].blob->text(), " is listed twice"),
                    plan_.members[i].header_offset);
    }
  }
  if (!plan_.delta) return;
  for (const LeftOutBlob& one : plan_.delta->left_out) {
    if (members_.contains(one.blob.digest) || !left_out_.insert(one.blob.digest).second) {
      throw damaged(*medium_, text::cat("blob ", one.blob.digest.text(), " is listed twice"), 0);
    }
  }
}

/// The seal lists the files before it, and comes after them. So here a file may have any name that fits its own header.
ArchiveReader::FoundFile ArchiveReader::read_front_file(std::uint64_t position, std::string_view expected) const {
  const std::string header = read_range(*medium_, position, kBlock, expected);
  const std::uint64_t size = octal_size(header);
  ArchiveMember member{.file = name_in(header), .header_offset = position, .offset = position + kBlock, .size = size};
  if (header != member.header()) {
    member.file = expected;
    check_header(*medium_, member, header);
  }
  if (size > limits::kLayoutFileBytes) {
    throw Error(ErrorCode::Hostile,
                text::cat(name(), ": ", member.file, " is larger than ", limits::kLayoutFileBytes, " bytes"));
  }
  std::string content = read_range(*medium_, member.offset, size, member.file);
  check_zero(*medium_, member.offset + size, tar_padding(size), text::cat("the padding behind ", member.file));
  return {.member = std::move(member), .content = std::move(content)};
}

/// All files up to and including the seal.
std::vector<ArchiveReader::FoundFile> ArchiveReader::read_front_files() const {
  std::vector<std::string_view> expected = newest_seal().files();
  expected.push_back(kSealFile);
  std::vector<FoundFile> files;
  do {
    const std::uint64_t position = files.empty() ? 0 : files.back().member.end();
    files.push_back(read_front_file(position, expected[std::min(files.size(), expected.size() - 1)]));
    const std::string& name = files.back().member.file;
    const bool is_blob = name.find('/') != std::string::npos;
    if (files.front().member.file != expected.front() || is_blob || files.size() > kMostFrontFiles) {
      throw damaged(*medium_,
                    text::cat("'", name, "' where ", expected[std::min(files.size(), expected.size()) - 1], " must be"),
                    files.back().member.header_offset);
    }
  } while (files.back().member.file != kSealFile);
  return files;
}

void ArchiveReader::read_front(Length length) {
  std::vector<FoundFile> files = read_front_files();
  const FoundFile seal = std::move(files.back());
  files.pop_back();
  const ReadSeal says = read_seal(seal);
  const std::vector<FrontFile> front = check_front(std::move(files), seal, says);
  // With thousands of blobs each takes milliseconds.
  do_both([&] { items_ = says.codec.read_files(front); },
          [&] { plan_ = plan_archive(says.codec, front, says.table.blobs, seal.content.size(), says.table.delta); });
  for (const ArchiveItem& item : items_) media_types_.emplace(item.descriptor.digest, item.descriptor.media_type);
  if (plan_.seal() != seal.content) {
    throw damaged(*medium_, text::cat("the seal ", kSealFile, " contradicts itself"), seal.member.offset);
  }
  if (length == Length::Whole) check_length();
}

/// Returns the files before the seal. Throws unless they are the files of its codec, with the digests in the seal.
std::vector<FrontFile> ArchiveReader::check_front(std::vector<FoundFile> files, const FoundFile& seal,
                                                  const ReadSeal& says) const {
  const auto& names = says.codec.files();
  std::vector<FrontFile> front;
  for (std::size_t i = 0; i < std::max(names.size(), files.size()); ++i) {
    const bool is_there = i < files.size();
    const ArchiveMember& member = is_there ? files[i].member : seal.member;
    if (!is_there || i >= names.size() || member.file != names[i]) {
      throw damaged(*medium_, text::cat(member.file, " is not what its seal promises there"), member.header_offset);
    }
    const Digest& promised = says.table.files.at(i);
    if (const Digest actual = sha256(files[i].content); actual != promised) {
      throw damaged(*medium_,
                    text::cat(member.file, " has digest ", actual.text(), ", but the seal says ", promised.text()),
                    member.offset);
    }
    front.push_back({.name = member.file, .content = std::move(files[i].content)});
  }
  return front;
}

ReadSeal ArchiveReader::read_seal(const FoundFile& seal) const {
  try {
    return ociferry::read_seal(seal.content);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Corrupt) throw damaged(*medium_, error.message(), seal.member.offset);
    throw Error(error.code(), text::cat(name(), ": ", error.message())).hint(error.hint_text());
  }
}

/// Removed or inserted bytes are located by the first header that is not at its offset.
void ArchiveReader::check_length() const {
  if (medium_->stream() != nullptr) return;  // it shows at the end
  const std::uint64_t size = medium_->size();
  if (size == plan_.total_bytes) return;
  try {
    for (const ArchiveMember& member : plan_.members) {
      check_header(*medium_, member, read_header(member));
      if (size < member.end()) throw damaged(*medium_, text::cat("it ends within ", member.name()), size);
    }
    if (size < plan_.total_bytes) throw damaged(*medium_, "it ends within the end of the tar", size);
    throw damaged(*medium_, "other bytes follow the end of the tar", plan_.total_bytes);
  } catch (const Error& error) {
    throw Error(error.code(),
                text::cat(error.message(), "; the file has ", size, " bytes, but the seal says ", plan_.total_bytes))
        .hint(error.hint_text());
  }
}

Digest ArchiveReader::fingerprint() const { return sha256(plan_.seal()); }

std::vector<Descriptor> ArchiveReader::blobs() const {
  std::vector<Descriptor> blobs;
  blobs.reserve(members_.size());
  for (std::size_t i = plan_.files(); i < plan_.members.size(); ++i) {
    blobs.push_back({.media_type = {}, .digest = *plan_.members[i].blob, .size = plan_.members[i].size});
  }
  return blobs;
}

std::string ArchiveReader::read_header(const ArchiveMember& member) const {
  return read_range(*medium_, member.header_offset, member.offset - member.header_offset, member.name());
}

void ArchiveReader::check_headers() const {
  check_headers([](const Error& error) { throw error; });
}

void ArchiveReader::check_headers(const std::function<void(const Error&)>& damage) const {
  if (medium_->stream() != nullptr) return;  // they are checked as they come by: StreamCheck
  const auto told = [&](const auto& check) {
    try {
      check();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Corrupt && error.code() != ErrorCode::Io) throw;
      damage(error);
    }
  };
  for (const ArchiveMember& member : plan_.members) {
    if (is_header_at_hand(*medium_, member)) {
      told([&] { check_header(*medium_, member, read_header(member)); });
    } else {
      checks_late_ = true;
    }
  }
  const std::uint64_t trailer = plan_.total_bytes - kArchiveTrailerBytes;
  if (!medium_->is_at_hand(trailer, kArchiveTrailerBytes)) return;
  told([&] { check_zero(*medium_, trailer, kArchiveTrailerBytes, "the end of the tar"); });
}

const ArchiveMember& ArchiveReader::member(const Digest& digest) const {
  const auto found = members_.find(digest);
  if (found == members_.end()) {
    throw Error(ErrorCode::NotFound, text::cat(name(), ": ", digest.text(), " is not in the archive"));
  }
  return plan_.members[found->second];
}

std::optional<std::uint64_t> ArchiveReader::size_of(const Digest& blob) const {
  const auto found = members_.find(blob);
  return found == members_.end() ? std::nullopt : std::optional(plan_.members[found->second].size);
}

std::vector<ArchiveReader::Extent> ArchiveReader::extents_of(const Digest& blob) const {
  const ArchiveMember& found = member(blob);
  std::vector<Extent> extents;
  const std::uint64_t end = found.offset + found.size;
  for (std::uint64_t from = found.offset; from < end;) {
    const std::uint64_t to = std::min(end, medium_->end_at(from));
    const std::uint64_t begin = medium_->begin_at(from);
    extents.push_back({.file = medium_->name_at(from), .from = from - begin, .to = to - begin});
    from = to;
  }
  return extents;
}

std::string ArchiveReader::name_of(const Digest& blob) const {
  const auto found = members_.find(blob);
  if (found == members_.end()) return text::cat(name(), ": ", blob_path(blob));
  const ArchiveMember& member = plan_.members[found->second];
  const std::string& first = medium_->name_at(member.offset);
  const std::string& last = medium_->name_at(member.offset + std::max<std::uint64_t>(member.size, 1) - 1);
  const std::string holder = first == last ? first : text::cat(first, " to ", last);
  return text::cat(holder, ": ", member.name(), " at offset ", member.offset,
                   holder == name() ? "" : " of the archive");
}

std::optional<RawManifest> ArchiveReader::manifest(const std::string& selector) {
  const auto wanted = Digest::try_parse(selector);
  if (!wanted || !members_.contains(*wanted)) return std::nullopt;
  const Digest& digest = *wanted;
  const ArchiveMember& found = member(digest);
  if (found.size > limits::kManifestBytes) {
    throw Error(ErrorCode::Hostile, text::cat(name(), ": ", found.name(), " is too large for a manifest"));
  }
  const Descriptor expected{.media_type = {}, .digest = digest, .size = found.size};
  VerifyingSource source(open(expected, 0, {}), expected, name_of(digest));
  std::string bytes = read_all(source, limits::kManifestBytes);
  const auto type = media_types_.find(digest);
  if (type == media_types_.end()) return make_raw_manifest(std::move(bytes), digest, found.name());
  return RawManifest{.descriptor = {.media_type = type->second, .digest = digest, .size = found.size},
                     .bytes = std::move(bytes)};
}

std::unique_ptr<ByteSource> ArchiveReader::open(const Descriptor& blob, std::uint64_t offset, std::stop_token) {
  const ArchiveMember& found = member(blob.digest);
  if (found.size != blob.size) {
    throw Error(ErrorCode::Corrupt, text::cat(name(), ": ", found.name(), " has ", found.size,
                                              " bytes, but its manifest says ", blob.size));
  }
  if (checks_late_) check_header(*medium_, found, read_header(found));
  return std::make_unique<MemberSource>(*medium_, found, offset);
}

}  // namespace ociferry
