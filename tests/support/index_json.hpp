#pragma once

#include <string>
#include <vector>

#include "layout/sealed/seal.hpp"

namespace ociferry::testing {

/// The index.json of an archive of `items`, in the form of `codec`.
[[nodiscard]] inline std::string index_of(const std::vector<ArchiveItem>& items,
                                          const SealCodec& codec = newest_seal()) {
  return codec.write_files(items, "[]").at(1).content;
}

/// What an archive of that form lists whose index.json has these bytes.
[[nodiscard]] inline std::vector<ArchiveItem> items_in(const std::string& index,
                                                       const SealCodec& codec = newest_seal()) {
  auto files = codec.write_files({}, "[]");
  files.at(1).content = index;
  return codec.read_files(files);
}

}  // namespace ociferry::testing
