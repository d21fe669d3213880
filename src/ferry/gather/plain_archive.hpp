#pragma once

#include <filesystem>
#include <memory>
#include <set>

#include "layout/image_archive.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// An archive that a compact one can be made of.
struct PlainArchive {
  std::shared_ptr<ImageArchive> archive;
  std::set<Digest> layers;  ///< of images: what is read last
};

/// Opens it, and checks its headers and its graph. Throws Error{Usage} if no compact archive can be made of it, and
/// what opening and loading throw.
[[nodiscard]] PlainArchive open_plain(const std::filesystem::path& path, const Context& context);

}  // namespace ociferry
