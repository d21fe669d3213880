#include "ociferry/probe.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "quirks.hpp"
#include "stage.hpp"
#include "support/fake_registry.hpp"
#include "support/fault_proxy.hpp"
#include "support/process.hpp"

// What probe finds out about registries that differ, and that it leaves nothing in them.

using namespace ociferry;
using namespace ociferry::testing;
namespace fs = std::filesystem;

namespace {

struct Rig {
  RegistryServer registry;
  FaultProxy proxy{registry};

  ProbeReport probe_with(std::vector<Rule> rules, const ProbeOptions& more = {}) {
    proxy.use(std::move(rules));
    ProbeOptions options = more;
    options.repository = {proxy.host(), "team/app"};
    return probe(options, {.registry = quick_options()});
  }
};

ProbeAnswer answer_of(const ProbeReport& report, const std::string& name) {
  const auto found = std::ranges::find(report.findings, name, &ProbeFinding::name);
  REQUIRE_MESSAGE(found != report.findings.end(), name);
  INFO(name << ": " << found->detail);
  return found->answer;
}

ErrorCode failure_of(const ProbeReport& report) {
  REQUIRE(report.failure.has_value());
  return report.failure->code();
}

}  // namespace

TEST_CASE("probe accepts an ordinary registry, and leaves nothing in its API or storage") {
  if (lacks({"docker-registry"})) return;
  Rig rig;
  const ProbeReport report = rig.probe_with({});
  CHECK_FALSE(report.failure.has_value());
  CHECK(report.left_behind.empty());
  for (const char* able :
       {"reach", "login", "pull", "push", "chunkedUploads", "largeBodies", "nestedPaths", "deletes"}) {
    CHECK(answer_of(report, able) == ProbeAnswer::Yes);
  }
  CHECK(answer_of(report, "tls") == ProbeAnswer::No);
  CHECK(answer_of(report, "referrersApi") == ProbeAnswer::No);
  CHECK(rig.registry.request("GET", "/v2/_catalog").body == "{\"repositories\":[]}\n");
  CHECK(rig.registry.request("GET", "/v2/team/app/tags/list").status == 404);
  for (const auto& entry : fs::recursive_directory_iterator(rig.registry.data_directory() / "data")) {
    // The registry itself forgets the state of its hash when an upload is cancelled.
    const bool is_hash_state = entry.path().string().find("/hashstates/") != std::string::npos;
    CHECK_MESSAGE((!entry.is_regular_file() || is_hash_state), entry.path().string());
  }
}

TEST_CASE("probe reports the largest request, and fails only if larger layers cannot be uploaded otherwise") {
  if (lacks({"docker-registry"})) return;
  Rig rig;
  const auto limited = [](const HttpRequest& request) -> std::optional<HttpReply> {
    return request.body.size() > 1'000'000 ? std::optional(HttpReply{.status = 413}) : std::nullopt;
  };
  const std::vector<Rule> limit_patch{{.match = {"PATCH", ""}, .fault = {.decide = limited}}};
  const ProbeReport chunked = rig.probe_with(limit_patch);
  CHECK(answer_of(chunked, "largeBodies") == ProbeAnswer::No);
  CHECK_FALSE(chunked.failure.has_value());

  const Rule no_chunks{.match = {"PATCH", ""}, .fault = {.answer = registry_error_reply(405, "UNSUPPORTED")}};
  const ProbeReport whole = rig.probe_with({no_chunks, {.match = {"PUT", ""}, .fault = {.decide = limited}}});
  CHECK(answer_of(whole, "chunkedUploads") == ProbeAnswer::No);
  CHECK(answer_of(whole, "largeBodies") == ProbeAnswer::No);
  CHECK(failure_of(whole) == ErrorCode::Refused);
  CHECK(whole.left_behind.empty());

  const ProbeReport no_limit = rig.probe_with({no_chunks}, {.largest_body = 1'500'000});
  CHECK(answer_of(no_limit, "largeBodies") == ProbeAnswer::Yes);
  CHECK_FALSE(no_limit.failure.has_value());
}

