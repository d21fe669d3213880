#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ferry/gather/discover.hpp"
#include "oci/json.hpp"
#include "store/memory_target.hpp"
#include "support/seed.hpp"

namespace ociferry::testing {

/// Registries in memory, full of images that share whatever images can share: layers, configurations, lock files,
/// tags, children, and what is attached to them. Some of it is as only odd writers make it: indexes of which a child is
/// absent, is no manifest or has no type; configurations that are no JSON; lists of referrers that are not true. A
/// function of the seed.
class RandomWorld {
 public:
  explicit RandomWorld(std::uint64_t seed);

  /// What is exported from it: bundles and images, some of them twice, with and without tags.
  [[nodiscard]] const std::vector<Root>& roots() const { return roots_; }
  /// For `discover`.
  [[nodiscard]] OpenSource opener();

  [[nodiscard]] bool has_one_repository() const { return names_.size() == 1; }

  /// Something that must go along with its subject, or be named by a warning.
  struct Attached {
    Digest subject;
    Digest digest;
  };
  /// What is listed as attached in every repository, truly or not.
  [[nodiscard]] const std::vector<Attached>& attached() const { return attached_; }
  /// True if a root lists a manifest by sha512, which nothing can be done with.
  [[nodiscard]] bool has_sha512_manifest() const { return has_sha512_manifest_; }

 private:
  struct Made {
    Reference reference;
    RawManifest raw;
    bool is_bundle = false;
  };

  Descriptor blob(std::string bytes, const std::string& type);
  Made& put(const RepositoryName& name, RawManifest raw, bool is_bundle = false);
  MemoryTarget& repository(const RepositoryName& name);
  void put_with_all(const RepositoryName& name, const RawManifest& raw);
  void list(const RepositoryName& name, const Digest& subject, const Descriptor& entry);
  Json::Object child(const Descriptor& manifest);
  Json::Array odd_children();
  std::string config(std::string_view platform);
  const RepositoryName& any_repository() { return dice_.pick(names_); }
  const Made& any() { return dice_.pick(made_); }

  void make_image();
  void make_index();
  void make_bundle();
  void make_referrer();
  void attach_by_tag();
  void list_falsely();
  void add_sha512_manifest();
  void choose_roots();

  Dice dice_;
  bool has_referrers_api_;  ///< else their lists are at tags
  std::vector<RepositoryName> names_;
  std::map<RepositoryName, std::shared_ptr<MemoryTarget>> repositories_;
  std::map<Digest, RawManifest> manifests_;
  std::vector<Made> made_;
  std::vector<std::string> locks_;  ///< of bundles, to be used again
  std::vector<Root> roots_;
  std::vector<Attached> attached_;
  bool has_sha512_manifest_ = false;
};

}  // namespace ociferry::testing
