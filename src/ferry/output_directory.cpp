#include "ferry/output_directory.hpp"

#include <fcntl.h>
#include <sys/xattr.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "base/room.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/temporary.hpp"
#include "base/text.hpp"
#include "bundle/bundle.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

bool contains(const fs::path& outer, const fs::path& inner) {
  const auto relative = inner.lexically_relative(outer);
  return !relative.empty() && *relative.begin() != "..";
}

/// Returns the path without a trailing slash. Throws if it must not be replaced.
fs::path checked(const fs::path& given) {
  const fs::path target = given.has_filename() ? given : given.parent_path();
  const fs::path name = target.filename();
  if (target.empty() || name.empty() || name == "." || name == "..") {
    throw Error(ErrorCode::Usage, "Disallowed output directory (trying to avoid accidental deletion)")
        .hint(text::cat("name a separate directory instead of '", given.string(), "': it is replaced as a whole"));
  }
  if (fs::exists(target) && !fs::is_directory(target)) {
    throw Error(ErrorCode::Usage, text::cat("'", given.string(), "' is not a directory"));
  }
  const fs::path absolute = fs::weakly_canonical(target);
  const char* home = std::getenv("HOME");
  const bool is_home = home != nullptr && *home != '\0' && contains(absolute, fs::weakly_canonical(home));
  if (is_home || contains(absolute, fs::current_path()) || absolute == absolute.root_path()) {
    throw Error(ErrorCode::Usage, text::cat("Disallowed output directory '", given.string(),
                                            "': it contains the home or the working directory"))
        .hint("name a separate directory: it is replaced as a whole");
  }
  return target;
}

fs::path parent_of(const fs::path& target) {
  return target.parent_path().empty() ? fs::path(".") : target.parent_path();
}

constexpr const char* kPulledMark = "user.ociferry.pulled";

bool holds_nothing(const fs::path& directory) {
  std::error_code failure;
  const bool empty = fs::is_empty(directory, failure);
  if (failure) throw system_error(text::cat("looking into ", directory.string()), failure.value());
  return empty;
}

void check_replaceable(const fs::path& target, bool force) {
  if (force || may_be_replaced(target)) return;
  throw Error(ErrorCode::Refused, text::cat("'", target.string(), "' holds files that no pull put there"))
      .hint("a pull replaces the whole directory: name another one, or give --force to lose what is in it");
}

constexpr std::string_view kOld = "old";
constexpr std::string_view kContent = "content";
constexpr std::string_view kDownloads = "downloads";

/// Restores the target's old content if a run ended between the two steps of replacing it.
void restore(const fs::path& target, const fs::path& leftover) {
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(leftover / kOld, ignored)) && !fs::exists(fs::symlink_status(target, ignored))) {
    rename_file(leftover / kOld, target);
  }
}

/// Removes all but the downloads.
void clean(const fs::path& leftover) {
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(leftover)) {
    if (entry.path().filename() != kDownloads || !entry.is_directory() || entry.is_symlink()) {
      others.push_back(entry.path());
    }
  }
  for (const fs::path& other : others) {
    if (!calls::remove_tree(other)) throw system_error(text::cat("removing ", other.string()), errno);
  }
}

/// The directory that a killed run left, or a new one.
TempDirectory begin(const fs::path& target) {
  std::vector<Leftover> found = leftovers(parent_of(target), temporary_prefix(target), LeftoverKind::Directory);
  for (const Leftover& leftover : found) restore(target, leftover.path);
  for (std::size_t i = 1; i < found.size(); ++i) static_cast<void>(calls::remove_tree(found[i].path));
  if (found.empty()) return {parent_of(target), temporary_prefix(target).substr(1)};
  clean(found.front().path);
  return {std::move(found.front().path), std::move(found.front().lock)};
}

}  // namespace

