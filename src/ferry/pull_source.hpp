#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "bundle/bundle.hpp"
#include "ferry/gather/places.hpp"
#include "ferry/open_store.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Where a pull finds images: registries, or an archive. Its methods block on them.
class PullSource {
 public:
  virtual ~PullSource() = default;

  /// As `locate`.
  [[nodiscard]] virtual Located find(const Reference& image, const Places& places) = 0;
  /// What the locations image of `bundle` says, if there is one.
  [[nodiscard]] virtual std::optional<Locations> locations(const Located& bundle, const ImagesLock& lock) = 0;
  /// True if the repository `name` has all images of `lock`.
  [[nodiscard]] virtual bool has_all(const RepositoryName& name, const ImagesLock& lock) = 0;
  /// What to say of a lock file that is not rewritten.
  [[nodiscard]] virtual std::string_view why_lock_stays() const noexcept = 0;
  /// True if layers are downloaded before they are unpacked, which takes room.
  [[nodiscard]] virtual bool downloads() const noexcept = 0;
  /// Lets `use` read a layer of `image` after all of it has proved right; one of a registry is downloaded to `file`
  /// first. Throws what `use` throws; Error{Corrupt} if the layer is damaged.
  virtual void read_layer(const Located& image, const Descriptor& layer, const std::filesystem::path& file,
                          const std::function<void(ByteSource& content)>& use) = 0;
};

/// `context` must outlive it.
[[nodiscard]] std::unique_ptr<PullSource> pull_from_registries(const Context& context);
/// Images keep the names that they have in lock files. `store` and `context` must outlive it.
[[nodiscard]] std::unique_ptr<PullSource> pull_from_store(const OpenStore& store, const Context& context);

}  // namespace ociferry
