#pragma once

#include <array>

#include "ferry/probe/samples.hpp"
#include "ferry/probe/trials.hpp"

/// The trials that store something, in the order in which they are made; see trials.hpp.
namespace ociferry::trials {

inline constexpr Capability kUploads{"completeUploads", "complete uploads"};
inline constexpr Capability kOciImages{"ociImages", "OCI images"};
inline constexpr Capability kDockerImages{"dockerImages", "Docker images"};
inline constexpr Capability kOciIndexes{"ociIndexes", "OCI indexes"};
inline constexpr Capability kDockerIndexes{"dockerIndexes", "Docker manifest lists"};
inline constexpr Capability kArtifacts{"artifacts", "artifacts"};
inline constexpr Capability kZstdLayers{"zstdLayers", "zstd layers"};
inline constexpr Capability kSha512Layers{"sha512Layers", "sha512 layers"};
inline constexpr Capability kSparseIndexes{"sparseIndexes", "sparse indexes"};
inline constexpr Capability kMounts{"mounts", "mounts"};
inline constexpr Capability kMovableTags{"movableTags", "moving tags"};
inline constexpr std::array kStored{kUploads,    kOciImages,    kDockerImages,  kOciIndexes, kDockerIndexes, kArtifacts,
                                    kZstdLayers, kSha512Layers, kSparseIndexes, kMounts,     kMovableTags};

/// The blobs of the samples, but that with a sha512 digest.
void complete_uploads(Probing& probing, const Samples& samples);
/// Manifests of all media types. Why an import of ordinary bundles would fail, if a refusal shows it.
[[nodiscard]] std::optional<Error> formats(Probing& probing, const Samples& samples);
/// Mounts a blob from the probed repository into another one.
void mounts(Probing& probing, const Samples& samples);
/// Puts a tag, and moves it.
void moving_tags(Probing& probing, const Samples& samples);

}  // namespace ociferry::trials
