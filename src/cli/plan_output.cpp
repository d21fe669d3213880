#include "cli/plan_output.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/limit_options.hpp"
#include "cli/results.hpp"
#include "cli/transfer_output.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kShownDigits = 12;

/// The sum of all repositories.
PlannedRepository sum_of(const ImportPlan& plan) {
  PlannedRepository all;
  const auto add = [](BlobSum& sum, const BlobSum& more) {
    sum.count += more.count;
    sum.bytes += more.bytes;
  };
  for (const PlannedRepository& one : plan.repositories) {
    all.images += one.images;
    all.images_there += one.images_there;
    add(all.there, one.there);
    add(all.upload, one.upload);
    add(all.mount_or_upload, one.mount_or_upload);
    add(all.locations_upload, one.locations_upload);
    all.manifests += one.manifests;
    all.locations += one.locations;
    all.attached += one.attached;
  }
  return all;
}

/// The least and the most that is uploaded: a registry that mounts nothing gets all of it.
std::uint64_t least_bytes(const PlannedRepository& all) { return all.upload.bytes + all.locations_upload.bytes; }
std::uint64_t most_bytes(const PlannedRepository& all) { return least_bytes(all) + all.mount_or_upload.bytes; }

std::string short_digest(const Digest& digest) {
  return fmt::format("{}:{}", digest.algorithm(), digest.hex().substr(0, kShownDigits));
}

void line(Console& console, std::string_view name, const std::string& value) {
  console.result(fmt::format("  {:<10} {}", name, value));
}

std::string shown(const BlobSum& sum) {
  return fmt::format("{:>13}  {:>9}", count(sum.count, "blob"), text::human_bytes(sum.bytes));
}

void print_totals(const PlannedRepository& all, const DryRun& dry_run, Console& console) {
  line(console, "there", shown(all.there));
  line(console, "upload", shown(all.upload));
  if (all.mount_or_upload.count > 0) line(console, "mount", shown(all.mount_or_upload) + "  mounted or uploaded");
  if (all.locations > 0) line(console, "locations", shown(all.locations_upload));
  line(console, "put", fmt::format("{:>13}", fmt::format("{} manifests", all.manifests)));
  if (all.attached > 0) {
    line(console, "attached", fmt::format("{:>13}", count(all.attached, "manifest")));
    line(console, "", "also added to lists if there is no referrers API");
  }
  if (!dry_run.rate) return;
  const std::uint64_t least = seconds_for(least_bytes(all), *dry_run.rate);
  const std::uint64_t most = seconds_for(most_bytes(all), *dry_run.rate);
  const std::string range = least == most ? duration(most) : duration(least) + " to " + duration(most);
  line(console, "time", fmt::format("{} at {} a second", range, text::human_bytes(*dry_run.rate)));
}

std::string_view word_of(TagChange::Kind kind) {
  switch (kind) {
    case TagChange::Kind::New: return "new";
    case TagChange::Kind::Equal: return "equal";
    case TagChange::Kind::Moves: return "moves";
    case TagChange::Kind::Hidden: return "hidden";
  }
  return "";
}

void print_tags(const ImportPlan& plan, Console& console) {
  bool is_first = true;
  for (const PlannedRepository& repository : plan.repositories) {
    for (const TagChange& tag : repository.tags) {
      if (std::exchange(is_first, false)) console.result("Tags:");
      line(console, word_of(tag.kind), to_string(tag.tag));
      const std::string to = short_digest(tag.to);
      line(console, "", tag.kind == TagChange::Kind::Moves ? short_digest(*tag.from) + " -> " + to : to);
      if (tag.kind == TagChange::Kind::Hidden) line(console, "", "the registry hides where it points; it may move");
    }
  }
}

void print_repositories(const ImportPlan& plan, Console& console) {
  for (const PlannedRepository& one : plan.repositories) {
    console.result(to_string(one.name));
    console.result(fmt::format("  {}, {} there; upload {}", count(one.images, "image"), one.images_there,
                               text::human_bytes(one.upload.bytes + one.locations_upload.bytes)));
    if (one.mount_or_upload.count > 0) {
      console.result(fmt::format("  {} mounted or uploaded", text::human_bytes(one.mount_or_upload.bytes)));
    }
  }
}

void print_partial(const std::vector<PartialIndex>& partial, Console& console) {
  if (partial.empty()) return;
  console.result("Indexes without some of their children:");
  for (const PartialIndex& one : partial) {
    console.result("  " + to_string(one.index));
    console.result("    absent: " + text::join(child_names(one.absent), " "));
  }
}

void print_names(const ImportPlan& plan, Console& console) {
  console.result("Images:");
  for (const PlacedImage& image : plan.names) {
    const Reference was{image.from.name, image.from.tag, image.from.tag ? std::nullopt : image.from.digest};
    const Reference now{image.to.name, image.to.tag, image.to.tag ? std::nullopt : image.to.digest};
    console.result("  " + to_string(was));
    console.result("    -> " + to_string(now));
  }
}

