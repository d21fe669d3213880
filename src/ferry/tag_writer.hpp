#pragma once

#include <optional>
#include <vector>

#include "ferry/relocate.hpp"
#include "ferry/relocation_plan.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

/// A tag that is to be, and what it points to at the destination before.
struct TagState {
  PlannedManifest wanted;
  std::optional<Digest> there = {};

  [[nodiscard]] bool is_right() const { return there == wanted.digest(); }
  [[nodiscard]] bool moves() const { return there && !is_right(); }
};

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

/// The Error for a manifest that the destination accepted and no longer has as it was.
[[nodiscard]] Error not_kept(const Destination& to, const PlannedManifest& manifest, bool has_another);

}  // namespace ociferry
