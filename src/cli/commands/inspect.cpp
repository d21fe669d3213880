#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/compact_options.hpp"
#include "cli/results.hpp"
#include "cli/store_output.hpp"
#include "cli/transfer_output.hpp"
#include "cli/volume_options.hpp"
#include "oci/json.hpp"

namespace ociferry {

namespace {

void declare_inspect(Arguments& arguments) {
  arguments.positional("ARCHIVE", true);
  declare_volume_search(arguments);
}

std::string describe(const InspectedImage& image) {
  std::string line = fmt::format("{} {}", kind_of(image), to_string(image.reference));
  for (const std::string& tag : image.tags) line += fmt::format(" (tag {})", tag);
  for (const Reference& name : image.also) line += fmt::format(" (also {})", to_string(name));
  line += fmt::format(", {}", text::human_bytes(image.total_bytes));
  if (!image.platforms.empty()) line += fmt::format(", {}", text::join(image.platforms, " "));
  if (!image.absent.empty()) line += fmt::format(", absent: {}", text::join(child_names(image.absent), " "));
  return line;
}

/// Prints the roots and, below each image, what is attached to it, and below each bundle what its lock file lists. An
/// image with others below it is expanded only once.
class Tree {
 public:
  Tree(const InspectReport& report, Console& console) : console_(console) {
    for (const InspectedImage& image : report.images) {
      images_.emplace(image.descriptor.digest, &image);
      if (!image.is_referrer) continue;
      for (const Digest& subject : image.subjects) referrers_[subject].push_back(&image);
    }
  }

  void print(const InspectedImage& image, std::size_t depth, const std::string& note = "") {
    const std::string indent(2 * depth, ' ');
    const Digest& digest = image.descriptor.digest;
    const bool has_more = image.is_bundle || referrers_.contains(digest);
    const bool again = has_more && !opened_.insert(digest).second;
    console_.result(indent + describe(image) + note + (again ? " (shown above)" : ""));
    if (again) return;
    if (image.locations) console_.result(fmt::format("{}  locations {}", indent, image.locations->text()));
    print_referrers(digest, depth + 1, "");
    for (const Digest& child : image.children) print_referrers(child, depth + 1, " of " + child.text());
    for (const Digest& listed : image.images) print(*images_.at(listed), depth + 1);
  }

 private:
  void print_referrers(const Digest& subject, std::size_t depth, const std::string& note) {
    const auto found = referrers_.find(subject);
    if (found == referrers_.end()) return;
    for (const InspectedImage* referrer : found->second) print(*referrer, depth, note);
  }

  Console& console_;
  std::map<Digest, const InspectedImage*> images_;
  std::map<Digest, std::vector<const InspectedImage*>> referrers_;  ///< by what they are attached to
  std::set<Digest> opened_;
};

void print_text(const InspectReport& report, Console& console) {
  const auto number_of = [&](bool InspectedImage::*is) {
    return static_cast<std::size_t>(std::ranges::count(report.images, true, is));
  };
  const std::string format = report.is_sealed ? "" : fmt::format("{} (unsealed), ", report.format);
  console.result(fmt::format("{}: {}{}, {}, {}", report.archive, format,
                             count_images(report.images.size(), number_of(&InspectedImage::is_bundle),
                                          number_of(&InspectedImage::is_referrer)),
                             count(report.blobs, "blob"), text::human_bytes(report.archive_bytes)));
  if (report.fingerprint) console.result(fingerprint_line(*report.fingerprint));
  print_storage(report.compact, console);
  print_delta(report.delta, console);
  Tree tree(report, console);
  for (const InspectedImage& image : report.images) {
    if (image.is_root) tree.print(image, 0);
  }
}

Json digests(const std::vector<Digest>& list) {
  Json::Array array;
  for (const Digest& digest : list) array.emplace_back(digest.text());
  return array;
}

Json to_json(const InspectedImage& image) {
  Json::Object object{{"reference", to_string(image.reference)},
                      {"kind", std::string(kind_of(image))},
                      {"root", image.is_root},
                      {"referrer", image.is_referrer},
                      {"mediaType", image.descriptor.media_type},
                      {"digest", image.descriptor.digest.text()},
                      {"manifestSize", image.descriptor.size},
                      {"totalBytes", image.total_bytes}};
  Json::Array tags;
  for (const std::string& tag : image.tags) tags.emplace_back(tag);
  object.emplace_back("tags", std::move(tags));
  Json::Array also;
  for (const Reference& name : image.also) also.emplace_back(to_string(name));
  object.emplace_back("also", std::move(also));
  Json::Array platforms;
  for (const std::string& platform : image.platforms) platforms.emplace_back(platform);
  object.emplace_back("platforms", std::move(platforms));
  object.emplace_back("subjects", digests(image.subjects));
  if (!image.absent.empty()) object.emplace_back("absent", children_json(image.absent));
  if (!image.is_bundle) return object;
  object.emplace_back("images", digests(image.images));
  if (!image.locations) return object;
  Json::Object files;
  for (const auto& [name, content] : image.locations_files) files.emplace_back(name, content);
  object.emplace_back("locations", Json::Object{{"digest", image.locations->text()}, {"files", std::move(files)}});
  return object;
}

Json::Object to_json(const InspectReport& report) {
  Json::Array images;
  for (const InspectedImage& image : report.images) images.push_back(to_json(image));
  Json::Object members{{"archive", report.archive},
                       {"format", report.format},
                       {"sealed", report.is_sealed},
                       {"fingerprint", report.fingerprint ? Json(report.fingerprint->text()) : Json()},
                       {"archiveBytes", report.archive_bytes},
                       {"blobs", std::uint64_t{report.blobs}}};
  if (report.delta) members.emplace_back("delta", delta_json(report.delta));
  add_storage_member(members, report.compact);
  members.emplace_back("images", std::move(images));
  return members;
}

void run_inspect(const Arguments& arguments, Context& context, Console& console) {
  context.volumes = volume_search_of(arguments, context.stop, console);
  const InspectReport report = inspect(one_set_of(arguments, context.volumes), context);
  console.document(to_json(report));
  print_text(report, console);
}

}  // namespace

const Command kInspectCommand{
    .name = "inspect",
    .summary = "Show what is in an archive; needs no network",
    .usage = "ociferry inspect ARCHIVE.tar [--json]",
    .examples =
        "  # The tree of bundles and images; the same for scripts\n"
        "  ociferry inspect apps.tar\n"
        "  ociferry inspect apps.tar --json\n",
    .unpacks = true,
    .declare = declare_inspect,
    .run = run_inspect,
};

}  // namespace ociferry
