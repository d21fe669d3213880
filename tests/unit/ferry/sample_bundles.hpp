#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ferry/deliver/relocate.hpp"
#include "ferry/gather/discover.hpp"
#include "store/memory_target.hpp"

namespace ociferry::testing {

/// Where samples have most of their images.
inline const std::string kApps = "r.example/apps/a";
/// Where relocations of samples lead, unless names matter.
inline const RepositoryName kInside{"inside.example", "my/apps"};
inline constexpr auto kImage = SourceArgument::Kind::Image;

/// Registries in memory, and bundles made in them.
class SampleWorld {
 public:
  /// The repository of that name; made when it is first asked for.
  std::shared_ptr<MemoryTarget> repository(const std::string& name);
  /// For `discover`. Repositories that nobody made are empty.
  OpenSource opener();

  /// Puts a small image, different for each `content`, into the repository; by digest.
  Reference image(const std::string& repository, const std::string& content);
  /// Puts a bundle whose lock lists `images`; with another `content`, another one.
  Reference bundle(const std::string& repository, const std::vector<Reference>& images,
                   const std::string& content = "");
  /// Puts an artifact, different for each `content`, that is attached to `subject` by tag, by its own `subject`, or by
  /// nothing if there is none.
  Reference artifact(const std::string& repository, const std::string& content,
                     const std::optional<Digest>& subject = {}, const std::string& tag = "");
  /// Puts an index of images and blobs that are in the same repository; attached to `subject` by its own, if given.
  Reference index(const std::string& repository, const std::vector<Reference>& images,
                  const std::optional<Digest>& subject = {}, const std::vector<Descriptor>& blobs = {});
  /// Puts a locations image for `bundle` beside it; `yaml` is the content of its images-locations.yml.
  void locations(const Reference& bundle, const std::string& yaml);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<MemoryTarget>> repositories_;
};

/// A root as `-b` or `-i` with a digest makes it, or with a tag.
[[nodiscard]] Root root_of(const Reference& reference, SourceArgument::Kind kind = SourceArgument::Kind::Bundle,
                           std::optional<std::string> tag = {});

/// A bundle in a bundle, with an image that both need, discovered.
struct NestedSample {
  SampleWorld world = {};
  Reference image = world.image(kApps, "a");
  Reference inner = world.bundle("r.example/inner", {image});
  Reference outer = world.bundle("r.example/outer", {inner, image});
  ImageSet set = discover({root_of(outer, SourceArgument::Kind::Bundle, "v1")}, world.opener(), {}, {});
};

/// Relocates all of `set` into one repository, which `target` stands for.
template <typename Target>
TransferReport relocate_to(Target& target, const ImageSet& set, const RelocateOptions& options,
                           const Context& context) {
  const auto open = [&](const RepositoryName& name) -> Destination { return {name, target, target}; };
  return relocate(set, everything_to(options.to), open, options, context);
}

/// Relocates all of `set` to `kInside`, with some jobs and without pauses before retries.
inline TransferReport put_inside(MemoryTarget& target, const ImageSet& set, RelocateOptions options = {},
                                 Progress& progress = silent_progress()) {
  options.to = kInside;
  return relocate_to(target, set, options, {.registry = {.retry_delay = {}}, .jobs = 3, .progress = &progress});
}

/// A Progress that keeps the warnings; they are read when the run has ended.
class Warnings : public Progress {
 public:
  void warn(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    lines.emplace_back(line);
  }
  void moved(const MovedTag& tag) override {
    const std::lock_guard lock(mutex_);
    moves.push_back(tag);
  }
  std::vector<std::string> lines;
  std::vector<MovedTag> moves;

 private:
  std::mutex mutex_;
};

}  // namespace ociferry::testing
