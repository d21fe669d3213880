#pragma once

#include <optional>
#include <string>

#include "oci/manifest.hpp"

namespace ociferry {

/// The index that lists what is attached to a manifest (distribution-spec, "Referrers Tag Schema"), with `referrer` in
/// it: what `current` lists and has stays; entries are sorted by digest, each once, so that the result does not depend
/// on who came first. `current` is null if there is no such index yet. Returns nullopt if `referrer` is listed already.
/// Throws Error{Refused} if `current` is no OCI index, or the list would be longer than registries accept.
[[nodiscard]] std::optional<std::string> add_referrer(const RawManifest* current, const RawManifest& referrer);

}  // namespace ociferry
