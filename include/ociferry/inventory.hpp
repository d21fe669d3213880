#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "ociferry/digest.hpp"
#include "ociferry/export.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/reference.hpp"

/// What a site has, for the side that sends to it. Errors and threads are as in ferry.hpp.
namespace ociferry {

/// `ociferry inventory`: what is listed. At least one of these is given.
struct InventoryOptions {
  std::vector<RepositoryName> repositories = {};
  std::string registry = {};  ///< host[:port]: all repositories that its catalog lists; empty: none
  std::vector<std::filesystem::path> archives = {};  ///< of any format
  std::filesystem::path output = {};                 ///< the have-list; not empty
  bool force = false;                                ///< replace an existing file even if it is no have-list
};
struct InventoryReport {
  std::size_t repositories = 0;
  std::size_t archives = 0;  ///< those without a seal included
  std::size_t blobs = 0;     ///< layers
  std::uint64_t bytes = 0;   ///< of all of them together
  Digest digest;             ///< of the have-list's bytes: what a delta names that builds on it
};
/// Reads manifests, no layers: what a registry has is what its tags refer to. Writes a have-list
/// (docs/archive-format.md), which depends on nothing but what there is. Throws Error; then no file is written.
OCIFERRY_EXPORT InventoryReport inventory(const InventoryOptions& options, const Context& context);

}  // namespace ociferry
