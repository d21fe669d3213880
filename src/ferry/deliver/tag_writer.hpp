#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/relocation_plan.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

/// A wanted tag, and its digest at the destination before.
struct TagState {
  PlannedManifest wanted;
  std::optional<Digest> there = {};

  bool is_hidden = false;  ///< the destination denies access to the tag's target, if any

  [[nodiscard]] bool is_right() const { return wanted.is(there); }
  [[nodiscard]] bool moves() const { return there && !is_right(); }
};

/// Resolves one tag at the destination. If access is denied, as by policies for unsigned or unscanned images, the tag
/// is hidden.
[[nodiscard]] TagState ask_tag(const Destination& to, const PlannedManifest& tag, const Context& context);
/// The same by way of `ask`, which returns the tag's digest.
[[nodiscard]] TagState ask_tag(const PlannedManifest& tag, const Context& context,
                               const std::function<std::optional<Digest>()>& ask);

/// Resolves `tags` at the destination in parallel. Returns their states in order.
[[nodiscard]] std::vector<TagState> ask_tags(const Destination& to, const std::vector<PlannedManifest>& tags,
                                             const Context& context);

/// Puts one outdated tag, and reports it to Progress::moved if it existed.
void put_tag(const Destination& to, const TagState& tag, const Context& context);

/// Puts the outdated tags, one by one. Those that exist come first: if the destination refuses to move one, no new tag
/// is put. Returns those that were put. Throws Error{Refused} naming both digests.
[[nodiscard]] std::vector<PlannedManifest> put_outdated(const Destination& to, const std::vector<TagState>& tags,
                                                        const Context& context);

/// Resolves tags that were put. Throws Error{Unstable} if one does not stay.
void confirm(const Destination& to, const std::vector<PlannedManifest>& written, const Context& context);

/// Throws Error{Refused} naming all of `tags` that would have to be moved, with both digests.
void refuse_moves(const Destination& to, const std::vector<TagState>& tags);

/// Calls `ask` until it returns the digest of `manifest`, which was just put: replicas may be behind. Pauses in between
/// for some multiples of `context.registry.retry_delay`. Throws Error{Unstable} after some seconds, and what `ask`
/// throws.
void await_kept(const Destination& to, const PlannedManifest& manifest,
                const std::function<std::optional<Digest>()>& ask, const Context& context);

/// The Error for a manifest that was accepted, but is missing or another one afterwards.
[[nodiscard]] Error not_kept(const Destination& to, const PlannedManifest& manifest, bool has_another);

}  // namespace ociferry
