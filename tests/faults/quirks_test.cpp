#include "quirks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "stage.hpp"
#include "stream/sha256.hpp"
#include "support/fake_registry.hpp"
#include "support/process.hpp"

// The main job by way of registries that differ from the specification, each in its own way.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// One for all of these tests: registries take a while to start.
Stage& stage() {
  static Stage the_stage;
  return the_stage;
}

bool lacks_programs() { return lacks({"docker-registry", "openssl"}); }

void check_ending(const Ending& ending) {
  INFO(ending.error << ending.output);
  CHECK(ending.exit_code == 0);
}

const Visible& clean_end(Command command) {
  static std::map<Command, Visible> ends;
  if (!ends.contains(command)) {
    stage().reset();
    check_ending(stage().run(command, quick_options()));
    ends[command] = stage().visible(command);
  }
  return ends[command];
}

/// All requests of all commands, in the order of the commands.
using Transcript = std::vector<Exchange>;

void append(Transcript& all, FaultProxy& proxy) {
  const auto more = proxy.transcript();
  all.insert(all.end(), more.begin(), more.end());
}

/// Each command by way of such registries ends as it would otherwise.
Transcript check_all_commands(const std::vector<Rule>& rules) {
  Transcript all;
  for (const Command command : kCommands) {
    CAPTURE(name_of(command));
    const Visible expected = clean_end(command);
    stage().reset();
    stage().source().use(rules);
    stage().destination().use(rules);
    check_ending(stage().run(command, quick_options()));
    CHECK(stage().visible(command) == expected);
    append(all, stage().source());
    append(all, stage().destination());
  }
  CHECK(stage().destination_is_whole());
  // The last command was a copy: what it left is copied on.
  stage().destination().use(rules);
  check_ending(stage().run_within_destination(quick_options()));
  append(all, stage().destination());
  return all;
}

std::size_t count(const Transcript& all, const std::string& method, const std::string& part) {
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [&](const Exchange& one) { return is(one, method, part); }));
}

}  // namespace

TEST_CASE("ECR: digests are computed, and no Authorization goes to the storage server") {
  if (lacks_programs()) return;
  const Transcript all = check_all_commands(quirks::ecr());
  const auto at_storage = [](const Exchange& one) { return one.listener == 2; };
  CHECK(std::ranges::any_of(all, at_storage));
  CHECK(std::ranges::none_of(all, [&](const Exchange& one) {
    return at_storage(one) && one.request.headers.find("Authorization").has_value();
  }));
}

TEST_CASE("an immutable tag is no failure if it is right, and stays as it is otherwise") {
  if (lacks_programs()) return;
  const std::vector<HttpReply> refusals{registry_error_reply(400, "ImageTagAlreadyExistsException", "immutable"),
                                        registry_error_reply(412, "PRECONDITION", "configured as immutable"),
                                        registry_error_reply(403, "DENIED", "tag is immutable"),
                                        registry_error_reply(409, "TAG_EXISTS"),
                                        registry_error_reply(405, "UNSUPPORTED")};
  for (const HttpReply& refusal : refusals) {
    CAPTURE(refusal.status);
    const auto rules = quirks::immutable_tags(stage().inside(), refusal);
    stage().reset();
    const Visible before = stage().visible(Command::Import);
    stage().destination().use(rules);
    const Ending refused = stage().run(Command::Import, quick_options());
    CHECK(refused.exit_code != 0);
    CHECK(refused.error.find("v1") != std::string::npos);
    CHECK(stage().visible(Command::Import).at("v1") == before.at("v1"));
    for (const Command command : {Command::Import, Command::Push}) {
      stage().reset();
      check_ending(stage().run(command, quick_options()));
      stage().destination().use(rules);
      check_ending(stage().run(command, quick_options()));
      CHECK(count(stage().destination().transcript(), "PUT", "/manifests/") == 0);
    }
  }
}

