
#include "base/text.hpp"
#include "layout/sealed/seal.hpp"
#include "layout/sealed/seal_rows.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

// schemaVersion 2: deltas. The files before the seal are those of version 1, since a delta describes itself completely.

namespace ociferry {

namespace {

constexpr std::int64_t kDeltaVersion = 2;

std::string names_json(const std::vector<RepositoryName>& names) {
  Json::Array list;
  for (const RepositoryName& name : names) list.emplace_back(to_string(name));
  return Json(std::move(list)).dump();
}

std::vector<RepositoryName> read_names(const Json& row, std::string_view key) {
  std::vector<RepositoryName> names;
  for (const Json& name : array_at(row, key)) {
    if (name.as_string() == nullptr) refuse_seal("a repository without a name");
    try {
      names.push_back(parse_repository(*name.as_string()));
    } catch (const Error& error) {
      refuse_seal(error.message());
    }
  }
  return names;
}

BuiltOn read_built_on(const Json& row) {
  const auto digest = Digest::try_parse(row.string_at("digest"));
  if (!digest) refuse_seal("it builds on something without a digest");
  for (const BuiltOn::Kind kind : {BuiltOn::Kind::Archive, BuiltOn::Kind::HaveList}) {
    if (to_string(kind) == row.string_at("kind")) {
      return {.kind = kind, .digest = *digest, .repositories = read_names(row, "repositories")};
    }
  }
  refuse_seal("it builds on something of an unknown kind");
}

std::string write_left_out(const std::vector<LeftOutBlob>& left_out) {
  constexpr std::size_t kRowBytes = 128;
  std::string text;
  text.reserve(left_out.size() * kRowBytes);
  for (const LeftOutBlob& one : left_out) {
    text += text::cat(text.empty() ? "" : ",", R"({"digest":")", one.blob.digest.text(), R"(","size":)", one.blob.size,
                      R"(,"in":)", names_json(one.in), "}");
  }
  return text;
}

std::string write_builds_on(const std::vector<BuiltOn>& builds_on) {
  std::string text;
  for (const BuiltOn& one : builds_on) {
    text += text::cat(text.empty() ? "" : ",", R"({"kind":")", to_string(one.kind), R"(","digest":")",
                      one.digest.text(), R"(","repositories":)", names_json(one.repositories), "}");
  }
  return text;
}

/// Nothing but the seal says what is not in a delta, so the seal has a digest of its own beginning.
class SealV2 : public SealCodec {
 public:
  SealV2() : SealCodec(kDeltaVersion, seal_of_0_2_0().files()) {}

  [[nodiscard]] std::vector<FrontFile> write_files(const std::vector<ArchiveItem>& items,
                                                   std::string docker_manifest) const override {
    return seal_of_0_2_0().write_files(items, std::move(docker_manifest));
  }
  [[nodiscard]] std::vector<ArchiveItem> read_files(std::span<const FrontFile> files) const override {
    return seal_of_0_2_0().read_files(files);
  }

  [[nodiscard]] std::string write(std::span<const FrontFile> files, const std::vector<ArchiveMember>& members,
                                  const SealedDelta* delta) const override {
    if (delta == nullptr) throw Error(ErrorCode::Internal, "a delta that leaves out nothing");
    std::uint64_t bytes = 0;
    for (const LeftOutBlob& one : delta->left_out) bytes += one.blob.size;
    Json::Object totals = write_totals(files.size(), members);
    totals.emplace_back("leftOut", std::uint64_t{delta->left_out.size()});
    totals.emplace_back("leftOutBytes", bytes);
    const Json full(Json::Object{{"fingerprint", delta->full_fingerprint.text()}, {"archiveBytes", delta->full_bytes}});
    std::string seal =
        text::cat(R"({"schemaVersion":)", kDeltaVersion, ",", write_rows(files, members), R"(],"leftOut":[)",
                  write_left_out(delta->left_out), R"(],"requires":[)", write_builds_on(delta->builds_on),
                  R"(],"full":)", full.dump(), R"(,"totals":)", Json(std::move(totals)).dump());
    const Digest digest = sha256(seal);
    seal += text::cat(R"(,"digest":")", digest.text(), R"("})");
    return seal;
  }

  [[nodiscard]] bool has_form(const Json& seal) const override {
    return array_at(seal, "files").size() == files().size();
  }

  [[nodiscard]] SealTable read(const Json& seal) const override {
    SealTable table = read_rows(seal);
    const Json* full = seal.find("full");
    if (full == nullptr) refuse_seal("it does not say which archive it is a part of");
    const auto fingerprint = Digest::try_parse(full->string_at("fingerprint"));
    const Json* bytes = full->find("archiveBytes");
    if (!fingerprint || bytes == nullptr || bytes->as_int() == nullptr || *bytes->as_int() < 0) {
      refuse_seal("it does not say which archive it is a part of");
    }
    SealedDelta delta{.left_out = {},
                      .builds_on = {},
                      .full_fingerprint = *fingerprint,
                      .full_bytes = static_cast<std::uint64_t>(*bytes->as_int())};
    const Json::Array& rows = array_at(seal, "leftOut");
    const std::vector<Descriptor> blobs = read_blob_rows(rows);
    if (blobs.empty()) refuse_seal("it leaves out nothing");
    for (std::size_t i = 0; i < blobs.size(); ++i) delta.left_out.push_back({blobs[i], read_names(rows[i], "in")});
    for (const Json& row : array_at(seal, "requires")) delta.builds_on.push_back(read_built_on(row));
    table.delta = std::move(delta);
    return table;
  }
};

}  // namespace

const SealCodec& seal_of_deltas() {
  static const SealV2 codec;
  return codec;
}

}  // namespace ociferry