Json partial_json(const std::vector<PartialIndex>& partial) {
  Json::Array indexes;
  for (const PartialIndex& one : partial) {
    indexes.push_back(Json::Object{{"index", to_string(one.index)}, {"absent", children_json(one.absent)}});
  }
  return indexes;
}

Json sum_json(const BlobSum& sum) { return Json::Object{{"blobs", number(sum.count)}, {"bytes", sum.bytes}}; }

void add_sums(Json::Object& members, const PlannedRepository& planned) {
  members.emplace_back("imagesThere", number(planned.images_there));
  members.emplace_back("there", sum_json(planned.there));
  members.emplace_back("upload", sum_json(planned.upload));
  members.emplace_back("mountOrUpload", sum_json(planned.mount_or_upload));
  members.emplace_back("manifests", number(planned.manifests));
  members.emplace_back("attached", number(planned.attached));
  members.emplace_back("locations", number(planned.locations));
  members.emplace_back("locationsUpload", sum_json(planned.locations_upload));
}

Json tag_json(const TagChange& tag) {
  return Json::Object{{"tag", *tag.tag.tag},
                      {"change", std::string(word_of(tag.kind))},
                      {"from", tag.from ? Json(tag.from->text()) : Json()},
                      {"to", tag.to.text()}};
}

Json repository_json(const PlannedRepository& planned) {
  Json::Object members{{"repository", to_string(planned.name)}, {"images", number(planned.images)}};
  add_sums(members, planned);
  Json::Array tags;
  for (const TagChange& tag : planned.tags) tags.push_back(tag_json(tag));
  members.emplace_back("tags", std::move(tags));
  return members;
}

Json::Object plan_members(const ImportPlan& plan, const RelocateOptions& options, const DryRun& dry_run) {
  const std::string to = shown_destination(options);
  const PlannedRepository all = sum_of(plan);
  Json::Object members{options.by_name ? Json::Member("registry", to) : Json::Member("repository", to),
                       {"dryRun", true},
                       {"images", number(plan.images)},
                       {"bundles", number(plan.bundles)},
                       {"referrers", number(plan.referrers)}};
  add_sums(members, all);
  Json seconds;
  if (dry_run.rate) {
    seconds = Json::Object{{"least", seconds_for(least_bytes(all), *dry_run.rate)},
                           {"most", seconds_for(most_bytes(all), *dry_run.rate)}};
  }
  members.emplace_back("seconds", std::move(seconds));
  Json::Array repositories;
  for (const PlannedRepository& one : plan.repositories) repositories.push_back(repository_json(one));
  members.emplace_back("repositories", std::move(repositories));
  Json::Array names;
  for (const PlacedImage& name : plan.names) names.push_back(placed_json(name));
  members.emplace_back("names", std::move(names));
  Json::Array skipped;
  for (const SkippedLayer& layer : plan.skipped) skipped.push_back(skipped_json(layer));
  members.emplace_back("skippedLayers", std::move(skipped));
  members.emplace_back("partialIndexes", partial_json(plan.partial));
  if (!plan.archives.empty()) members.emplace_back("archives", archives_json(plan.archives));
  if (plan.stripped.empty()) return members;
  Json::Array stripped;
  for (const StrippedIndex& index : plan.stripped) stripped.push_back(stripped_json(index));
  members.emplace_back("strippedIndexes", std::move(stripped));
  return members;
}

Json layer_json(const PlannedLayer& layer) {
  Json::Array images;
  for (const Reference& image : layer.images) images.emplace_back(to_string(image));
  return Json::Object{{"digest", layer.layer.digest.text()}, {"size", layer.layer.size}, {"images", std::move(images)}};
}

Json::Object export_plan_members(const ExportPlan& plan, const std::string& archive, const DryRun& dry_run) {
  Json::Array largest;
  for (const PlannedLayer& layer : plan.largest) largest.push_back(layer_json(layer));
  Json::Array skipped;
  for (const SkippedLayer& layer : plan.skipped) skipped.push_back(skipped_json(layer));
  Json::Object members{{"archive", archive},
                       {"dryRun", true},
                       {"archiveBytes", plan.archive_bytes},
                       {"fingerprint", plan.fingerprint->text()},
                       {"images", number(plan.images)},
                       {"bundles", number(plan.bundles)},
                       {"referrers", number(plan.referrers)},
                       {"new", sum_json(plan.fresh)},
                       {"there", sum_json(plan.there)},
                       {"shared", sum_json(plan.shared)},
                       {"freeBytes", plan.free_bytes},
                       {"partialBytes", plan.partial_bytes},
                       {"largestFile", plan.largest_file ? Json(*plan.largest_file) : Json()},
                       {"lackOfRoom", plan.lack_of_room ? Json(*plan.lack_of_room) : Json()},
                       {"seconds", dry_run.rate ? Json(seconds_for(plan.fresh.bytes, *dry_run.rate)) : Json()},
                       {"largestLayers", std::move(largest)},
                       {"skippedLayers", std::move(skipped)},
                       {"partialIndexes", partial_json(plan.partial)}};
  if (!plan.archives.empty()) members.emplace_back("archives", archives_json(plan.archives));
  if (plan.delta) members.emplace_back("delta", delta_json(plan.delta));
  if (plan.parity_bytes > 0) members.emplace_back("parityBytes", plan.parity_bytes);
  if (plan.volumes.empty()) return members;
  Json::Array volumes;
  for (const PlannedVolume& volume : plan.volumes) {
    volumes.push_back(Json::Object{{"file", volume.path.string()}, {"bytes", volume.bytes}});
  }
  members.emplace_back("volumes", std::move(volumes));
  return members;
}

