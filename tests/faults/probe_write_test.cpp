#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>

#include "ociferry/probe.hpp"
#include "quirks.hpp"
#include "stage.hpp"
#include "support/error_of.hpp"
#include "support/fake_registry.hpp"
#include "support/fault_proxy.hpp"
#include "support/process.hpp"
#include "support/token_server.hpp"

// What probe --write stores and finds out by it, and that it names whatever it cannot delete.

using namespace ociferry;
using namespace ociferry::testing;
namespace fs = std::filesystem;

namespace {

constexpr std::array<const char*, 10> kStoredCapabilities{
    "completeUploads", "ociImages",  "dockerImages", "ociIndexes", "dockerIndexes",
    "artifacts",       "zstdLayers", "sha512Layers", "mounts",     "movableTags"};

struct WritingProbe {
  explicit WritingProbe(testing::RegistryOptions options = {}) : registry(std::move(options)) {}

  RegistryServer registry;
  FaultProxy proxy{registry};

  ProbeReport run(std::vector<Rule> rules = {}, std::stop_token stop = {}) {
    proxy.use(std::move(rules));
    return probe({.repository = {proxy.host(), "team/app"}, .largest_body = 4096, .write = true},
                 {.registry = quick_options(), .stop = std::move(stop)});
  }

  /// The digests and tags of what is in its repositories: all that the API shows.
  [[nodiscard]] std::set<std::string> content() const {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(registry.data_directory() / "data")) {
      if (entry.path().filename() != "link" || entry.path().string().find("/repositories/") == std::string::npos) {
        continue;
      }
      const fs::path place = entry.path().parent_path();
      const bool is_tag = place.filename() == "current";
      const std::string algorithm = place.parent_path().filename();
      names.insert(is_tag ? algorithm : algorithm + ":" + place.filename().string());
    }
    return names;
  }
};

const ProbeFinding& finding_of(const ProbeReport& report, const std::string& name) {
  const auto found = std::ranges::find(report.findings, name, &ProbeFinding::name);
  REQUIRE_MESSAGE(found != report.findings.end(), name);
  return *found;
}

/// What is no new repository: those can never be deleted.
std::vector<std::string> content_left_in(const ProbeReport& report) {
  std::vector<std::string> left = report.left_behind;
  std::erase_if(left, [](const std::string& line) { return line.starts_with("the new repository "); });
  return left;
}

/// The status for manifests with these texts in them.
Rule answering_bodies(std::map<std::string, int> statuses) {
  const auto decide = [statuses = std::move(statuses)](const HttpRequest& request) -> std::optional<HttpReply> {
    for (const auto& [text, status] : statuses) {
      if (request.body.find(text) != std::string::npos) return HttpReply{.status = status};
    }
    return std::nullopt;
  };
  return {.match = {"PUT", "/manifests/"}, .fault = {.decide = decide}};
}

Rule refusing_type(const std::string& type) {
  return {.match = {"PUT", "/manifests/", "^content-type: " + type},
          .fault = {.answer = registry_error_reply(415, "MANIFEST_INVALID", "no")}};
}

/// A registry that does not know mounts: it begins an upload.
Rule ignoring_mounts(const RegistryServer& registry) {
  const auto begin_upload = [&registry](const HttpRequest& request) -> std::optional<HttpReply> {
    const HttpAnswer opened = registry.request("POST", request.path);
    return HttpReply{.status = opened.status, .headers = {{"Location", opened.header("Location")}}};
  };
  return {.match = {"POST", "[?&]mount="}, .fault = {.decide = begin_upload}};
}

}  // namespace

TEST_CASE("probe --write deletes all that it stores, except for new repositories") {
  if (lacks({"docker-registry"})) return;
  WritingProbe rig;
  const ProbeReport report = rig.run();
  CHECK_FALSE(report.failure.has_value());
  for (const char* able : kStoredCapabilities) CHECK(finding_of(report, able).answer == ProbeAnswer::Yes);
  CHECK(finding_of(report, "sparseIndexes").answer == ProbeAnswer::No);
  CHECK(rig.content().empty());
  REQUIRE(report.left_behind.size() == 2);
  CHECK(report.left_behind.at(0).starts_with("the new repository " + rig.proxy.host() + "/team/app: "));
  CHECK(report.left_behind.at(1).starts_with("the new repository " + rig.proxy.host() + "/team/app/ociferry-probe: "));
}

TEST_CASE("probe without --write stores nothing, and says which trials need it") {
  if (lacks({"docker-registry"})) return;
  WritingProbe rig;
  const ProbeReport report =
      probe({.repository = {rig.proxy.host(), "team/app"}, .largest_body = 4096}, {.registry = quick_options()});
  for (const char* name : kStoredCapabilities) {
    CHECK(finding_of(report, name).answer == ProbeAnswer::NotTried);
    CHECK(finding_of(report, name).detail == "needs --write");
  }
  CHECK(rig.proxy.count("PUT", "/") == 0);
  CHECK(report.left_behind.empty());
}

TEST_CASE("probe --write names each tag, manifest and blob that a registry without deletes keeps, and nothing else") {
  if (lacks({"docker-registry"})) return;
  WritingProbe rig({.deletes = false});
  const ProbeReport report = rig.run();
  CHECK_FALSE(report.failure.has_value());
  const std::set<std::string> content = rig.content();
  CHECK(content.size() > 10);
  std::set<std::string> named;
  for (const std::string& line : content_left_in(report)) {
    const std::string url =
        line.substr(line.find("DELETE http"), line.find(" answered 405") - line.find("DELETE http"));
    named.insert(url.substr(url.rfind('/') + 1));
  }
  CHECK(named == content);
}

