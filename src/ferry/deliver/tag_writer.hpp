#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "ferry/deliver/destination.hpp"
#include "ferry/deliver/relocation_plan.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

/// A tag that is to be, and what it points to at the destination before.
struct TagState {
  PlannedManifest wanted;
  std::optional<Digest> there = {};

  bool is_hidden = false;  ///< the destination refuses to tell what is there, if anything

  [[nodiscard]] bool is_right() const { return wanted.is(there); }
  [[nodiscard]] bool moves() const { return there && !is_right(); }
};

/// Asks the destination for one tag. If it refuses to tell, as policies do for what is not signed or scanned yet, the
/// tag is hidden: writing will show what is true.
[[nodiscard]] TagState ask_tag(const Destination& to, const PlannedManifest& tag, const Context& context);
/// The same with another question.
[[nodiscard]] TagState ask_tag(const PlannedManifest& tag, const Context& context,
                               const std::function<std::optional<Digest>()>& ask);

/// Asks the destination for each of `tags`, side by side; the result has their order.
[[nodiscard]] std::vector<TagState> ask_tags(const Destination& to, const std::vector<PlannedManifest>& tags,
                                             const Context& context);

/// Puts one tag that is not right yet, and tells `Progress::moved` if it pointed to something else.
void put_tag(const Destination& to, const TagState& tag, const Context& context);

/// Puts the tags that are not right yet, one by one, and asks for them again. Those that point to something else come
/// first: if the destination does not let one of them be moved, none is made.
/// Returns how many were put.
/// Throws Error{Refused} naming both digests, Error{Unstable} if a tag does not stay.
std::size_t write_tags(const Destination& to, const std::vector<TagState>& tags, const Context& context);

/// Throws Error{Refused} naming all of `tags` that would have to be moved, with both digests.
void refuse_moves(const Destination& to, const std::vector<TagState>& tags);

/// Asks with `ask` what the destination has where `manifest` was just put, and again for some seconds (several times
/// `context.registry.retry_delay`) while it is something else: one of several replicas may be behind. Throws
/// Error{Unstable} if that does not change, and what `ask` throws.
void await_kept(const Destination& to, const PlannedManifest& manifest,
                const std::function<std::optional<Digest>()>& ask, const Context& context);

/// The Error for a manifest that the destination accepted and no longer has as it was.
[[nodiscard]] Error not_kept(const Destination& to, const PlannedManifest& manifest, bool has_another);

}  // namespace ociferry
