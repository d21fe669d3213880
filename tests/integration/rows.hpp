#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "world.hpp"

namespace ociferry::testing {

/// What a user types, and what must come of it. In all texts {O} is the outside registry's host, {I} the inside one's
/// and {R} a repository outside that no other row uses.
struct Row {
  std::string name = {};
  Words arguments = {};
  int exit_code = 0;
  std::string out = {};  ///< all of the standard output, or what it has behind a leading "~"
  std::string err = {};  ///< what standard error has; empty: it must be empty
  /// Further checks; `repository` is the path that {R} stood for, `outcome` what the program wrote.
  std::function<void(World& world, const std::string& repository, const Outcome& outcome)> after = {};
};

/// Runs the program as "ociferry", or, if the world has a link called imgpkg, as that.
enum class Name { Ociferry, Imgpkg };
Outcome run_as(Name name, World& world, const Words& arguments);

void check_rows(World& world, const std::vector<Row>& rows);

/// Text without what differs from run to run: hosts, times, sizes, and digests, which are
/// numbered as they come.
[[nodiscard]] std::string timeless(const std::string& text, const World& world);

/// Where the golden files of the cli_*_test.cpp are.
inline const std::filesystem::path kCliGolden = std::filesystem::path(FIXTURES) / "golden/cli";

/// The digest under a tag.
[[nodiscard]] std::string digest_of(const RegistryServer& registry, const std::string& repository,
                                    const std::string& tag);

}  // namespace ociferry::testing
