#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "ociferry/digest.hpp"

namespace ociferry::testing {

/// A part of an archive that one name stands for.
struct Region {
  std::string kind;    ///< "index.json", "manifests", "padding", ...
  std::string member;  ///< as messages name it
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// A small sealed archive of everything that can be in one: a bundle in a bundle, an index, images, something attached
/// to an image, locations images.
struct SealedSample {
  SealedSample() : SealedSample(false) {}
  /// One that leaves out some of the layers.
  [[nodiscard]] static SealedSample delta() { return SealedSample(true); }

  TempDirectory directory;
  std::filesystem::path path;
  std::string bytes;
  std::vector<Region> regions;     ///< every byte is in exactly one
  std::vector<std::string> kinds;  ///< of regions, each once

  [[nodiscard]] const Region& region_at(std::uint64_t offset) const;

 private:
  explicit SealedSample(bool leaves_out);
};

}  // namespace ociferry::testing
