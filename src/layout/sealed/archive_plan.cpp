#include "layout/sealed/archive_plan.hpp"

#include "archive/tar_header.hpp"
#include "base/text.hpp"
#include "layout/archive_names.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kOciLayoutContent = R"({"imageLayoutVersion":"1.0.0"})";
constexpr std::uint64_t kLargestArchive = std::uint64_t{1} << 62;

void add_member(std::vector<ArchiveMember>& members, ArchiveMember member) {
  if (!members.empty()) member.header_offset = members.back().end();
  member.offset = member.header_offset + member.header().size();
  members.push_back(std::move(member));
}

std::vector<ArchiveMember> lay_out(const ArchiveFront& front, std::uint64_t seal_size,
                                   const std::vector<Descriptor>& blobs) {
  std::vector<ArchiveMember> members;
  members.reserve(front.contents.size() + 1 + blobs.size());
  const auto names = front_files(front.edition);
  for (std::size_t i = 0; i < names.size(); ++i) {
    add_member(members, {.file = std::string(names[i]), .size = front.contents[i].size()});
  }
  add_member(members, {.file = std::string(kSealFile), .size = seal_size});
  for (const Descriptor& blob : blobs) add_member(members, {.size = blob.size, .blob = blob.digest});
  return members;
}

Json describe_file(const ArchiveMember& member, std::string_view content) {
  return Json::Object{
      {"name", member.name()}, {"offset", member.offset}, {"size", member.size}, {"digest", sha256(content).text()}};
}

/// Row by row, since the whole as one Json would take several times its own memory. Nothing in a row needs an escape.
std::string write_seal(const std::vector<ArchiveMember>& members, const ArchiveFront& front) {
  constexpr std::size_t kRowBytes = 136;
  Json::Array rows;
  for (std::size_t i = 0; i < front.contents.size(); ++i) {
    rows.push_back(describe_file(members[i], front.contents[i]));
  }
  const Json files(std::move(rows));
  const std::size_t first_blob = front.contents.size() + 1;
  std::string seal = text::cat(R"({"schemaVersion":)", kSealVersion, R"(,"files":)", files.dump(), R"(,"blobs":[)");
  seal.reserve(seal.size() + (members.size() + 2) * kRowBytes);
  std::uint64_t blob_bytes = 0;
  for (std::size_t i = first_blob; i < members.size(); ++i) {
    const ArchiveMember& member = members[i];
    blob_bytes += member.size;
    if (i > first_blob) seal += ',';
    seal += text::cat(R"({"digest":")", member.blob->text(), R"(","offset":)", member.offset, R"(,"size":)",
                      member.size, "}");
  }
  const Json totals(Json::Object{{"blobs", std::uint64_t{members.size() - first_blob}},
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

void check_version(const Json& seal) {
  const Json* version = seal.find("schemaVersion");
  if (version == nullptr || version->as_int() == nullptr || *version->as_int() < 1) refuse("it has no schemaVersion");
  if (*version->as_int() <= kSealVersion) return;
  throw Error(ErrorCode::Hostile,
              text::cat("written by a newer ociferry: the seal ", kSealFile, " has version ", *version->as_int(),
                        ", and this program reads versions up to ", kSealVersion))
      .hint(
          "bring a newer ociferry across; until then: tar xf ARCHIVE, compare blobs/sha256/* by sha256sum with their "
          "names, and copy image by image with: skopeo copy oci-archive:ARCHIVE:NAME docker://REGISTRY/REPOSITORY:TAG");
}

}  // namespace

std::string ArchiveMember::name() const { return blob ? blob_path(*blob) : file; }

std::string ArchiveMember::header() const {
  return tar_header({.name = name(), .type = TarType::File, .mode = 0644, .size = size});
}

std::uint64_t ArchiveMember::end() const { return offset + size + tar_padding(size); }

std::vector<std::string_view> front_files(ArchiveEdition edition) {
  if (edition == ArchiveEdition::Bare) return {"oci-layout", "index.json"};
  return {"oci-layout", "index.json", "manifest.json"};
}

ArchiveFront make_front(std::string index, std::string docker_manifest, ArchiveEdition edition) {
  ArchiveFront front{.edition = edition, .contents = {std::string(kOciLayoutContent), std::move(index)}};
  if (edition != ArchiveEdition::Bare) front.contents.push_back(std::move(docker_manifest));
  return front;
}

ArchivePlan plan_archive(ArchiveFront front, const std::vector<Descriptor>& blobs, std::size_t seal_size) {
  ArchivePlan plan;
  plan.front = std::move(front);
  std::size_t assumed = seal_size;
  // The seal names offsets behind itself, so its own length matters. A longer seal only ever makes it longer or
  // keeps it, so this settles after a few rounds.
  while (true) {
    plan.members = lay_out(plan.front, assumed, blobs);
    plan.seal = write_seal(plan.members, plan.front);
    if (plan.seal.size() == assumed) break;
    assumed = plan.seal.size();
  }
  plan.total_bytes = plan.members.back().end() + kArchiveTrailerBytes;
  return plan;
}

SealTable parse_seal(std::string_view seal) {
  Json body;
  try {
    body = Json::parse(seal, "JSON");
  } catch (const Error& error) {
    refuse(error.message());
  }
  check_version(body);
  SealTable table;
  for (const Json& row : array_at(body, "files")) table.files.push_back(parse_row(row).digest);
  for (const ArchiveEdition edition : {ArchiveEdition::Bare, ArchiveEdition::Loadable}) {
    if (front_files(edition).size() == table.files.size()) table.edition = edition;
  }
  if (front_files(table.edition).size() != table.files.size()) refuse("it lists another number of files than it must");
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
