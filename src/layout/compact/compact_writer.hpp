#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "layout/compact/base_contents.hpp"
#include "layout/compact/compact_format.hpp"
#include "layout/compact/layer_study.hpp"
#include "layout/compact/shared_contents.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "medium/temporary_file.hpp"
#include "ociferry/progress.hpp"

namespace ociferry::compact {

/// What was found out about an archive before it is written.
struct StudiedArchive {
  std::vector<LayerForm> blobs = {};  ///< in the order of the archive
  SharedContents shared = {};
  BaseContents::Taken base = {};  ///< of a delta
  Header header;
  std::unique_ptr<Medium> recipes = {};
};

/// Reads all of `archive`, which is no stream, and makes the recipes of its layers. They, a few thousandths of the
/// archive, are kept in a file without a name in `temporary_directory`. `base`: what the receiver has, or null; of the
/// blobs only `layers` are made of that, so that all else can be read without it. With Recipes::Sampled,
/// write_compact() then writes something of the right size, less the recipes. Throws Error.
[[nodiscard]] std::unique_ptr<StudiedArchive> study_archive(ArchiveReader& archive, const BaseContents* base,
                                                            const std::set<Digest>& layers,
                                                            const std::filesystem::path& temporary_directory,
                                                            Recipes which, std::size_t threads, Progress& progress,
                                                            const std::stop_token& stop);

/// Reads all of `archive` once more, and writes its compact form, not compressed yet, to `out`. Throws Error.
void write_compact(ArchiveReader& archive, StudiedArchive& studied, const BaseContents* base, ByteSink& out,
                   Progress& progress, const std::stop_token& stop);

}  // namespace ociferry::compact
