#include "ferry/deliver/lock_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

/// True for /dev/stdout and the like, which cannot be replaced.
bool is_special(const fs::path& path) { return fs::exists(path) && !fs::is_regular_file(path); }

std::string bundle_lock(const SetImage& root, const PlacedSet& placed) {
  BundleLock lock{.image = Reference::by_digest(placed.own_of(root), root.digest())};
  lock.tag = placed.names_of(root).front().to.tag;
  return lock.to_yaml();
}

std::string images_lock(const PlacedSet& placed) {
  ImagesLock lock;
  std::vector<const SetImage*> images;
  for (const SetImage& image : placed.set().images()) {
    if (!image.is_referrer) images.push_back(&image);
  }
  std::ranges::sort(images, {}, [](const SetImage* image) { return to_string(image->reference); });
  for (const SetImage* image : images) {
    lock.images.push_back({.image = Reference::by_digest(placed.own_of(*image), image->digest())});
  }
  return lock.to_yaml();
}

/// `lock` with the new places of its images.
std::string images_lock(const PlacedSet& placed, ImagesLock lock) {
  for (ImageRef& ref : lock.images) {
    const SetImage* const image = placed.set().find(*ref.image.digest);
    if (image == nullptr) throw Error(ErrorCode::Internal, text::cat(to_string(ref.image), " was not moved"));
    ref.image.name = placed.own_of(*image);
  }
  return lock.to_yaml();
}

}  // namespace

std::string relocated_lock(const PlacedSet& placed, const std::optional<ImagesLock>& given) {
  const ImageSet& set = placed.set();
  if (given) return images_lock(placed, *given);
  if (std::ranges::none_of(set.images(), &SetImage::is_bundle)) return images_lock(placed);
  const auto roots = std::ranges::count_if(set.images(), &SetImage::is_root);
  const auto root = std::ranges::find_if(set.images(), &SetImage::is_root);
  if (roots == 1 && root->is_bundle) return bundle_lock(*root, placed);
  // Archives of old imgpkg releases do not mark the root bundle.
  throw Error(ErrorCode::Usage,
              text::cat("Unable to determine correct root bundle to use for lock-output: there are ", roots, " roots"))
      .hint("leave out --lock-output, or export each bundle again to its own archive");
}

void check_lock_path(const fs::path& path) {
  const fs::path parent = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  if (path.filename().empty() || fs::is_directory(path)) {
    throw Error(ErrorCode::Usage, text::cat("'", path.string(), "' is not a name for a file"));
  }
  if (!is_special(path) && ::access(parent.c_str(), W_OK) != 0) {
    throw system_error(text::cat("checking that a file can be written in ", parent.string()), errno);
  }
}

void write_lock_file(const fs::path& path, const std::string& yaml) {
  if (!is_special(path)) {
    // Replaces the target of a link, not the link.
    const bool is_new = !fs::exists(path);
    const auto mode = is_new ? 0600 : static_cast<unsigned>(fs::status(path).permissions());
    write_file_atomically(is_new ? path : fs::canonical(path), yaml, mode);
    return;
  }
  const UniqueFd fd = open_file(path, O_WRONLY);
  write_full(fd.get(), as_bytes(yaml), path.string());
}

}  // namespace ociferry
