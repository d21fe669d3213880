#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "medium/volumes/volume_list.hpp"
#include "ociferry/progress.hpp"
#include "ociferry/volumes.hpp"
#include "parity/patchwork_medium.hpp"

namespace ociferry {

/// The files that something may be in, which may be damaged: an archive or its parity, in one file or in volumes.
/// Unlike find_volumes() it believes nothing that is in them.
struct LooseFiles {
  std::string output = {};                              ///< "OUT"
  std::vector<std::filesystem::path> directories = {};  ///< of the name that was given, and others; the first is its
  std::filesystem::path single = {};                    ///< the one file; empty if they are volumes
  std::map<std::size_t, std::filesystem::path> volumes = {};  ///< OUT.001, ... as far as they are there
  std::optional<VolumeList> list = {};                        ///< OUT.volumes.json, if it can be read
};

/// The files of `path`: a file; a volume; OUT, if only OUT.001 and the like exist; a list of volumes; a directory with
/// volumes of one archive. Throws Error{NotFound} if none exists, Error{Usage}.
[[nodiscard]] LooseFiles find_loose_files(const std::filesystem::path& path, const VolumeSearch& search,
                                          Progress& progress);

/// A score: how many of the known bytes from `offset` to `offset` + `size` match `medium`, which begins there. May
/// compare samples only.
using LooseMatch = std::function<std::size_t(const Medium& medium, std::uint64_t offset, std::uint64_t size)>;

/// What is known about the content of the whole.
struct LooseContent {
  LooseMatch match;
  /// The offset of the bytes of `medium`, some of which may be damaged, in the whole; nullopt if not found. Empty if
  /// the content cannot be located.
  std::function<std::optional<std::uint64_t>(const Medium& medium)> locate = {};
};

/// The medium of `bytes` bytes that the files make, with gaps where volumes are lost. Where volumes begin follows from
/// the list, from their sizes, or from `content`, which also decides between several possible orders, and finds renamed
/// volumes. A file that cannot be opened is a warning. Throws Error{Incomplete} if it is not known where volumes begin.
[[nodiscard]] std::shared_ptr<PatchworkMedium> join_loose_files(const LooseFiles& files, std::uint64_t bytes,
                                                                const LooseContent& content, Progress& progress);

/// Opens a file. Null, with a warning, if it cannot be opened.
[[nodiscard]] std::shared_ptr<const Medium> open_loose_file(const std::filesystem::path& path, Progress& progress);

}  // namespace ociferry
