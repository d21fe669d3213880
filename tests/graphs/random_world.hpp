#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ferry/discover.hpp"
#include "store/memory_target.hpp"
#include "support/seed.hpp"

namespace ociferry::testing {

/// Registries in memory, full of images that share whatever images can share: layers, configurations, lock files,
/// tags, children, and what is attached to them. A function of the seed.
class RandomWorld {
 public:
  explicit RandomWorld(std::uint64_t seed);

  /// What is exported from it: bundles and images, some of them twice, with and without tags.
  [[nodiscard]] const std::vector<Root>& roots() const { return roots_; }
  /// For `discover`.
  [[nodiscard]] OpenSource opener();

 private:
  struct Made {
    Reference reference;
    RawManifest raw;
    bool is_bundle = false;
  };

  Descriptor blob(std::string bytes, std::string_view type);
  Made& put(const RepositoryName& name, RawManifest raw, bool is_bundle = false);
  MemoryTarget& repository(const RepositoryName& name);
  void put_with_all(const RepositoryName& name, const RawManifest& raw);
  const RepositoryName& any_repository() { return dice_.pick(names_); }
  const Made& any() { return dice_.pick(made_); }

  void make_image();
  void make_index();
  void make_bundle();
  void make_referrer();
  void attach_by_tag();
  void choose_roots();

  Dice dice_;
  std::vector<RepositoryName> names_;
  std::map<RepositoryName, std::shared_ptr<MemoryTarget>> repositories_;
  std::map<Digest, std::string> blobs_;  ///< every repository has them all
  std::map<Digest, RawManifest> manifests_;
  std::vector<Made> made_;
  std::vector<std::string> locks_;  ///< of bundles, to be used again
  std::vector<Root> roots_;
};

}  // namespace ociferry::testing
