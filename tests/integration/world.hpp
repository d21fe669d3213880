#pragma once

#include <map>
#include <string>
#include <vector>

#include "support/image_builder.hpp"
#include "support/ociferry.hpp"
#include "support/registry_server.hpp"

namespace ociferry::testing {

/// What most tests of this folder need: a registry outside, a registry inside, the program between them, and a
/// directory to work in.
class World {
 public:
  RegistryServer outside;
  RegistryServer inside;
  Ociferry ociferry{OCIFERRY_BINARY};

  /// Runs ociferry, which must succeed, and returns what it wrote to its standard output.
  std::string succeed(const Words& arguments, const Variables& more = {});
  /// Runs ociferry, which must fail with this exit code, and returns what it wrote to its standard error.
  std::string fail(int exit_code, const Words& arguments, const Variables& more = {});

  /// A path in the directory that ociferry runs in.
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return ociferry.home() / name; }

  /// Writes the files of a bundle whose lock lists `images`, into a directory called `name`.
  void write_bundle(const std::string& name, const std::vector<Reference>& images) const;
  /// Pushes a bundle that needs `images` to "<outside>/<repository>:v1" and returns it by digest.
  Reference push_bundle(const std::string& repository, const std::vector<Reference>& images);
  /// The same with ociferry's --bundle argument as result: "<outside>/<repository>:v1".
  [[nodiscard]] std::string outside_ref(const std::string& repository, const std::string& tag = "v1") const;
  [[nodiscard]] std::string inside_repo(const std::string& repository) const;

  /// The content of a locations image's file, by pulling its tag from "<registry>/<repository>".
  std::string locations(const RegistryServer& registry, const std::string& repository, const Digest& bundle,
                        const std::string& file = "images-locations.yml");
  /// The tags of a repository, sorted; empty if there is no such repository.
  static std::vector<std::string> tags(const RegistryServer& registry, const std::string& repository);
};

/// What images-locations.yml must say: (reference, repository, is bundle) in the given order.
struct ExpectedLocation {
  std::string image;
  std::string repository;
  bool is_bundle = false;
};
[[nodiscard]] std::string seed_yaml(const std::vector<ExpectedLocation>& entries);

/// Takes a blob away from a registry behind its back, as a bad disk or a careless garbage collection would.
void lose_blob(const RegistryServer& registry, const Digest& digest);
/// The layers of an image that is no index, in their order.
[[nodiscard]] std::vector<Descriptor> layers_of(const Image& image);

/// Requests that write, other than to the given part of the path.
[[nodiscard]] std::vector<std::string> writes(RegistryServer& registry, const std::string& path_part = "/v2/");

}  // namespace ociferry::testing
