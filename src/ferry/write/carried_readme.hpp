#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ociferry/carried_tool.hpp"

namespace ociferry {

/// The values in README.txt.
struct CarriedReadme {
  std::string archive;  ///< its file name, or that of its first volume
  const Digest& fingerprint;
  const std::vector<CarriedProgram>& programs;  ///< at least one
  bool archive_is_summed = true;                ///< SHA256SUMS has a line of the archive
  std::size_t volumes = 0;        ///< the number of volumes, of which `archive` is the first; 0: not divided
  bool is_elsewhere_too = false;  ///< some volumes are on other media
};

/// The page, at most 79 columns wide except for long file names.
[[nodiscard]] std::string readme_text(const CarriedReadme& facts);

/// True if an earlier export wrote `text`.
[[nodiscard]] bool is_readme_of_ours(std::string_view text);

}  // namespace ociferry
