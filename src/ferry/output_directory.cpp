#include "ferry/output_directory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

bool contains(const fs::path& outer, const fs::path& inner) {
  const auto relative = inner.lexically_relative(outer);
  return !relative.empty() && *relative.begin() != "..";
}

/// The path without a trailing slash, after it has proved safe to replace.
fs::path checked(const fs::path& given) {
  const fs::path target = given.has_filename() ? given : given.parent_path();
  const fs::path name = target.filename();
  if (target.empty() || name.empty() || name == "." || name == "..") {
    throw Error(ErrorCode::Usage, "Disallowed output directory (trying to avoid accidental deletion)")
        .hint(text::cat("name a directory of its own instead of '", given.string(), "': it is replaced as a whole"));
  }
  if (fs::exists(target) && !fs::is_directory(target)) {
    throw Error(ErrorCode::Usage, text::cat("'", given.string(), "' is not a directory"));
  }
  const fs::path absolute = fs::weakly_canonical(target);
  const char* home = std::getenv("HOME");
  const bool is_home = home != nullptr && *home != '\0' && contains(absolute, fs::weakly_canonical(home));
  if (is_home || contains(absolute, fs::current_path()) || absolute == absolute.root_path()) {
    throw Error(ErrorCode::Usage, text::cat("Disallowed output directory '", given.string(),
                                            "': the home and working directories lie in it"))
        .hint("name a directory of its own: it is replaced as a whole");
  }
  return target;
}

fs::path parent_of(const fs::path& target) {
  return target.parent_path().empty() ? fs::path(".") : target.parent_path();
}

}  // namespace

ParentDirectories::ParentDirectories(const fs::path& directory) {
  for (fs::path at = directory; !at.empty() && !fs::exists(at); at = at.parent_path()) made_.push_back(at);
  fs::create_directories(directory);
}

ParentDirectories::~ParentDirectories() {
  std::error_code ignored;
  for (const fs::path& made : made_) fs::remove(made, ignored);
}

OutputDirectory::OutputDirectory(const fs::path& target)
    : target_(checked(target)),
      parents_(parent_of(target_)),
      temporary_(parent_of(target_), text::cat(target_.filename().string(), ".ociferry-")),
      content_(temporary_.path() / "content") {
  if (::mkdir(content_.c_str(), 0777) != 0) throw system_error(text::cat("creating ", content_.string()), errno);
}

void OutputDirectory::replace_in_two_steps() {
  const fs::path old = scratch("old");
  if (::rename(target_.c_str(), old.c_str()) != 0 && errno != ENOENT) {
    throw system_error(text::cat("moving ", target_.string(), " aside"), errno);
  }
  if (::rename(content_.c_str(), target_.c_str()) == 0) return;
  const int why = errno;
  if (::rename(old.c_str(), target_.c_str()) != 0 && errno != ENOENT) temporary_.release();  // it holds the old content
  throw system_error(text::cat("renaming to ", target_.string()), why);
}

void OutputDirectory::publish() {
  const UniqueFd directory = open_file(content_, O_RDONLY | O_DIRECTORY);
  if (::syncfs(directory.get()) != 0) throw system_error(text::cat("syncing ", target_.string()), errno);
  // The old content, if any, goes to where the new one came from, and away with the temporary directory.
  if (::renameat2(AT_FDCWD, content_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) != 0) {
    const bool cannot_exchange = errno == EINVAL || errno == ENOSYS;
    if (!cannot_exchange && errno != ENOENT) throw system_error(text::cat("replacing ", target_.string()), errno);
    replace_in_two_steps();
  }
  fsync_directory(target_.parent_path());
  parents_.keep();
}

}  // namespace ociferry
