#pragma once

#include <string>
#include <string_view>

#include "cli/arguments.hpp"
#include "cli/console.hpp"
#include "cli/plan_output.hpp"
#include "cli/table.hpp"
#include "oci/json.hpp"
#include "ociferry/image_files.hpp"
#include "ociferry/release_store.hpp"
#include "ociferry/store_plan.hpp"

namespace ociferry {

/// Declares --platform for commands that look into one image.
void declare_image_platform(Arguments& arguments);
/// The archive, the image in it and its platform. Throws Error{Usage} if no image was given.
[[nodiscard]] ImageChoice image_choice(const Arguments& arguments);

/// "bundle", "index", "image", or how it is attached to others: "signature", "referrer", ...
[[nodiscard]] std::string_view kind_of(const InspectedImage& image);
/// The images of an archive, a row for each name.
[[nodiscard]] Table image_table(const InspectReport& report);
[[nodiscard]] Json::Object image_list_members(const InspectReport& report);

/// A line as `tar tv` writes it, times in UTC: "-rw-r--r-- 0/0 12 2026-11-29 17:00 etc/hostname".
[[nodiscard]] std::string file_line(const ImageFile& file);
[[nodiscard]] Json file_json(const ImageFile& file);
[[nodiscard]] Json::Object file_list_members(const FileList& list, const std::string& archive);
[[nodiscard]] Json::Object extract_members(const ExtractedFiles& report, const ExtractOptions& options);

/// The members that --json prints for `rm`.
[[nodiscard]] Json::Object remove_members(const RemoveReport& report, const std::string& archive);
/// The same for `add`.
[[nodiscard]] Json::Object add_members(const AddReport& report, const std::string& archive);
/// The result of a dry run of `rm`: text, and the members for --json.
void print_removal_plan(const RemovalPlan& plan, const RemoveOptions& options, const DryRun& dry_run, Console& console);
/// The same for `add`.
void print_addition_plan(const AdditionPlan& plan, const AddOptions& options, const DryRun& dry_run, Console& console);
/// What `rm` took out, and what stays although it was named.
void print_removed(const RemoveReport& report, Console& console);

}  // namespace ociferry
