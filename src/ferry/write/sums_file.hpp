#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "ociferry/digest.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// The list of checksums in each directory with volumes, or with a program beside an archive.
inline constexpr std::string_view kSumsFile = "SHA256SUMS";

/// The list that is in `directory`; empty if there is none, nullopt if what is there is no text. Throws Error{Io}.
[[nodiscard]] std::optional<std::string> sums_in(const std::filesystem::path& directory);

/// While it lives, no other process changes the list in `directory`. Blocks. Throws Error{Io}.
[[nodiscard]] UniqueFd lock_sums(const std::filesystem::path& directory);

/// The SHA-256 of a file, as `sha256sum` computes it. `what` it is, for the progress. Throws Error{Io}.
[[nodiscard]] Digest sum_of_file(const std::filesystem::path& file, std::string_view what, const Context& context);

/// Gives the lists in `directories` lines of `files`, parity called `parity` of the archive `archive`, "OUT", in place
/// of those that earlier parity had. A list that says nothing of either is left alone, and none is made. Reads the
/// files. Throws Error{Io}, Error{Space}.
void write_parity_sums(const std::vector<std::filesystem::path>& directories, const std::string& archive,
                       const std::string& parity, const std::vector<std::filesystem::path>& files,
                       const Context& context);

}  // namespace ociferry
