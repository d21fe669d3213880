#include "ociferry/diff.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/results.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

void declare_diff(Arguments& arguments) {
  arguments.positional("ARCHIVE", true);
  declare_volume_search(arguments);
}

std::string name_of(const ChangedImage& image) {
  return image.name.tag ? to_string(image.name) : to_string(image.name.name);
}

Json compared_json(const ComparedArchive& archive) {
  return Json::Object{{"archive", archive.path.string()},
                      {"fingerprint", archive.fingerprint ? Json(archive.fingerprint->text()) : Json()},
                      {"archiveBytes", archive.archive_bytes},
                      {"images", number(archive.images)}};
}

Json image_json(const Reference& image) {
  return Json::Object{{"repository", to_string(image.name)},
                      {"tag", image.tag ? Json(*image.tag) : Json()},
                      {"digest", image.digest->text()}};
}

Json images_json(const std::vector<Reference>& images) {
  Json::Array all;
  for (const Reference& image : images) all.push_back(image_json(image));
  return all;
}

Json blob_sum_json(const BlobSum& sum) { return Json::Object{{"blobs", number(sum.count)}, {"bytes", sum.bytes}}; }

Json::Object diff_members(const ArchiveDiff& diff) {
  Json::Array changed;
  for (const ChangedImage& image : diff.changed) {
    changed.push_back(Json::Object{{"repository", to_string(image.name.name)},
                                   {"tag", image.name.tag ? Json(*image.name.tag) : Json()},
                                   {"from", image.from.text()},
                                   {"to", image.to.text()}});
  }
  return {{"old", compared_json(diff.before)},
          {"new", compared_json(diff.after)},
          {"added", images_json(diff.added)},
          {"removed", images_json(diff.removed)},
          {"changed", std::move(changed)},
          {"blobsAdded", blob_sum_json(diff.blobs_added)},
          {"blobsGone", blob_sum_json(diff.blobs_gone)},
          {"blobsKept", blob_sum_json(diff.blobs_kept)}};
}

std::string shown_blobs(const BlobSum& sum) {
  return fmt::format("{} ({})", count(sum.count, "blob"), text::human_bytes(sum.bytes));
}

void run_diff(const Arguments& arguments, Context& context, Console& console) {
  static_cast<void>(arguments.positional_value());  // there must be one
  const auto& archives = arguments.positional_values();
  if (archives.size() != 2) {
    throw Error(ErrorCode::Usage, fmt::format("two archives are compared, and {} are given", archives.size()))
        .hint("give the old one, then the new one");
  }
  context.volumes = volume_search_of(arguments, context.stop, console);
  const ArchiveDiff diff = ociferry::diff(archives.front(), archives.back(), context);
  console.finish_progress();
  console.document(diff_members(diff));
  for (const Reference& image : diff.removed) console.result("removed  " + full_name(image));
  for (const ChangedImage& image : diff.changed) {
    console.result(fmt::format("changed  {}: {} -> {}", name_of(image), image.from.text(), image.to.text()));
  }
  for (const Reference& image : diff.added) console.result("added    " + full_name(image));
  console.result(fmt::format("{} added, {} gone, {} in both", shown_blobs(diff.blobs_added),
                             shown_blobs(diff.blobs_gone), shown_blobs(diff.blobs_kept)));
}

}  // namespace

const Command kDiffCommand{
    .name = "diff",
    .summary = "Show what is new in an archive, and what is gone; needs no network",
    .usage = "ociferry diff OLD.tar NEW.tar [options]",
    .examples =
        "  # What an update brings: images, tags, bytes\n"
        "  ociferry diff /media/usb/apps-1.tar /media/usb/apps-2.tar\n",
    .in_imgpkg = false,
    .unpacks = true,
    .declare = declare_diff,
    .run = run_diff,
};

}  // namespace ociferry
