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

/// What `path` means: a file; a volume; OUT, if only OUT.001 and the like are there; a list of volumes; a directory
/// that holds volumes of one archive. Throws Error{NotFound} if nothing of it is there, Error{Usage}.
[[nodiscard]] LooseFiles find_loose_files(const std::filesystem::path& path, const VolumeSearch& search,
                                          Progress& progress);

/// How much of what is known of the bytes from `offset` to `offset` + `size` is so in `medium`, which begins there.
/// Need not look at all of them.
using LooseMatch = std::function<std::size_t(const Medium& medium, std::uint64_t offset, std::uint64_t size)>;

/// What is known of the bytes.
struct LooseContent {
  LooseMatch match;
  /// Where the bytes of `medium`, of which some may be damaged, begin in the whole; nullopt if they do not tell. Empty
  /// if no content does.
  std::function<std::optional<std::uint64_t>(const Medium& medium)> locate = {};
};

/// The medium of `bytes` bytes that the files make, with gaps where volumes are lost. Where volumes begin follows from
/// the list, from their sizes, or from `content`, which also tells which of several ways to put them together is right,
/// and which other files are volumes, whatever they are called. What cannot be opened is a warning. Throws
/// Error{Incomplete} if nothing says where volumes begin.
[[nodiscard]] std::shared_ptr<PatchworkMedium> join_loose_files(const LooseFiles& files, std::uint64_t bytes,
                                                                const LooseContent& content, Progress& progress);

/// Opens a file. Null, with a warning, if it cannot be opened.
[[nodiscard]] std::shared_ptr<const Medium> open_loose_file(const std::filesystem::path& path, Progress& progress);

}  // namespace ociferry
