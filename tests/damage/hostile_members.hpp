#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "support/seed.hpp"
#include "tree_model.hpp"

namespace ociferry::testing {

/// A way to write a member, or headers, that every reader must refuse.
struct ForbiddenMember {
  std::string_view trick;
  /// The member's bytes. `outside` is a path that names something else on this machine.
  std::function<std::string(Dice& dice, const std::string& outside)> bytes;
};
[[nodiscard]] const std::vector<ForbiddenMember>& forbidden_members();

/// A member that may stand alone, at a path of few, so that members get in each other's way.
[[nodiscard]] ModelMember random_member(Dice& dice, const std::string& outside);
/// Its bytes, in one of the ways that mean the same: ustar, GNU or PAX names, "./" in front, odd modes and magics.
[[nodiscard]] std::string bytes_of(const ModelMember& member, Dice& dice);

}  // namespace ociferry::testing
