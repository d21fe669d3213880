#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "stream/sha256.hpp"
#include "world.hpp"

// Several imports of one archive into one repository at the same time, as two pipelines that nobody has told of each
// other would make them.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr int kImporters = 4;

/// A bill of materials that is attached to `subject` by what its manifest says.
Image make_sbom(const std::string& payload, const Descriptor& subject) {
  const auto entry = [](std::string_view type, const Digest& digest, std::size_t size) {
    return Json::Object{{"mediaType", type}, {"digest", digest.text()}, {"size", std::uint64_t{size}}};
  };
  const std::string type = "application/spdx+json";
  std::string bytes = Json(Json::Object{{"schemaVersion", 2},
                                        {"mediaType", media_type::kOciManifest},
                                        {"artifactType", type},
                                        {"config", entry("application/vnd.oci.empty.v1+json", sha256("{}"), 2)},
                                        {"layers", Json::Array{entry(type, sha256(payload), payload.size())}},
                                        {"subject", entry(subject.media_type, subject.digest, subject.size)}})
                          .dump();
  const Descriptor own{std::string(media_type::kOciManifest), sha256(bytes), bytes.size()};
  return {own, {{own, std::move(bytes)}}, {{sha256("{}"), "{}"}, {sha256(payload), payload}}};
}

/// An archive "a.tar": a bundle in a bundle, layers that take a while, an index, and two things attached to it, which
/// the registry, having no referrers API, needs a list for.
struct ImportedCargo {
  Image large = make_image({.layers = {{.size = 1'500'000, .seed = 1}, {.size = 500'000, .seed = 2}}});
  Image index = make_index({make_image({.layers = {{.size = 200'000, .seed = 3}}}),
                            make_image({.layers = {{.seed = 2}}, .platform = {"linux", "arm64", "", ""}})});
  std::vector<Image> sboms{make_sbom("one", index.descriptor), make_sbom("two", index.descriptor)};

  explicit ImportedCargo(World& world) {
    const Reference one = push_image(world.outside, "apps/large", large, "v1");
    const Reference two = push_image(world.outside, "apps/multi", index, "v1");
    push_image(world.outside, "apps/multi", make_index(sboms), referrers_tag(index.descriptor.digest));
    const Reference inner = world.push_bundle("bundles/inner", {two});
    world.push_bundle("bundles/outer", {one, inner});
    world.succeed({"export", "-b", world.outside_ref("bundles/outer"), "-o", "a.tar"});
  }

  /// What each tag of a repository names; of the list, whose order is nobody's promise, its entries.
  [[nodiscard]] std::map<std::string, std::vector<std::string>> state(const RegistryServer& registry,
                                                                      const std::string& repository) const {
    std::map<std::string, std::vector<std::string>> state;
    for (const std::string& tag : World::tags(registry, repository)) {
      const std::string body = registry
                                   .request("GET", "/v2/" + repository + "/manifests/" + tag,
                                            {"Accept: " + std::string(media_type::kOciManifest),
                                             "Accept: " + std::string(media_type::kOciIndex),
                                             "Accept: " + std::string(media_type::kDockerManifest)})
                                   .body;
      state[tag] = {sha256(body).text()};
      if (tag != referrers_tag(index.descriptor.digest)) continue;
      state[tag].clear();
      const Json list = Json::parse(body, tag);
      for (const Json& entry : *list.find("manifests")->as_array()) {
        state[tag].push_back(entry.string_at("digest"));
      }
      std::ranges::sort(state[tag]);
    }
    return state;
  }
};

}  // namespace

TEST_CASE("concurrent imports of one archive into one repository all succeed, with the result of one import") {
  if (lacks({"docker-registry"})) return;
  World world;
  const ImportedCargo cargo(world);
  // A registry that is just writing what others put may say that it does not know it: a second later it does.
  const auto import_to = [](const std::string& repository, const std::string& proof) {
    return Words{"import", "a.tar", "--to-repo", repository, "--verify", proof, "--registry-retry-delay", "250ms"};
  };
  // The same repository of another registry, to which one import writes alone.
  world.succeed(import_to(world.outside.host() + "/imported", "full"));
  const auto wanted = cargo.state(world.outside, "imported");
  REQUIRE(wanted.contains("v1"));
  REQUIRE(wanted.at(referrers_tag(cargo.index.descriptor.digest)).size() == 2);

  const Words import = import_to(world.inside_repo("imported"), "blobs");
  std::vector<std::unique_ptr<Process>> importers;
  for (int i = 0; i < kImporters; ++i) importers.push_back(std::make_unique<Process>(world.ociferry.program(import)));
  for (const auto& importer : importers) {
    const Outcome outcome = importer->wait();
    INFO(outcome.err);
    CHECK(outcome.exit_code == 0);
  }
  CHECK(cargo.state(world.inside, "imported") == wanted);
  CHECK(world.succeed(import_to(world.inside_repo("imported"), "full")).starts_with("Nothing to do"));
}
