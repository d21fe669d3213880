#pragma once

#include <string>
#include <vector>

#include "oci/json.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/several.hpp"

namespace ociferry {

/// The members that --json prints for each command (ociferry-json(5) and the commands' pages). Names and meanings stay
/// within one `kSchemaVersion`; members may be added.
inline constexpr int kSchemaVersion = 1;

[[nodiscard]] Json::Object push_members(const PushReport& report);
[[nodiscard]] Json::Object export_members(const TransferReport& report, const std::string& archive);
/// Of an import, or of a copy to a repository or registry.
[[nodiscard]] Json::Object relocation_members(const TransferReport& report, const RelocateOptions& options);
/// Of an import to several destinations.
[[nodiscard]] Json::Object destinations_members(const std::vector<DestinationReport>& reports,
                                                const std::vector<RelocateOptions>& destinations);
[[nodiscard]] Json::Object pull_members(const PullReport& report, const std::string& directory);
[[nodiscard]] Json::Object verify_members(const VerifyReport& report, const std::string& archive);
[[nodiscard]] Json::Object description_members(const DescribedImage& bundle);
/// Digests only where they are known.
[[nodiscard]] Json::Object tag_members(const RepositoryName& repository, const std::vector<ListedTag>& tags);

/// A count.
[[nodiscard]] inline Json number(std::size_t value) { return std::uint64_t{value}; }
/// The old and the new place of an image.
[[nodiscard]] Json placed_json(const PlacedImage& image);
/// What a delta leaves out and builds on; null of other archives.
[[nodiscard]] Json delta_json(const std::optional<DeltaReport>& delta);
/// An array of the archives that a transfer read.
[[nodiscard]] Json archives_json(const std::vector<ReadArchive>& archives);
[[nodiscard]] Json skipped_json(const SkippedLayer& skipped);
[[nodiscard]] Json stripped_json(const StrippedIndex& stripped);
[[nodiscard]] Json children_json(const std::vector<Descriptor>& children);
[[nodiscard]] Json moved_tag_json(const MovedTag& tag);

}  // namespace ociferry
