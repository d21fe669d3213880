#pragma once

#include <string>

#include "ferry/probe/probing.hpp"
#include "ferry/probe/samples.hpp"

namespace ociferry {

// What a probe stores. All is noted in its traces before, and blocks on the network. Throws what `Probing::ask` throws.

/// Notes the repository in the traces if it does not exist yet. Returns its number.
[[nodiscard]] std::optional<std::size_t> note_if_new(Probing& probing, const RepositoryName& name);

/// Uploads a blob into the probed repository. The answer to the last request, whatever it is; 201 if the registry says
/// that it has the blob.
[[nodiscard]] Answer store_blob(Probing& probing, const SampleBlob& blob, const std::string& what);

/// PUT of a manifest by its digest.
[[nodiscard]] Answer store_manifest(Probing& probing, const RawManifest& manifest, const std::string& what);

/// PUT of a manifest at a tag or digest that was noted before.
[[nodiscard]] Answer put_noted_manifest(Probing& probing, const RawManifest& manifest, const std::string& selector);

/// Notes a manifest, by tag or digest.
void note_manifest(Probing& probing, const std::string& selector, std::string what);

}  // namespace ociferry
