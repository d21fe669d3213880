#pragma once

#include <filesystem>
#include <string_view>

namespace ociferry::testing {

/// Compares `actual` with the golden file and fails the test case where they differ; says how to look and to accept.
/// With UPDATE_GOLDEN=1 in the environment the file is written instead.
void check_golden(const std::filesystem::path& file, std::string_view actual);

}  // namespace ociferry::testing
