#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ociferry/ferry.hpp"

namespace ociferry {

/// The names of images before and after a transfer, as a JSON object of version 1.
[[nodiscard]] std::string mapping_text(const std::vector<PlacedImage>& names);

/// Writes them whole or not at all. Throws Error.
void write_mapping(const std::filesystem::path& path, const std::vector<PlacedImage>& names);

}  // namespace ociferry
