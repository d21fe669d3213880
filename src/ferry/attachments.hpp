#pragma once

#include <set>
#include <string>
#include <vector>

#include "ferry/image_set.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/store.hpp"

namespace ociferry {

/// The list of what is attached to one manifest by `subject` that `place` keeps at its `referrers_tag`, for want of the
/// referrers API; empty if there is none. Throws Error if asking fails.
[[nodiscard]] std::vector<Descriptor> listed_at_tag(Resolver& place, const Digest& subject);

/// What a manifest with these tags is to the one it is attached to: "signature", "attestation", "sbom", else its
/// artifact type, which may be empty.
[[nodiscard]] std::string attachment_kind(const std::set<std::string>& tags,
                                          const std::variant<Manifest, ImageIndex>& parsed);

/// Those of `manifests` (of `set`) that have a `subject`, but that `place` does not list as attached to it.
[[nodiscard]] std::set<Digest> unlisted(const ImageSet& set, const std::set<Digest>& manifests, Resolver& place,
                                        const Context& context);

/// Proves that all in `set` that is attached to something can be found from there in the repository `name`, which
/// `target` and `place` stand for: by its tags, or in the list of its subject.
/// Throws Error{Unstable} with all that cannot.
void check_attached_at(const ImageSet& set, const RepositoryName& name, Tagger& target, Resolver& place,
                       const Context& context);

}  // namespace ociferry
