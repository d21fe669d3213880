#include "archive/file_set.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <string_view>

#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

namespace fs = std::filesystem;

struct stat look_at(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw system_error(text::cat("looking at ", path.string()), errno);
  return status;
}

std::uint32_t permissions(const struct stat& status) { return static_cast<std::uint32_t>(status.st_mode) & 07777; }

std::vector<std::string> sorted_names(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator it(directory, failure), end; !failure && it != end; it.increment(failure)) {
    names.push_back(it->path().filename().string());
  }
  if (failure) throw system_error(text::cat("listing ", directory.string()), failure.value());
  std::ranges::sort(names);
  return names;
}

/// The last part of a path; that of "a/b/" is b.
std::string base_name(const fs::path& path) {
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

/// Walks one argument.
class Walk {
 public:
  Walk(const std::vector<std::string>& exclusions, std::vector<FileEntry>& out) : exclusions_(exclusions), out_(out) {}

  void argument(const fs::path& path) {
    const struct stat status = look_at(path);
    root_mode_ = permissions(status);
    visit(path, S_ISDIR(status.st_mode) ? "." : base_name(path), status);
  }

 private:
  void visit(const fs::path& path, const std::string& name, const struct stat& status) {
    if (std::ranges::find(exclusions_, name) != exclusions_.end()) return;
    const bool is_directory = S_ISDIR(status.st_mode);
    if (!is_directory && !S_ISREG(status.st_mode)) {
      throw Error(ErrorCode::Usage, text::cat("Expected file '", path.string(), "' to be a regular file"))
          .hint("replace it by a regular file, or exclude it with --file-exclusion");
    }
    out_.push_back({.name = name,
                    .type = is_directory ? TarType::Directory : TarType::File,
                    .mode = permissions(status),
                    .root_mode = root_mode_,
                    .size = is_directory ? 0 : static_cast<std::uint64_t>(status.st_size),
                    .path = path});
    if (!is_directory) return;
    for (const std::string& child : sorted_names(path)) {
      const fs::path child_path = path / child;
      visit(child_path, name == "." ? child : text::cat(name, "/", child), look_at(child_path));
    }
  }

  const std::vector<std::string>& exclusions_;
  std::vector<FileEntry>& out_;
  std::uint32_t root_mode_ = 0;
};

std::string absolute_text(const fs::path& path) { return fs::absolute(path).lexically_normal().string(); }

std::string join_paths(const std::vector<fs::path>& paths) {
  std::vector<std::string> texts;
  for (const fs::path& path : paths) texts.push_back(path.string());
  return text::join(texts, ", ");
}

std::string lock_name() { return text::cat(kBundleDirectory, "/", kImagesLockFile); }

/// The reason why `files` are not a bundle, or nullopt.
std::optional<std::string> bundle_fault(const std::vector<FileEntry>& files, const std::vector<fs::path>& arguments) {
  std::vector<const FileEntry*> found;
  for (const FileEntry& file : files) {
    if (base_name(file.path) == kBundleDirectory) found.push_back(&file);
  }
  if (found.empty()) return text::cat("This directory is not a bundle. It is missing ", lock_name());
  if (found.size() > 1) {
    std::vector<std::string> paths;
    for (const FileEntry* file : found) paths.push_back(absolute_text(file->path));
    return text::cat("This directory contains multiple bundle definitions. Only a single instance of ", lock_name(),
                     " can be provided and instead these were provided ", text::join(paths, ", "));
  }
  const FileEntry& bundle = *found.front();
  if (bundle.name != kBundleDirectory || bundle.type != TarType::Directory) {
    return text::cat("Expected '", kBundleDirectory,
                     "' directory, to be a direct child of one of: ", join_paths(arguments), "; was ",
                     absolute_text(bundle.path));
  }
  const auto is_lock = [](const FileEntry& file) { return file.name == lock_name() && file.type == TarType::File; };
  if (std::ranges::any_of(files, is_lock)) return std::nullopt;
  return text::cat("The bundle expected ", lock_name(), " to exist, but it wasn't found in the path ",
                   absolute_text(bundle.path / kImagesLockFile));
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

std::vector<FileEntry> collect_files(const std::vector<fs::path>& arguments,
                                     const std::vector<std::string>& exclusions) {
  std::vector<FileEntry> files;
  Walk walk(exclusions, files);
  for (const fs::path& argument : arguments) walk.argument(argument);
  return files;
}

void check_bundle_input(const std::vector<fs::path>& arguments, const std::vector<std::string>& exclusions) {
  for (const std::string& needed : {std::string(kBundleDirectory), lock_name()}) {
    if (std::ranges::find(exclusions, needed) != exclusions.end()) {
      throw Error(ErrorCode::Usage, text::cat("A bundle needs its ", needed, ", so it cannot be excluded"))
          .hint("push the files as a plain image with --image (-i), or drop that exclusion");
    }
  }
  const std::vector<FileEntry> files = collect_files(arguments, exclusions);
  if (const auto fault = bundle_fault(files, arguments)) throw Error(ErrorCode::Usage, *fault);
  check_duplicates(files);
}

void check_image_input(const std::vector<fs::path>& arguments, const std::vector<std::string>& exclusions) {
  const std::vector<FileEntry> files = collect_files(arguments, exclusions);
  if (!bundle_fault(files, arguments)) {
    throw Error(ErrorCode::Usage, text::cat("Images cannot be pushed with '", kBundleDirectory,
                                            "' directories, consider using --bundle (-b) option"));
  }
  check_duplicates(files);
}

}  // namespace ociferry
