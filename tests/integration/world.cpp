#include "world.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

std::string World::succeed(const Words& arguments, const Variables& more) {
  const Outcome outcome = ociferry.run(arguments, more);
  INFO("standard error: " << outcome.err);
  REQUIRE(outcome.exit_code == 0);
  return outcome.out;
}

std::string World::fail(int exit_code, const Words& arguments, const Variables& more) {
  const Outcome outcome = ociferry.run(arguments, more);
  INFO("standard output: " << outcome.out << "\nstandard error: " << outcome.err);
  REQUIRE(outcome.exit_code == exit_code);
  CHECK(outcome.err.find("Error: ") != std::string::npos);
  return outcome.err;
}

void World::write_bundle(const std::string& name, const std::vector<Reference>& images) const {
  std::string lock = "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:";
  if (images.empty()) lock += " []\n";
  for (const Reference& image : images) {
    lock += "\n- image: " + to_string(Reference{image.name, std::nullopt, image.digest});
  }
  write_text(path(name) / ".imgpkg/images.yml", lock + "\n");
  write_text(path(name) / "config.yml", "name: " + name + "\n");
}

Reference World::push_bundle(const std::string& repository, const std::vector<Reference>& images) {
  std::string directory = "bundle-" + repository;
  std::ranges::replace(directory, '/', '-');
  write_bundle(directory, images);
  const std::string out = succeed({"push", "--tty", "-b", outside_ref(repository), "-f", directory});
  const auto begin = out.find("Pushed '") + 8;
  return Reference::parse(out.substr(begin, out.find('\'', begin) - begin));
}

std::string World::outside_ref(const std::string& repository, const std::string& tag) const {
  return outside.host() + "/" + repository + ":" + tag;
}

std::string World::inside_repo(const std::string& repository) const { return inside.host() + "/" + repository; }

std::string World::locations(const RegistryServer& registry, const std::string& repository, const Digest& bundle,
                             const std::string& file) {
  succeed(
      {"pull", "-i", registry.host() + "/" + repository + ":" + locations_tag(bundle), "-o", "locations", "--force"});
  return read_text(path("locations") / file);
}

std::vector<std::string> World::tags(const RegistryServer& registry, const std::string& repository) {
  const HttpAnswer answer = registry.request("GET", "/v2/" + repository + "/tags/list");
  if (answer.status != 200) return {};
  const Json body = Json::parse(answer.body, "tags");
  std::vector<std::string> tags;
  if (const auto* list = body.find("tags")->as_array()) {
    for (const Json& tag : *list) tags.push_back(*tag.as_string());
  }
  std::ranges::sort(tags);
  return tags;
}

std::string seed_yaml(const std::vector<ExpectedLocation>& entries) {
  std::string yaml = "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLocation\nimages:\n";
  for (const ExpectedLocation& entry : entries) {
    yaml += "  - image: " + entry.image + "\n    repository: " + entry.repository +
            "\n    bundle: " + (entry.is_bundle ? "true" : "false") + "\n";
  }
  return yaml;
}

void lose_blob(const RegistryServer& registry, const Digest& digest) {
  const std::string hex(digest.hex());
  const auto place = registry.data_directory() / "data/docker/registry/v2/blobs/sha256" / hex.substr(0, 2) / hex;
  REQUIRE(std::filesystem::remove_all(place) > 0);
}

std::vector<Descriptor> layers_of(const Image& image) {
  const RawManifest& raw = image.manifests.back();
  return std::get<Manifest>(parse_manifest(raw.bytes, raw.descriptor.media_type)).layers;
}

std::vector<std::string> writes(RegistryServer& registry, const std::string& path_part) {
  std::vector<std::string> found;
  for (const LoggedRequest& request : registry.requests()) {
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (!reads && request.path.find(path_part) != std::string::npos)
      found.push_back(request.method + " " + request.path);
  }
  return found;
}

}  // namespace ociferry::testing
