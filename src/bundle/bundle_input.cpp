#include "bundle/bundle_input.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "base/text.hpp"
#include "bundle/bundle.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

namespace fs = std::filesystem;

/// The directory of kImagesLockPath, which makes its parent a bundle.
constexpr std::string_view kBundleDirectory = ".imgpkg";

std::string absolute_text(const fs::path& path) { return fs::absolute(path).lexically_normal().string(); }

std::string join_paths(const std::vector<fs::path>& paths) {
  std::vector<std::string> texts;
  for (const fs::path& path : paths) texts.push_back(path.string());
  return text::join(texts, ", ");
}

/// The reason why `files` are not a bundle, or nullopt.
std::optional<std::string> bundle_fault(const std::vector<FileEntry>& files, const std::vector<fs::path>& arguments) {
  std::vector<const FileEntry*> found;
  for (const FileEntry& file : files) {
    if (base_name(file.path) == kBundleDirectory) found.push_back(&file);
  }
  if (found.empty()) return text::cat("This directory is not a bundle. It is missing ", kImagesLockPath);
  if (found.size() > 1) {
    std::vector<std::string> paths;
    for (const FileEntry* file : found) paths.push_back(absolute_text(file->path));
    return text::cat("This directory contains multiple bundle definitions. Only a single instance of ", kImagesLockPath,
                     " can be provided and instead these were provided ", text::join(paths, ", "));
  }
  const FileEntry& bundle = *found.front();
  if (bundle.name != kBundleDirectory || bundle.type != TarType::Directory) {
    return text::cat("Expected '", kBundleDirectory,
                     "' directory, to be a direct child of one of: ", join_paths(arguments), "; was ",
                     absolute_text(bundle.path));
  }
  const auto is_lock = [](const FileEntry& file) { return file.name == kImagesLockPath && file.type == TarType::File; };
  if (std::ranges::any_of(files, is_lock)) return std::nullopt;
  return text::cat("The bundle expected ", kImagesLockPath, " to exist, but it wasn't found in the path ",
                   absolute_text(bundle.path / "images.yml"));
}

void check_duplicates(const std::vector<FileEntry>& files) {
  std::map<std::string_view, std::vector<fs::path>> places;
  for (const FileEntry& file : files) {
    if (file.name != ".") places[file.name].push_back(file.path);
  }
  std::vector<fs::path> repeated;
  for (const auto& [name, paths] : places) {
    if (paths.size() > 1) repeated.insert(repeated.end(), paths.begin(), paths.end());
  }
  if (!repeated.empty()) {
    throw Error(ErrorCode::Usage, text::cat("Found duplicate paths: ", join_paths(repeated)))
        .hint("each path may come from one argument only; leave one out, or exclude it with --file-exclusion");
  }
}

}  // namespace

void check_bundle_exclusions(const std::vector<std::string>& exclusions) {
  for (const std::string_view needed : {kBundleDirectory, kImagesLockPath}) {
    if (std::ranges::find(exclusions, needed) != exclusions.end()) {
      throw Error(ErrorCode::Usage, text::cat("A bundle needs its ", needed, ", so it cannot be excluded"))
          .hint("push the files as a plain image with --image (-i), or drop that exclusion");
    }
  }
}

void check_bundle_files(const std::vector<FileEntry>& files, const std::vector<fs::path>& arguments) {
  if (const auto fault = bundle_fault(files, arguments)) throw Error(ErrorCode::Usage, *fault);
  check_duplicates(files);
}

void check_image_files(const std::vector<FileEntry>& files, const std::vector<fs::path>& arguments) {
  if (!bundle_fault(files, arguments)) {
    throw Error(ErrorCode::Usage, text::cat("Images cannot be pushed with '", kBundleDirectory,
                                            "' directories, consider using --bundle (-b) option"));
  }
  check_duplicates(files);
}

}  // namespace ociferry
