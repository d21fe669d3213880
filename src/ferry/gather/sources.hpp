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

/// Reads the lock files among `sources` and parses the references. Throws Error{Usage} or Error{Hostile}.
[[nodiscard]] std::vector<Root> read_sources(const std::vector<SourceArgument>& sources);

}  // namespace ociferry