/// How many there are of each size, in each directory.
void print_planned_volumes(const std::vector<PlannedVolume>& volumes, Console& console) {
  for (std::size_t i = 0, next = 0; i < volumes.size(); i = next) {
    while (next < volumes.size() && volumes[next].bytes == volumes[i].bytes &&
           volumes[next].path.parent_path() == volumes[i].path.parent_path()) {
      ++next;
    }
    const std::string last = next == i + 1 ? "" : " to " + volumes[next - 1].path.filename().string();
    line(console, i == 0 ? count(volumes.size(), "volume") : "",
         fmt::format("{}{}: {} bytes each", volumes[i].path.string(), last, volumes[i].bytes));
  }
}

}  // namespace

std::uint64_t seconds_for(std::uint64_t bytes, std::uint64_t rate) {
  return bytes / rate + (bytes % rate == 0 ? 0 : 1);
}

std::string duration(std::uint64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

void declare_dry_run(Arguments& arguments) {
  arguments.flag("dry-run", "Only tell what would be done; write nothing");
  arguments.text("rate", "SIZE", "With --dry-run: also tell how long it takes at so many bytes a second, such as 20M");
}

std::optional<DryRun> dry_run_of(const Arguments& arguments) {
  const auto rate = arguments.optional_text("rate");
  if (!arguments.on("dry-run")) {
    if (rate) throw Error(ErrorCode::Usage, "--rate goes with --dry-run only");
    return std::nullopt;
  }
  return DryRun{.rate = rate ? std::optional(parse_size(*rate)) : std::nullopt};
}

void print_plan(const ImportPlan& plan, const RelocateOptions& options, const DryRun& dry_run, Console& console) {
  console.finish_progress();
  console.document(plan_members(plan, options, dry_run));
  console.result("Dry run: nothing is written");
  print_archives(plan.archives, console);
  console.result(
      fmt::format("{} to {}", count_images(plan.images, plan.bundles, plan.referrers), shown_destination(options)));
  print_totals(sum_of(plan), dry_run, console);
  if (plan.repositories.size() > 1) print_repositories(plan, console);
  print_tags(plan, console);
  print_names(plan, console);
  print_partial(plan.partial, console);
  print_stripped(plan.stripped, console);
}

void print_export_plan(const ExportPlan& plan, const std::string& archive, const DryRun& dry_run, Console& console,
                       Json::Object more) {
  console.finish_progress();
  Json::Object members = export_plan_members(plan, archive, dry_run);
  for (Json::Member& member : more) members.push_back(std::move(member));
  console.document(std::move(members));
  console.result("Dry run: nothing is written");
  print_archives(plan.archives, console);
  console.result(fmt::format("{} to {}", count_images(plan.images, plan.bundles, plan.referrers), archive));
  line(console, "new", shown(plan.fresh));
  if (plan.there.count > 0) line(console, "there", shown(plan.there));
  line(console, "shared", shown(plan.shared));
  line(console, "archive", fmt::format("{} bytes", plan.archive_bytes));
  print_planned_volumes(plan.volumes, console);
  if (plan.parity_bytes > 0) line(console, "parity", fmt::format("{} bytes more", plan.parity_bytes));
  if (archive != "-") line(console, "room", plan.lack_of_room ? "DOES NOT FIT: " + *plan.lack_of_room : "enough");
  if (dry_run.rate) {
    line(console, "time",
         fmt::format("{} at {} a second", duration(seconds_for(plan.fresh.bytes, *dry_run.rate)),
                     text::human_bytes(*dry_run.rate)));
  }
  print_delta(plan.delta, console);
  console.result("Largest layers:");
  for (const PlannedLayer& layer : plan.largest) {
    line(console, text::human_bytes(layer.layer.size), short_digest(layer.layer.digest));
    for (const Reference& image : layer.images) console.result("    " + to_string(image));
  }
  print_partial(plan.partial, console);
}

}  // namespace ociferry
