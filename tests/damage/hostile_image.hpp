#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ociferry/limits.hpp"
#include "support/image_builder.hpp"
#include "tree_model.hpp"

namespace ociferry::testing {

/// An image of layers that somebody made to do harm, and what a pull of it must come to.
struct HostileImage {
  std::vector<LayerRecipe> layers = {};
  UnpackLimits limits = {};
  /// What must be on disk after a pull, as TreeModel has it; nothing: the pull must fail.
  std::optional<std::map<std::string, std::string>> tree = {};
  std::string trick;      ///< what is done to it, for counts
  std::string what = {};  ///< all members in words, for messages
};

/// The image with that number. Of each three, about one is only a heap of files, directories, links and whiteouts in
/// each other's way; one also has a member that must be refused; one has broken or oversized layers. `outside` is a
/// directory that links and names aim at.
[[nodiscard]] HostileImage make_hostile_image(std::uint64_t seed, std::uint64_t number, const std::string& outside);

}  // namespace ociferry::testing
