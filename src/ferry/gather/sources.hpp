#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bundle/bundle.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// An image or bundle that the user requested.
struct Root {
  Reference reference;  ///< by tag or digest
  std::optional<std::string> tag = {};
  bool from_images_lock = false;
  SourceArgument::Kind kind = SourceArgument::Kind::Bundle;
};

/// Reads a lock file of either kind. Throws Error naming the file.
[[nodiscard]] std::variant<BundleLock, ImagesLock> read_lock_file(const std::string& path);

/// What the tag in "repository:tag@digest" is for. The digest alone says which image it is.
enum class TagBesideDigest {
  Dropped,  ///< nothing, as for imgpkg
  Kept,     ///< the image gets it at the destination
};

/// Reads the lock files among `sources` and parses the references. Throws Error{Usage} or Error{Hostile}.
[[nodiscard]] std::vector<Root> read_sources(const std::vector<SourceArgument>& sources,
                                             TagBesideDigest tags = TagBesideDigest::Dropped);

/// What imgpkg does, if the program was called by that name; else the tags are kept.
[[nodiscard]] TagBesideDigest tag_beside_digest(const Context& context);

/// Those of `roots` that the patterns of `selection` choose; the others are added to `left_out`, and told. Throws
/// Error{Usage} if there are none.
[[nodiscard]] std::vector<Root> select_roots(std::vector<Root> roots, const Selection& selection, Progress& progress,
                                             std::vector<Reference>& left_out);

}  // namespace ociferry
