#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ociferry/digest.hpp"

namespace ociferry {

/// A file and its sum, for a line that `sha256sum -c` reads.
struct FileSum {
  std::string name;
  Digest sum;
};

/// The name in a line of `sha256sum`, without "./" before it; empty if it is no such line.
[[nodiscard]] std::string name_in_sum_line(std::string_view line);

/// The names that a list of sums has.
[[nodiscard]] std::vector<std::string> names_in_sums(std::string_view list);

/// `list` without the lines of the files `names`, and with `sums` at its end. Every other line stays as it is.
[[nodiscard]] std::string update_sums(std::string_view list, const std::vector<std::string>& names,
                                      const std::vector<FileSum>& sums);

}  // namespace ociferry
