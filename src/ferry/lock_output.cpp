#include "ferry/lock_output.hpp"

#include <algorithm>

#include "base/fd.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

std::string bundle_lock(const SetImage& root, const RepositoryName& to) {
  return BundleLock{.image = {to, std::nullopt, root.digest()}, .tag = root.tag}.to_yaml();
}

std::string images_lock(const ImageSet& set, const RepositoryName& to) {
  ImagesLock lock;
  for (const SetImage& image : set.images()) {
    lock.images.push_back({.image = {to, std::nullopt, image.digest()}, .annotations = {}});
  }
  return lock.to_yaml();
}

}  // namespace

std::string relocated_lock(const ImageSet& set, const RepositoryName& to, const std::optional<ImagesLock>& asked) {
  if (asked) {
    ImagesLock lock = *asked;
    for (ImageRef& ref : lock.images) ref.image.name = to;
    return lock.to_yaml();
  }
  const auto roots = std::ranges::count_if(set.images(), &SetImage::is_root);
  const auto root_bundle =
      std::ranges::find_if(set.images(), [](const SetImage& image) { return image.is_root && image.is_bundle; });
  if (root_bundle == set.images().end()) return images_lock(set, to);
  if (roots == 1) return bundle_lock(*root_bundle, to);
  throw Error(ErrorCode::Usage,
              "Unable to determine correct root bundle to use for lock-output: there are several roots")
      .hint("leave --lock-output out, or carry each bundle in an archive of its own");
}

void write_lock_file(const std::filesystem::path& path, const std::string& yaml) {
  write_file_atomically(path, yaml, 0600);
}

}  // namespace ociferry
