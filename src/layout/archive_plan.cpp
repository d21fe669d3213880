#include "layout/archive_plan.hpp"

#include "archive/tar_header.hpp"
#include "base/text.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

constexpr std::int64_t kSealVersion = 1;
constexpr std::uint64_t kLargestArchive = std::uint64_t{1} << 62;

void add_member(std::vector<ArchiveMember>& members, ArchiveMember member) {
  if (!members.empty()) member.header_offset = members.back().end();
  member.offset = member.header_offset + member.header().size();
  members.push_back(std::move(member));
}

std::vector<ArchiveMember> lay_out(const std::string& index, std::uint64_t seal_size,
                                   const std::vector<Descriptor>& blobs) {
  std::vector<ArchiveMember> members;
  members.reserve(kArchiveFiles + blobs.size());
  add_member(members, {.file = "oci-layout", .size = kOciLayoutContent.size()});
  add_member(members, {.file = "index.json", .size = index.size()});
  add_member(members, {.file = "ociferry.json", .size = seal_size});
  for (const Descriptor& blob : blobs) add_member(members, {.size = blob.size, .blob = blob.digest});
  return members;
}

Json describe_file(const ArchiveMember& member, std::string_view content) {
  return Json::Object{
      {"name", member.name()}, {"offset", member.offset}, {"size", member.size}, {"digest", sha256(content).text()}};
}

/// Row by row, since the whole as one Json would take several times its own memory. Nothing in a row needs an escape.
std::string write_seal(const std::vector<ArchiveMember>& members, const std::string& index) {
  constexpr std::size_t kRowBytes = 136;
  const Json files(Json::Array{describe_file(members[0], kOciLayoutContent), describe_file(members[1], index)});
  std::string seal = text::cat(R"({"schemaVersion":)", kSealVersion, R"(,"files":)", files.dump(), R"(,"blobs":[)");
  seal.reserve(seal.size() + (members.size() + 2) * kRowBytes);
  std::uint64_t blob_bytes = 0;
  for (std::size_t i = kArchiveFiles; i < members.size(); ++i) {
    const ArchiveMember& member = members[i];
    blob_bytes += member.size;
    if (i > kArchiveFiles) seal += ',';
    seal += text::cat(R"({"digest":")", member.blob->text(), R"(","offset":)", member.offset, R"(,"size":)",
                      member.size, "}");
  }
  const Json totals(Json::Object{{"blobs", std::uint64_t{members.size() - kArchiveFiles}},
                                 {"blobBytes", blob_bytes},
                                 {"archiveBytes", members.back().end() + kArchiveTrailerBytes}});
  seal += text::cat(R"(],"requires":[],"totals":)", totals.dump(), "}");
  return seal;
}

[[noreturn]] void refuse(std::string_view why) {
  throw Error(ErrorCode::Corrupt, text::cat("the seal ociferry.json is damaged: ", why));
}

Descriptor parse_row(const Json& row) {
  const auto digest = Digest::try_parse(row.string_at("digest"));
  const Json* size = row.find("size");
  if (!digest || size == nullptr || size->as_int() == nullptr || *size->as_int() < 0) refuse("a malformed row");
  return {.media_type = {}, .digest = *digest, .size = static_cast<std::uint64_t>(*size->as_int())};
}

const Json::Array& array_at(const Json& body, std::string_view key) {
  const Json* value = body.find(key);
  if (value == nullptr || value->as_array() == nullptr) refuse(text::cat("no list \"", key, "\""));
  return *value->as_array();
}

}  // namespace

std::string ArchiveMember::name() const {
  return blob ? text::cat("blobs/", blob->algorithm(), "/", blob->hex()) : file;
}

std::string ArchiveMember::header() const {
  return tar_header({.name = name(), .type = TarType::File, .mode = 0644, .size = size});
}

std::uint64_t ArchiveMember::end() const { return offset + size + tar_padding(size); }

ArchivePlan plan_archive(std::string index, const std::vector<Descriptor>& blobs, std::size_t seal_size) {
  ArchivePlan plan;
  plan.index = std::move(index);
  std::size_t assumed = seal_size;
  // The seal names offsets behind itself, so its own length matters. A longer seal only ever makes it longer or
  // keeps it, so this settles after a few rounds.
  while (true) {
    plan.members = lay_out(plan.index, assumed, blobs);
    plan.seal = write_seal(plan.members, plan.index);
    if (plan.seal.size() == assumed) break;
    assumed = plan.seal.size();
  }
  plan.total_bytes = plan.members.back().end() + kArchiveTrailerBytes;
  return plan;
}

std::string_view file_content(const ArchivePlan& plan, std::size_t member) {
  if (member == 0) return kOciLayoutContent;
  return member == 1 ? plan.index : plan.seal;
}

SealTable parse_seal(std::string_view seal) {
  Json body;
  try {
    body = Json::parse(seal, "JSON");
  } catch (const Error& error) {
    refuse(error.message());
  }
  const Json* version = body.find("schemaVersion");
  if (version == nullptr || version->as_int() == nullptr || *version->as_int() != kSealVersion) {
    refuse(text::cat("its schemaVersion is not ", kSealVersion));
  }
  const Json::Array& files = array_at(body, "files");
  if (files.size() != 2) refuse("it does not list two files");
  SealTable table{.index = parse_row(files[1]).digest, .blobs = {}};
  std::uint64_t total = 0;
  for (const Json& row : array_at(body, "blobs")) {
    table.blobs.push_back(parse_row(row));
    // Refused while the sum still fits: offsets are computed from it.
    if (table.blobs.back().size > kLargestArchive || (total += table.blobs.back().size) > kLargestArchive) {
      refuse("it lists more bytes than a file can have");
    }
  }
  if (table.blobs.empty()) refuse("it lists no blobs");
  return table;
}

}  // namespace ociferry
