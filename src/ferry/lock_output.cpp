#include "ferry/lock_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

/// True for /dev/stdout and its like, which cannot be replaced.
bool is_special(const fs::path& path) { return fs::exists(path) && !fs::is_regular_file(path); }

std::string bundle_lock(const SetImage& root, const RepositoryName& to, bool root_tags) {
  BundleLock lock{.image = {to, std::nullopt, root.digest()}};
  if (const auto tags = tags_to_put(root, root_tags); !tags.empty()) lock.tag = *tags.begin();
  return lock.to_yaml();
}

std::string images_lock(const ImageSet& set, const RepositoryName& to) {
  ImagesLock lock;
  for (const SetImage& image : set.images()) {
    lock.images.push_back({.image = {to, std::nullopt, image.digest()}, .annotations = {}});
  }
  return lock.to_yaml();
}

}  // namespace

std::string relocated_lock(const ImageSet& set, const RepositoryName& to, bool root_tags,
                           const std::optional<ImagesLock>& asked) {
  if (asked) {
    ImagesLock lock = *asked;
    for (ImageRef& ref : lock.images) ref.image.name = to;
    return lock.to_yaml();
  }
  const auto roots = std::ranges::count_if(set.images(), &SetImage::is_root);
  const auto root_bundle =
      std::ranges::find_if(set.images(), [](const SetImage& image) { return image.is_root && image.is_bundle; });
  if (root_bundle == set.images().end()) return images_lock(set, to);
  if (roots == 1) return bundle_lock(*root_bundle, to, root_tags);
  throw Error(ErrorCode::Usage,
              "Unable to determine correct root bundle to use for lock-output: there are several roots")
      .hint("leave --lock-output out, or carry each bundle in an archive of its own");
}

void check_lock_path(const fs::path& path) {
  const fs::path parent = path.parent_path().empty() ? fs::path(".") : path.parent_path();
  if (path.filename().empty() || fs::is_directory(path)) {
    throw Error(ErrorCode::Usage, text::cat("'", path.string(), "' is not a file name for a lock file"));
  }
  if (!is_special(path) && ::access(parent.c_str(), W_OK) != 0) {
    throw system_error(text::cat("checking that a lock file can be written in ", parent.string()), errno);
  }
}

void write_lock_file(const fs::path& path, const std::string& yaml) {
  if (!is_special(path)) {
    // A link stays one: the file it leads to is replaced.
    write_file_atomically(fs::exists(path) ? fs::canonical(path) : path, yaml, 0600);
    return;
  }
  const UniqueFd fd = open_file(path, O_WRONLY);
  write_full(fd.get(), as_bytes(yaml), path.string());
}

}  // namespace ociferry