TEST_CASE("GHCR: after an ambiguous response the blob is looked up, and not sent again") {
  if (lacks_programs()) return;
  const Transcript all = check_all_commands(quirks::ghcr());
  std::map<std::string, int> uploads;
  for (const Exchange& one : all) {
    if (is(one, "PUT", "/blobs/uploads/")) ++uploads[one.request.path];
  }
  CHECK_FALSE(uploads.empty());
  for (const auto& [session, times] : uploads) CHECK(times == 1);
  // As many uploads as a run without that quirk needs: four commands write, and one copies what they wrote.
  CHECK(count(all, "PUT", "/blobs/uploads/") == count(check_all_commands({}), "PUT", "/blobs/uploads/"));
}

TEST_CASE("Google Artifact Registry: uploads are monolithic, and a Location may be a path") {
  if (lacks_programs()) return;
  CHECK(count(check_all_commands(quirks::gar()), "PATCH", "") == 0);
}

TEST_CASE("Harbor: a refused mount becomes an upload") {
  if (lacks_programs()) return;
  const Transcript all = check_all_commands(quirks::harbor());
  CHECK(count(all, "POST", "mount=") > 0);
}

TEST_CASE("Quay: mounts name their source, and manifests come and go in the types that it lists") {
  if (lacks_programs()) return;
  const Transcript all = check_all_commands(quirks::quay());
  CHECK(std::ranges::none_of(all, [](const Exchange& one) { return one.status == 400 || one.status == 415; }));
}

TEST_CASE("GitLab: a token that allows the last scope only is enough") {
  if (lacks_programs()) return;
  static_cast<void>(check_all_commands(quirks::gitlab(stage().tokens())));
}

TEST_CASE("Nexus: the scheme of a challenge may be in capitals") {
  if (lacks({"docker-registry", "htpasswd"})) return;
  RegistryServer registry({.user = "robot:s3cret"});
  FaultProxy proxy(registry);
  proxy.use(quirks::nexus());
  const TempDirectory directory = temp_directory();
  write_text(directory.path() / "in/file", "content");
  Context context{.registry = quick_options()};
  context.registry.username = "robot";
  context.registry.password = "s3cret";
  const std::string name = proxy.host() + "/team/app:v1";
  static_cast<void>(
      push({.target = Reference::parse(name), .is_bundle = false, .files = {directory.path() / "in"}}, context));
  pull({.source = {SourceArgument::Kind::Image, name}, .output = directory.path() / "out"}, context);
  CHECK(read_text(directory.path() / "out/file") == "content");
}

TEST_CASE("JFrog: manifests are requested as manifests, never as blobs") {
  if (lacks_programs()) return;
  const Transcript all = check_all_commands(quirks::jfrog());
  for (const Exchange& put : all) {
    if (!is(put, "PUT", "/manifests/")) continue;
    const std::string as_blob = "/blobs/" + sha256(put.request.body).text();
    CHECK(count(all, "HEAD", as_blob) + count(all, "GET", as_blob) == 0);
  }
}

TEST_CASE("Docker Hub: a rate limit is waited out, for any response body") {
  if (lacks_programs()) return;
  const Transcript all = check_all_commands(quirks::docker_hub());
  CHECK(std::ranges::any_of(all, [](const Exchange& one) { return one.status == 429; }));
}

TEST_CASE("zot: a wrong Range of an upload and an ignored Range of a download do no harm") {
  if (lacks_programs()) return;
  static_cast<void>(check_all_commands(quirks::zot()));
}

TEST_CASE("a registry that does not answer HEAD can be read and written") {
  if (lacks_programs()) return;
  static_cast<void>(check_all_commands(quirks::no_head()));
}

TEST_CASE("a registry where HEAD finds no manifest can be read and written") {
  if (lacks_programs()) return;
  static_cast<void>(check_all_commands(quirks::head_finds_nothing()));
}
