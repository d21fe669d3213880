#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "ferry/gather/registries.hpp"
#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Tells those of `archives` that are compact and build on others to take the layers of these from the rest, as far as
/// they have them. Of archives that build on each other none is taken.
void provide_bases(const std::vector<std::shared_ptr<ImageArchive>>& archives);

/// Opens `bases`, and lets `archive` take from them, if it builds on others. Throws what open_image_archive() throws.
void provide_base(const std::shared_ptr<ImageArchive>& archive, const std::vector<std::filesystem::path>& bases,
                  const Context& context);

/// Opens the archives with seals that a compact one is to build on. Throws Error{Usage} for one of another tool,
/// Error{Incomplete} for one that builds on what is not among them, and what open_image_archive() throws.
[[nodiscard]] std::vector<std::shared_ptr<ImageArchive>> open_older(const std::vector<std::filesystem::path>& since,
                                                                    const Context& context);

/// Looks in `repositories` for those layers that are nowhere yet. Those that may not be read are passed over. Blocks on
/// the registries; throws Error{Network}.
void find_base(const ImageArchive& archive, const std::set<RepositoryName>& repositories, Registries& registries);

/// Throws Error{Incomplete} if layers that `archive` builds on are nowhere. `option` is what they are given with.
void check_base(const ImageArchive& archive, std::string_view option = "--base");

}  // namespace ociferry
