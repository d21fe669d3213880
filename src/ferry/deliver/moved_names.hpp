#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <vector>

#include "ferry/deliver/emitted_files.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// The new names of each old one; all by digest.
using MovedNames = std::map<Reference, std::set<Reference>>;
[[nodiscard]] MovedNames moved_names(const std::vector<PlacedImage>& names);

/// What the formats of other programs say of them, without our first line. Pure functions.
/// containerd: a directory for each source registry (containerd, docs/hosts.md). Changes host and prefix only.
[[nodiscard]] EmittedText containerd_hosts(const MovedNames& moved, const std::filesystem::path& directory);
/// containers-registries.conf(5): mirrors of repositories. Does not change tags.
[[nodiscard]] EmittedText registries_conf(const MovedNames& moved, const std::filesystem::path& file);
/// OpenShift's ImageDigestMirrorSet: for images by digest.
[[nodiscard]] EmittedText digest_mirrors(const MovedNames& moved, const std::filesystem::path& file);
/// OpenShift's ImageTagMirrorSet: for images by tag. Does not change tags.
[[nodiscard]] EmittedText tag_mirrors(const MovedNames& moved, const std::filesystem::path& file);
/// kustomize: new names of repositories; one for each, with one digest at most.
[[nodiscard]] EmittedText kustomization(const MovedNames& moved, const std::filesystem::path& file);

}  // namespace ociferry