TEST_CASE("probe --write reports refused formats, and does not fail for rare ones") {
  if (lacks({"docker-registry"})) return;
  WritingProbe rig;
  const Rule no_sha512{.match = {"PUT", "digest=sha512"},
                       .fault = {.answer = registry_error_reply(400, "DIGEST_INVALID")}};
  const ProbeReport report =
      rig.run({no_sha512, answering_bodies({{"artifactType", 400}, {"tar+zstd", 500}, {"arm64", 201}}),
               ignoring_mounts(rig.registry)});
  for (const char* name : {"sha512Layers", "artifacts", "mounts"}) {
    CHECK(finding_of(report, name).answer == ProbeAnswer::No);
    CHECK_FALSE(finding_of(report, name).meaning.empty());
  }
  CHECK(finding_of(report, "zstdLayers").answer == ProbeAnswer::Unknown);
  CHECK(finding_of(report, "sparseIndexes").answer == ProbeAnswer::Yes);
  CHECK_FALSE(report.failure.has_value());
  CHECK(content_left_in(report).empty());
  CHECK(rig.content().empty());
}

TEST_CASE("probe --write fails for formats that ordinary bundles need, and still tries everything else") {
  if (lacks({"docker-registry"})) return;
  WritingProbe rig;
  struct Refusal {
    const char* name;
    const char* needing;  ///< what cannot be tried without it
    const char* type;
  };
  for (const Refusal& refusal : {Refusal{"ociImages", "ociIndexes", "application/vnd.oci.image.manifest"},
                                 {"dockerImages", "dockerIndexes", "application/vnd.docker.distribution.manifest.v2"},
                                 {"ociIndexes", "sparseIndexes", "application/vnd.oci.image.index"}}) {
    CAPTURE(refusal.name);
    const ProbeReport report = rig.run({refusing_type(refusal.type)});
    CHECK(finding_of(report, refusal.name).answer == ProbeAnswer::No);
    CHECK(finding_of(report, refusal.needing).answer == ProbeAnswer::NotTried);
    CHECK(finding_of(report, "movableTags").answer == ProbeAnswer::Yes);
    REQUIRE(report.failure.has_value());
    CHECK(report.failure->code() == ErrorCode::Refused);
    CHECK_FALSE(report.failure->hint_text().empty());
    CHECK(content_left_in(report).empty());
  }
}

TEST_CASE("probe --write reports uploads that are accepted and never completed, and fails") {
  if (lacks({"docker-registry"})) return;
  WritingProbe rig;
  const ProbeReport full = rig.run({{.match = {"PUT", "/blobs/uploads/"},
                                     .fault = {.answer = registry_error_reply(403, "DENIED", "quota exceeded")}}});
  CHECK(finding_of(full, "push").answer == ProbeAnswer::Yes);
  CHECK(finding_of(full, "completeUploads").answer == ProbeAnswer::No);
  CHECK(finding_of(full, "ociImages").answer == ProbeAnswer::NotTried);
  CHECK(full.failure.has_value());
  CHECK(full.left_behind.empty());
}

TEST_CASE("probe --write reports immutable tags, and mounts that did not take place") {
  if (lacks({"docker-registry"})) return;
  WritingProbe rig;
  std::vector<Rule> rules = quirks::immutable_tags(rig.registry, registry_error_reply(400, "TAG_INVALID", "immutable"));
  rules.push_back({.match = {"POST", "[?&]mount="}, .fault = {.answer = HttpReply{.status = 201}}});
  const ProbeReport report = rig.run(rules);
  CHECK(finding_of(report, "movableTags").answer == ProbeAnswer::No);
  CHECK(finding_of(report, "mounts").answer == ProbeAnswer::No);
  CHECK_FALSE(report.failure.has_value());
  CHECK(rig.content().empty());
}

TEST_CASE("probe --write mounts into a repository beside the probed one if there are no nested paths") {
  if (lacks({"docker-registry"})) return;
  WritingProbe rig;
  const Rule no_catalog{.match = {"GET", "/_catalog"}, .fault = {.answer = registry_error_reply(403, "DENIED")}};
  const Rule no_nested{.match = {"POST", "/ociferry-probe/"},
                       .fault = {.answer = registry_error_reply(400, "NAME_INVALID")}};
  const ProbeReport flat = rig.run({no_nested, no_catalog});
  CHECK(finding_of(flat, "mounts").detail == "from team/app into team/app-ociferry-probe");
  // Whether it is still there is not known, so it is told.
  CHECK(flat.left_behind.at(1).find("could not be found out") != std::string::npos);
}

TEST_CASE("probe --write deletes with the tokens that deletes need") {
  if (lacks({"docker-registry"})) return;
  const TokenServer tokens;
  WritingProbe rig({.token = tokens.realm()});
  rig.proxy.serve_tokens(tokens);
  const ProbeReport report = rig.run();
  CHECK(finding_of(report, "mounts").answer == ProbeAnswer::Yes);
  CHECK(content_left_in(report).empty());
  CHECK(rig.content().empty());
}

TEST_CASE("probe --write deletes what it has stored when it is interrupted") {
  if (lacks({"docker-registry"})) return;
  WritingProbe rig;
  std::stop_source stop;
  const auto interrupt = [&stop](const HttpRequest&) -> std::optional<HttpReply> {
    stop.request_stop();
    return std::nullopt;
  };
  const Rule at_last{.match = {"PUT", "/manifests/ociferry-probe-"}, .fault = {.decide = interrupt}};
  const Error error = error_of([&] { static_cast<void>(rig.run({at_last}, stop.get_token())); });
  CHECK(error.code() == ErrorCode::Interrupted);
  CHECK(rig.proxy.count("PUT", "/manifests/") > 5);
  CHECK(rig.content().empty());
}