TEST_CASE("probe reports the error code of refusals, keeps their texts, and names uploads that it could not cancel") {
  if (lacks({"docker-registry"})) return;
  Rig rig;
  const auto refusing = [](const char* method, int status) {
    return Rule{.match = {method, "/blobs/uploads/"},
                .fault = {.answer = registry_error_reply(status, "DENIED", "\x1b[2Jno\n" + std::string(9000, 'x'))}};
  };
  const ProbeReport denied = rig.probe_with({refusing("POST", 403)});
  CHECK(failure_of(denied) == ErrorCode::Denied);
  CHECK(answer_of(denied, "push") == ProbeAnswer::No);
  CHECK(answer_of(denied, "largeBodies") == ProbeAnswer::NotTried);
  for (const ProbeFinding& one : denied.findings) {
    CHECK(one.detail.find('\x1b') == std::string::npos);
    CHECK(one.detail.size() < 1000);
  }
  CHECK(failure_of(rig.probe_with({refusing("POST", 405)})) == ErrorCode::Refused);
  const ProbeReport kept = rig.probe_with({refusing("DELETE", 405)});
  CHECK_FALSE(kept.failure.has_value());
  CHECK(kept.left_behind.size() == 2);
}

TEST_CASE("probe ends with a report for every registry that is known to deviate") {
  if (lacks({"docker-registry"})) return;
  Rig rig;
  struct Way {
    std::vector<Rule> rules;
    bool write;  ///< it may matter to what is stored
  };
  const std::vector<Way> all{{quirks::ecr(), false},
                             {quirks::immutable_tags(rig.registry, HttpReply{.status = 400}), true},
                             {quirks::ghcr(), true},
                             {quirks::gar(), true},
                             {quirks::harbor(), true},
                             {quirks::quay(), true},
                             {quirks::nexus(), false},
                             {quirks::jfrog(), false},
                             {quirks::docker_hub(), true},
                             {quirks::zot(), false},
                             {quirks::dashed_digests(rig.registry), false},
                             {quirks::wrong_content_types("application/json"), false},
                             {quirks::replicas_behind(), true},
                             {quirks::signed_only(rig.registry), true},
                             {quirks::no_head(), true}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    CAPTURE(i);
    const ProbeReport report = rig.probe_with(all[i].rules, {.largest_body = 4096, .write = all[i].write});
    CHECK_FALSE(report.failure.has_value());
    CHECK(answer_of(report, "push") == ProbeAnswer::Yes);
    for (const char* able : {"completeUploads", "ociImages", "dockerIndexes", "artifacts"}) {
      CHECK(answer_of(report, able) == (all[i].write ? ProbeAnswer::Yes : ProbeAnswer::NotTried));
    }
    const auto is_content = [](const std::string& left) { return !left.starts_with("the new repository "); };
    CHECK(std::ranges::count_if(report.left_behind, is_content) == 0);
  }
}

TEST_CASE("probe distinguishes refused from accepted credentials, and also tries to read without any") {
  if (lacks({"docker-registry", "htpasswd"})) return;
  const RegistryServer registry({.user = "robot:s3cret"});
  const ProbeOptions options{.repository = {registry.host(), "team/app"}};
  Context context{.registry = quick_options()};
  CHECK(failure_of(probe(options, context)) == ErrorCode::Unauthorized);
  context.registry.username = "robot";
  context.registry.password = "wr0ng";
  CHECK(failure_of(probe(options, context)) == ErrorCode::Unauthorized);
  context.registry.password = "s3cret";
  const ProbeReport report = probe(options, context);
  CHECK_FALSE(report.failure.has_value());
  CHECK(answer_of(report, "login") == ProbeAnswer::Yes);
  CHECK(answer_of(report, "anonymousPull") == ProbeAnswer::No);
}
