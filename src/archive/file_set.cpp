#include "archive/file_set.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

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

}  // namespace

std::string base_name(const fs::path& path) {
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

std::vector<FileEntry> collect_files(const std::vector<fs::path>& arguments,
                                     const std::vector<std::string>& exclusions) {
  std::vector<FileEntry> files;
  Walk walk(exclusions, files);
  for (const fs::path& argument : arguments) walk.argument(argument);
  return files;
}

}  // namespace ociferry
