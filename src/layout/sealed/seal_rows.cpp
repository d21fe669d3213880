#include "layout/sealed/seal_rows.hpp"

#include "base/text.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kLargestArchive = std::uint64_t{1} << 62;

Json describe_file(const ArchiveMember& member, std::string_view content) {
  return Json::Object{
      {"name", member.name()}, {"offset", member.offset}, {"size", member.size}, {"digest", sha256(content).text()}};
}

}  // namespace

std::string write_rows(std::span<const FrontFile> files, const std::vector<ArchiveMember>& members) {
  constexpr std::size_t kRowBytes = 136;
  Json::Array rows;
  for (std::size_t i = 0; i < files.size(); ++i) rows.push_back(describe_file(members[i], files[i].content));
  const std::size_t first_blob = files.size() + 1;
  std::string text = text::cat(R"("files":)", Json(std::move(rows)).dump(), R"(,"blobs":[)");
  text.reserve(text.size() + (members.size() + 2) * kRowBytes);
  // Nothing in a row needs escaping.
  for (std::size_t i = first_blob; i < members.size(); ++i) {
    const ArchiveMember& member = members[i];
    if (i > first_blob) text += ',';
    text += text::cat(R"({"digest":")", member.blob->text(), R"(","offset":)", member.offset, R"(,"size":)",
                      member.size, "}");
  }
  return text;
}

Json::Object write_totals(std::size_t files, const std::vector<ArchiveMember>& members) {
  const std::size_t first_blob = files + 1;
  std::uint64_t blob_bytes = 0;
  for (std::size_t i = first_blob; i < members.size(); ++i) blob_bytes += members[i].size;
  return {{"blobs", std::uint64_t{members.size() - first_blob}},
          {"blobBytes", blob_bytes},
          {"archiveBytes", members.back().end() + kArchiveTrailerBytes}};
}

Descriptor read_row(const Json& row) {
  const auto digest = Digest::try_parse(row.string_at("digest"));
  const Json* size = row.find("size");
  if (!digest || size == nullptr || size->as_int() == nullptr || *size->as_int() < 0) refuse_seal("a malformed row");
  return {.media_type = {}, .digest = *digest, .size = static_cast<std::uint64_t>(*size->as_int())};
}

std::vector<Descriptor> read_blob_rows(const Json::Array& rows) {
  std::vector<Descriptor> blobs;
  std::uint64_t total = 0;
  for (const Json& row : rows) {
    blobs.push_back(read_row(row));
    // Checked before the sum can overflow: offsets are computed from it.
    if (blobs.back().size > kLargestArchive || (total += blobs.back().size) > kLargestArchive) {
      refuse_seal("it lists more bytes than a file can have");
    }
  }
  return blobs;
}

const Json::Array& array_at(const Json& body, std::string_view key) {
  const Json* value = body.find(key);
  if (value == nullptr || value->as_array() == nullptr) refuse_seal(text::cat("no list \"", key, "\""));
  return *value->as_array();
}

SealTable read_rows(const Json& seal) {
  SealTable table;
  for (const Json& row : array_at(seal, "files")) table.files.push_back(read_row(row).digest);
  table.blobs = read_blob_rows(array_at(seal, "blobs"));
  if (table.blobs.empty()) refuse_seal("it lists no blobs");
  return table;
}

}  // namespace ociferry
