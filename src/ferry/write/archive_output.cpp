#include "ferry/write/archive_output.hpp"

#include <unistd.h>

#include <cerrno>

#include "base/shell_word.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ferry/write/divided_output.hpp"
#include "layout/image_archive.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_writer.hpp"
#include "medium/file_medium.hpp"
#include "medium/partial_file.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

Error would_replace(const std::filesystem::path& file, std::string_view what) {
  return Error(ErrorCode::Usage, text::cat(file.string(), " exists, and is ", what))
      .hint("choose another output file, or add --force to replace it; nothing was changed");
}

bool may_be_partial(const std::filesystem::path& partial) {
  const auto medium = open_medium(partial);
  return medium && ArchiveWriter::may_be_partial(*medium);
}

/// A mistake in shell completion must not destroy an unrelated file.
void check_replaceable(const std::filesystem::path& archive) {
  std::error_code ignored;
  const auto holds_something = [&](const std::filesystem::path& file) {
    return std::filesystem::is_regular_file(std::filesystem::symlink_status(file, ignored)) &&
           std::filesystem::file_size(file) > 0;
  };
  if (holds_something(archive) && !is_own_archive(archive)) {
    throw would_replace(archive, "not an archive that ociferry wrote, or one whose beginning is damaged");
  }
  const auto partial = PartialFile::path_for(archive);
  if (holds_something(partial) && !may_be_partial(partial)) {
    throw would_replace(partial, "not an unfinished export, although it has such a name");
  }
}

}  // namespace

std::filesystem::path behind_links(const std::filesystem::path& path) {
  constexpr int kMostLinks = 40;
  std::filesystem::path target = path;
  std::error_code ignored;
  for (int links = 0; std::filesystem::is_symlink(target, ignored); ++links) {
    if (links == kMostLinks) throw Error(ErrorCode::Usage, text::cat(path.string(), " is a link in a loop of links"));
    target = target.parent_path() / std::filesystem::read_symlink(target);
  }
  return target;
}

void check_archive_name(const std::string& name) {
  constexpr std::string_view kCompressed[] = {".gz", ".tgz", ".zst", ".tzst", ".xz", ".txz", ".bz2", ".tbz2", ".lz4"};
  for (const std::string_view suffix : kCompressed) {
    if (!name.ends_with(suffix)) continue;
    throw Error(ErrorCode::Usage, text::cat(name,
                                            " has the name of a compressed file, but an archive is a plain tar: it "
                                            "is read by position, and its layers are compressed already"))
        .hint("give it a name that ends in .tar");
  }
}

void check_output(const std::filesystem::path& output, bool force, const VolumeRule& volumes) {
  if (volumes.divides()) return check_divided_output(output, volumes);
  const std::filesystem::path archive = behind_links(output);
  std::error_code ignored;
  if (archive.empty() || archive.filename().empty() || std::filesystem::is_directory(archive, ignored)) {
    throw Error(ErrorCode::Usage, text::cat("'", archive.string(), "' is not a file name for an archive"));
  }
  if (std::filesystem::exists(archive, ignored) && !std::filesystem::is_regular_file(archive, ignored)) {
    throw Error(ErrorCode::Usage,
                text::cat(archive.string(), " is a device or a pipe: an archive is written by position"))
        .hint(text::cat("write it to a file, or as a stream: -o - > ", shell_word(archive.string())));
  }
  const std::filesystem::path parent = archive.parent_path().empty() ? "." : archive.parent_path();
  if (::access(parent.c_str(), W_OK) != 0) {
    throw system_error(text::cat("checking that an archive can be written in ", parent.string()), errno)
        .hint("make that directory, or choose another output file; no registry was contacted yet");
  }
  if (!force) check_replaceable(archive);
}

}  // namespace ociferry
