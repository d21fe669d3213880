#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ferry/deliver/placement.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/names.hpp"

namespace ociferry {

/// What an EmittedFile says: files by their paths, and what such files cannot say.
struct EmittedText {
  std::map<std::filesystem::path, std::string> files = {};
  std::vector<std::string> inexpressible = {};  ///< images, each with the reason
};

/// The text for images that went from old to new names. A pure function.
[[nodiscard]] EmittedText emitted_text(const EmittedFile& file, const std::vector<PlacedImage>& names);

/// Throws Error if files cannot be written there, or would replace what another program wrote: call it before any
/// other work.
void check_emitted(const std::vector<EmittedFile>& files, const PlacedSet& placed);

/// Writes the files, each whole or not at all, and warns of what they do not say. Throws Error.
void write_emitted(const std::vector<EmittedFile>& files, const std::vector<PlacedImage>& names, Progress& progress);

}  // namespace ociferry
