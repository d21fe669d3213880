#include "ferry/gather/have_list.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ociferry/error.hpp"
#include "stream/sha256.hpp"
#include "support/error_of.hpp"

using namespace ociferry;
using testing::error_of;

namespace {

HaveList sample_list() {
  const RepositoryName apps{"reg.example", "apps"};
  const RepositoryName mirror{"reg.example", "mirror/web"};
  HaveList list{.repositories = {mirror, apps}, .archives = {sha256("archive")}, .blobs = {}};
  list.blobs.emplace(sha256("b"), HeldBlob{.size = 7, .in = {apps, mirror}});
  list.blobs.emplace(sha256("a"), HeldBlob{.size = 0, .in = {}});
  return list;
}

/// The sample with `part` replaced.
std::string changed(const std::string& part, const std::string& by) {
  std::string text = write_have_list(sample_list());
  const auto at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), by);
}

}  // namespace

TEST_CASE("a have-list round-trips, and the same list has the same bytes") {
  const HaveList list = sample_list();
  const std::string text = write_have_list(list);
  const HaveList read = parse_have_list(text, "have.json");
  CHECK(write_have_list(read) == text);
  CHECK(read.blobs.at(sha256("b")).in.size() == 2);
  CHECK(read.blobs.at(sha256("b")).size == 7);
  CHECK(is_have_list(text));
  CHECK_FALSE(is_have_list(R"({"schemaVersion":1,"files":[]})"));
  const HaveList nothing = parse_have_list(write_have_list({}), "have.json");
  CHECK(nothing.blobs.empty());
}

TEST_CASE("a malformed have-list is refused with the reason and the next step") {
  const std::string digest = sha256("b").text();
  struct Malformed {
    std::string part;
    std::string by;
    std::string why;
  };
  const std::vector<Malformed> table = {
      {"{", "[", "JSON"},
      {"\"blobs\"", "\"other\"", "no list \"blobs\""},
      {"\"size\":7", "\"size\":-7", "a number is missing or malformed"},
      {"\"size\":7", "\"size\":\"7\"", "a number is missing or malformed"},
      {"\"in\":[0,1]", "\"in\":[0,2]", "a repository that is not listed"},
      {"\"in\":[0,1]", "\"in\":7", "no list \"in\""},
      {digest, "sha256:../../etc", "is not a digest"},
      {digest, sha256("a").text(), "is listed twice"},
      {"\"reg.example/apps\"", "\"\\u001b[2J\"", "not a readable have-list"},
      {"\"reg.example/apps\"", "7", "a name that is no text"},
      {"\"ociferryHave\":1", "\"ociferryHave\":2", "written by a newer ociferry"},
      {"\"ociferryHave\":1", "\"ociferryHave\":null", "a number is missing or malformed"},
  };
  for (const Malformed& row : table) {
    CAPTURE(row.by);
    const Error error = error_of([&] { static_cast<void>(parse_have_list(changed(row.part, row.by), "have.json")); });
    CHECK(error.code() == ErrorCode::Hostile);
    CHECK(error.message().find(row.why) != std::string::npos);
    CHECK(error.message().find("have.json") != std::string::npos);
  }
}