bool may_be_replaced(const fs::path& directory) {
  if (!fs::exists(directory) || holds_nothing(directory)) return true;
  if (::getxattr(directory.c_str(), kPulledMark, nullptr, 0) >= 0) return true;
  const bool is_bundle = fs::symlink_status(directory / ".imgpkg").type() == fs::file_type::directory &&
                         fs::symlink_status(directory / kImagesLockPath).type() == fs::file_type::regular;
  return is_bundle && std::ranges::none_of(std::array{".git", ".hg", ".svn"}, [&](const char* name) {
           return fs::exists(fs::symlink_status(directory / name));
         });
}

ParentDirectories::ParentDirectories(const fs::path& directory) {
  std::vector<fs::path> missing;
  for (fs::path at = directory; !at.empty() && !fs::exists(at); at = at.parent_path()) {
    if (at.has_filename()) missing.push_back(at);
  }
  try {
    for (auto next = missing.rbegin(); next != missing.rend(); ++next) {
      if (calls::mkdirat(AT_FDCWD, next->c_str(), 0777) == 0) {
        made_.insert(made_.begin(), *next);
      } else if (errno != EEXIST) {
        throw system_error(text::cat("creating directory ", next->string()), errno);
      }
    }
  } catch (...) {
    remove_created();
    throw;
  }
}

ParentDirectories::~ParentDirectories() { remove_created(); }

void ParentDirectories::remove_created() noexcept {
  for (const fs::path& made : made_) static_cast<void>(calls::unlinkat(AT_FDCWD, made.c_str(), AT_REMOVEDIR));
}

OutputDirectory::OutputDirectory(const fs::path& target, bool force)
    : target_(checked(target)),
      force_(force),
      parents_(parent_of(target_)),
      temporary_(begin(target_)),
      content_(temporary_.path() / kContent),
      downloads_(temporary_.path() / kDownloads) {
  check_replaceable(target_, force_);
  make_directory(content_);
  make_directory_if_absent(downloads_);
}

Room OutputDirectory::room() const {
  const UniqueFd directory = open_file(downloads_, O_RDONLY | O_DIRECTORY);
  Room room = room_at(directory.get(), downloads_.string());
  for (const auto& entry : fs::directory_iterator(downloads_)) room.free_bytes += entry.file_size();
  return room;
}

void OutputDirectory::check_room(std::uint64_t bytes) const {
  auto lack = lack_of_room(room(), bytes, 0, "a layer", parent_of(target_).string());
  if (lack) throw std::move(*lack).while_doing("checking the output before anything is downloaded");
}

void OutputDirectory::replace_in_two_steps() {
  const fs::path old = scratch(std::string(kOld));
  if (calls::rename(target_.c_str(), old.c_str()) != 0 && errno != ENOENT) {
    throw system_error(text::cat("moving ", target_.string(), " aside"), errno);
  }
  if (calls::rename(content_.c_str(), target_.c_str()) == 0) return;
  const int why = errno;
  // If this fails, the temporary directory holds the old content: the next run puts it back.
  if (calls::rename(old.c_str(), target_.c_str()) != 0 && errno != ENOENT) temporary_.release();
  throw system_error(text::cat("renaming to ", target_.string()), why);
}

void OutputDirectory::publish() {
  check_replaceable(target_, force_);  // the target may have been filled during the download
  const UniqueFd directory = open_file(content_, O_RDONLY | O_DIRECTORY);
  // Ignored on file systems without attributes: there a later pull requires --force, except for bundles.
  static_cast<void>(::fsetxattr(directory.get(), kPulledMark, "1", 1, 0));
  sync_file_system(directory.get(), target_.string());
  // The old content, if any, is now in the temporary directory, and removed with it.
  if (calls::exchange(content_.c_str(), target_.c_str()) != 0) {
    const bool cannot_exchange = errno == EINVAL || errno == ENOSYS;
    if (!cannot_exchange && errno != ENOENT) throw system_error(text::cat("replacing ", target_.string()), errno);
    replace_in_two_steps();
  }
  fsync_directory(target_.parent_path());
  parents_.keep();
}

}  // namespace ociferry
