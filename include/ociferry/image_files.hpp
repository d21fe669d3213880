#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"

/// The file systems of images in an archive, of any format: as a container sees them, layers applied one after the
/// other, with their whiteouts. Errors and threads are as in ferry.hpp; no registry is contacted. Each layer is read
/// and checked as a whole before anything of it is shown or written.
namespace ociferry {

/// An image of an archive.
struct ImageChoice {
  std::filesystem::path archive = {};
  std::string image = {};                ///< as release_store.hpp says; a child of an index also by its whole digest
  std::vector<Platform> platforms = {};  ///< which child of an index; not needed if it has one image only
  std::vector<std::filesystem::path> bases = {};  ///< archives that it builds on, if it is a delta
};

/// What is at one path of an image.
struct ImageFile {
  enum class Kind { File, Directory, Symlink, CharacterDevice, BlockDevice, Fifo };
  std::string path;  ///< without a slash in front; may have any byte but NUL
  Kind kind = Kind::File;
  std::uint32_t mode = 0;                 ///< permission, setuid, setgid and sticky bits (07777)
  std::optional<std::uint64_t> uid = {};  ///< absent if the layer does not say it
  std::optional<std::uint64_t> gid = {};
  std::uint64_t size = 0;  ///< of a file, in bytes
  std::int64_t mtime = 0;  ///< seconds since 1970
  std::string link = {};   ///< a symbolic link's target, as it is
};

struct FileList {
  Reference image = {};               ///< by digest
  std::vector<ImageFile> files = {};  ///< what is in a directory follows it
  std::uint64_t refused = 0;          ///< members of layers that no program should unpack, and that are left out
};
/// `ociferry ls ARCHIVE IMAGE`. Reads all layers.
[[nodiscard]] OCIFERRY_EXPORT FileList list_files(const ImageChoice& choice, const Context& context);

struct FoundFile {
  Reference image = {};  ///< by digest
  ImageFile file = {};   ///< by the path that links lead to
};
/// `ociferry cat`: hands the content of one file to `write`, piece by piece, after all layers proved right. Links are
/// followed within the image. Throws Error{NotFound} if the image has no such file, Error{Usage} for what is no file,
/// and what `write` throws.
OCIFERRY_EXPORT FoundFile read_image_file(const ImageChoice& choice, const std::string& path,
                                          const std::function<void(std::string_view bytes)>& write,
                                          const Context& context);

/// `ociferry extract`
struct ExtractOptions {
  ImageChoice from = {};
  std::vector<std::string> paths = {};  ///< files, or directories with all below them; empty: everything
  std::filesystem::path output = {};    ///< a directory, replaced as a whole as that of `pull`
  bool force = false;                   ///< also replace a directory that no pull or extract made
};
struct ExtractedFiles {
  Reference image = {};  ///< by digest
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t skipped_links = 0;    ///< symbolic links that lead out of the directory
  std::uint64_t skipped_special = 0;  ///< devices and fifos
};
/// Modes, times and what is left out are as of `pull`; owners are not taken over. A path leads along symbolic links,
/// but for its last part. Throws Error{NotFound} for a path that the image does not have; the directory stays as it was
/// then.
OCIFERRY_EXPORT ExtractedFiles extract_files(const ExtractOptions& options, const Context& context);

}  // namespace ociferry
