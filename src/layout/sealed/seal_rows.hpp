#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "layout/sealed/archive_member.hpp"
#include "layout/sealed/seal.hpp"
#include "oci/json.hpp"

// What the seals of all versions have in common: the rows of files and blobs, and the totals.

namespace ociferry {

/// `"files":[...],"blobs":[...` without the last bracket. Written row by row: one Json of everything would take several
/// times the memory.
[[nodiscard]] std::string write_rows(std::span<const FrontFile> files, const std::vector<ArchiveMember>& members);

/// The members of `totals`. `files`: how many files are before the seal.
[[nodiscard]] Json::Object write_totals(std::size_t files, const std::vector<ArchiveMember>& members);

/// Reads the rows of both lists. Throws Error{Corrupt}.
[[nodiscard]] SealTable read_rows(const Json& seal);

/// Digest and size of a row. Throws Error{Corrupt}.
[[nodiscard]] Descriptor read_row(const Json& row);
/// Reads the rows of blobs, whose sizes are no more together than a file can have. Throws Error{Corrupt}.
[[nodiscard]] std::vector<Descriptor> read_blob_rows(const Json::Array& rows);
/// The list called `key`. Throws Error{Corrupt} if there is none.
[[nodiscard]] const Json::Array& array_at(const Json& body, std::string_view key);

}  // namespace ociferry
