#include "ferry/gather/have_list.hpp"

#include "base/text.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::int64_t kHaveVersion = 1;
constexpr std::string_view kVersionKey = "ociferryHave";

[[noreturn]] void refuse_list(std::string_view what, std::string_view why) {
  throw Error(ErrorCode::Hostile, text::cat(what, " is not a readable have-list: ", why))
      .hint("make it again at the other side, with `ociferry inventory`, and compare its sha256sum on both sides");
}

const Json::Array& rows_at(const Json& list, std::string_view key, std::string_view what) {
  const Json* rows = list.find(key);
  if (rows == nullptr || rows->as_array() == nullptr) refuse_list(what, text::cat("no list \"", key, "\""));
  return *rows->as_array();
}

std::string string_in(const Json& row, std::string_view what) {
  if (row.as_string() == nullptr) refuse_list(what, "a name that is no text");
  return *row.as_string();
}

std::uint64_t number_in(const Json* value, std::string_view what) {
  if (value == nullptr || value->as_int() == nullptr || *value->as_int() < 0) {
    refuse_list(what, "a number is missing or malformed");
  }
  return static_cast<std::uint64_t>(*value->as_int());
}

Digest digest_in(const std::string& text, std::string_view what) {
  const auto digest = Digest::try_parse(text);
  if (!digest) refuse_list(what, text::cat("'", text::printable(text), "' is not a digest"));
  return *digest;
}

RepositoryName name_in(const Json& row, std::string_view what) {
  try {
    return parse_repository(string_in(row, what));
  } catch (const Error& error) {
    refuse_list(what, error.message());
  }
}

void check_version(const Json& list, std::string_view what) {
  const std::uint64_t version = number_in(list.find(kVersionKey), what);
  if (version == kHaveVersion) return;
  throw Error(ErrorCode::Hostile, text::cat(what, " was written by a newer ociferry: it is a have-list of version ",
                                            version, ", and this program reads version ", kHaveVersion))
      .hint("take a newer ociferry on this side, or make the list with the release that is used here");
}

}  // namespace

std::string write_have_list(const HaveList& list) {
  Json::Array repositories;
  std::map<RepositoryName, std::size_t> places;
  for (const RepositoryName& name : list.repositories) {
    places.emplace(name, repositories.size());
    repositories.emplace_back(to_string(name));
  }
  Json::Array archives;
  for (const Digest& fingerprint : list.archives) archives.emplace_back(fingerprint.text());
  std::string text =
      text::cat("{\"", kVersionKey, "\":", kHaveVersion, ",\n\"repositories\":", Json(std::move(repositories)).dump(),
                ",\n\"archives\":", Json(std::move(archives)).dump(), ",\n\"blobs\":[");
  std::string_view before = "\n";
  for (const auto& [digest, blob] : list.blobs) {
    Json::Array in;
    for (const RepositoryName& name : blob.in) in.emplace_back(std::uint64_t{places.at(name)});
    text += text::cat(before, R"({"digest":")", digest.text(), R"(","size":)", blob.size, R"(,"in":)",
                      Json(std::move(in)).dump(), "}");
    before = ",\n";
  }
  text += "\n]}\n";
  return text;
}

HaveList parse_have_list(std::string_view text, std::string_view what) {
  const Json list = Json::parse(text, what);
  check_version(list, what);
  HaveList have;
  std::vector<RepositoryName> repositories;
  for (const Json& row : rows_at(list, "repositories", what)) repositories.push_back(name_in(row, what));
  have.repositories = {repositories.begin(), repositories.end()};
  for (const Json& row : rows_at(list, "archives", what)) {
    have.archives.insert(digest_in(string_in(row, what), what));
  }
  for (const Json& row : rows_at(list, "blobs", what)) {
    HeldBlob blob{.size = number_in(row.find("size"), what)};
    for (const Json& place : rows_at(row, "in", what)) {
      const std::uint64_t at = number_in(&place, what);
      if (at >= repositories.size()) refuse_list(what, "a blob is in a repository that is not listed");
      blob.in.insert(repositories[at]);
    }
    const Digest digest = digest_in(row.string_at("digest"), what);
    if (!have.blobs.emplace(digest, std::move(blob)).second) {
      refuse_list(what, text::cat(digest.text(), " is listed twice"));
    }
  }
  return have;
}

bool is_have_list(std::string_view text) {
  constexpr std::size_t kBeginning = 256;
  return text.substr(0, kBeginning).find(kVersionKey) != std::string_view::npos;
}

}  // namespace ociferry
