#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "archive/file_set.hpp"

/// What may be pushed as a bundle, and what as an image. All throw Error{Usage} in imgpkg's words.
namespace ociferry {

/// Checks that the exclusions keep what makes a bundle.
void check_bundle_exclusions(const std::vector<std::string>& exclusions);

/// Checks that the files, collected from `arguments`, make one bundle: exactly one `.imgpkg`, directly below an
/// argument, with its lock file, and no path given twice.
void check_bundle_files(const std::vector<FileEntry>& files, const std::vector<std::filesystem::path>& arguments);

/// Checks that they make a plain image: not a bundle, and no path given twice.
void check_image_files(const std::vector<FileEntry>& files, const std::vector<std::filesystem::path>& arguments);

}  // namespace ociferry
