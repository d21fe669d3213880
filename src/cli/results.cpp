#include "cli/results.hpp"

#include <chrono>
#include <cmath>

#include "base/sync_time.hpp"
#include "cli/describe_output.hpp"
#include "cli/error_text.hpp"
#include "cli/transfer_output.hpp"

namespace ociferry {

namespace {

template <typename Items, typename ToJson>
Json array_of(const Items& items, const ToJson& to_json) {
  Json::Array array;
  for (const auto& item : items) array.push_back(to_json(item));
  return array;
}

/// Seconds of syncing, rounded to milliseconds.
Json sync_seconds() { return std::round(std::chrono::duration<double, std::milli>(sync_time()).count()) / 1000; }

Json or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

/// A reference as three members, so that scripts need not parse it.
Json place_json(const Reference& reference) {
  return Json::Object{{"repository", to_string(reference.name)},
                      {"tag", or_null(reference.tag)},
                      {"digest", reference.digest ? Json(reference.digest->text()) : Json()}};
}

}  // namespace

Json placed_json(const PlacedImage& image) {
  return Json::Object{{"from", place_json(image.from)}, {"to", place_json(image.to)}};
}

Json skipped_json(const SkippedLayer& skipped) {
  return Json::Object{{"digest", skipped.layer.digest.text()},
                      {"mediaType", skipped.layer.media_type},
                      {"size", skipped.layer.size},
                      {"image", to_string(skipped.image)}};
}

Json stripped_json(const StrippedIndex& stripped) {
  return Json::Object{{"index", to_string(stripped.index)},
                      {"digest", stripped.now.text()},
                      {"entries", number(stripped.left)},
                      {"entriesBefore", number(stripped.listed)}};
}

Json children_json(const std::vector<Descriptor>& children) {
  return array_of(children, [](const Descriptor& child) {
    return Json::Object{{"digest", child.digest.text()},
                        {"mediaType", child.media_type},
                        {"platform", child.platform ? to_string(*child.platform) : std::string()}};
  });
}

namespace {

void add_counts(Json::Object& members, const TransferReport& report) {
  members.emplace_back("images", number(report.images));
  members.emplace_back("bundles", number(report.bundles));
  members.emplace_back("referrers", number(report.referrers));
  members.emplace_back("blobsWritten", number(report.blobs_written));
  members.emplace_back("blobsThere", number(report.blobs_existed));
  members.emplace_back("bytesWritten", report.bytes_written);
  members.emplace_back("absentChildren", number(report.absent_children));
  if (!report.left_out.empty()) members.emplace_back("leftOut", array_of(report.left_out, place_json));
  if (!report.stripped.empty()) members.emplace_back("strippedIndexes", array_of(report.stripped, stripped_json));
}

Json described_json(const DescribedImage& image) {
  Json::Object annotations;
  for (const auto& [key, value] : image.annotations) annotations.emplace_back(key, value);
  return Json::Object{{"image", to_string(image.image)},
                      {"type", std::string(type_name(image.type))},
                      {"origin", to_string(image.origin)},
                      {"layers", array_of(image.layers, [](const Digest& layer) { return Json(layer.text()); })},
                      {"annotations", std::move(annotations)},
                      {"images", array_of(image.images, described_json)}};
}

}  // namespace

Json::Object push_members(const PushReport& report) {
  return {{"pushed", to_string(report.pushed)},
          {"tag", report.tag},
          {"layerSize", report.layer_size},
          {"alreadyThere", report.was_there}};
}

namespace {

Json fingerprint_json(const std::optional<Digest>& fingerprint) {
  return fingerprint ? Json(fingerprint->text()) : Json();
}

}  // namespace

Json delta_json(const std::optional<DeltaReport>& delta) {
  if (!delta) return {};
  const auto base_json = [](const BuiltOn& base) {
    return Json(Json::Object{{"kind", std::string(to_string(base.kind))},
                             {"digest", base.digest.text()},
                             {"repositories", array_of(base.repositories, [](const RepositoryName& name) {
                                return Json(to_string(name));
                              })}});
  };
  return Json::Object{{"leftOut", number(delta->blobs_left_out)},
                      {"leftOutBytes", delta->bytes_left_out},
                      {"buildsOn", array_of(delta->builds_on, base_json)},
                      {"fullFingerprint", delta->full_fingerprint.text()},
                      {"fullBytes", delta->full_bytes}};
}

Json archives_json(const std::vector<ReadArchive>& archives) {
  return array_of(archives, [](const ReadArchive& archive) {
    return Json(Json::Object{{"archive", archive.path.string()},
                             {"format", archive.format},
                             {"fingerprint", fingerprint_json(archive.fingerprint)},
                             {"images", number(archive.images)},
                             {"bundles", number(archive.bundles)},
                             {"referrers", number(archive.referrers)}});
  });
}

Json::Object export_members(const TransferReport& report, const std::string& archive) {
  Json::Object members{{"archive", archive},
                       {"archiveBytes", report.archive_bytes},
                       {"fingerprint", fingerprint_json(report.fingerprint)}};
  add_counts(members, report);
  members.emplace_back("skippedLayers", array_of(report.skipped, skipped_json));
  if (!report.archives.empty()) members.emplace_back("archives", archives_json(report.archives));
  if (report.delta) members.emplace_back("delta", delta_json(report.delta));
  members.emplace_back("syncSeconds", sync_seconds());
  return members;
}

Json::Object relocation_members(const TransferReport& report, const RelocateOptions& options) {
  const std::string to = shown_destination(options);
  Json::Object members{options.by_name ? Json::Member("registry", to) : Json::Member("repository", to)};
  add_counts(members, report);
  members.emplace_back("blobsMounted", number(report.blobs_mounted));
  members.emplace_back("blobsProved", number(report.blobs_proved));
  members.emplace_back("manifestsWritten", number(report.manifests_written));
  members.emplace_back("roots", array_of(report.roots, placed_json));
  if (options.by_name || !options.added_tags.empty())
    members.emplace_back("names", array_of(report.names, placed_json));
  members.emplace_back("skippedLayers", array_of(report.skipped, skipped_json));
  if (!report.archives.empty()) members.emplace_back("archives", archives_json(report.archives));
  return members;
}

Json::Object destinations_members(const std::vector<DestinationReport>& reports,
                                  const std::vector<RelocateOptions>& destinations) {
  Json::Array all;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    Json::Object one = relocation_members(reports[i].report, destinations[i]);
    const std::optional<Error>& failure = reports[i].failure;
    one.emplace_back("error", failure ? error_json(*failure, exit_code(failure->code())) : Json());
    all.emplace_back(std::move(one));
  }
  return {{"destinations", std::move(all)}};
}

Json::Object pull_members(const PullReport& report, const std::string& directory) {
  return {{"pulled", to_string(report.pulled)},
          {"directory", directory},
          {"nested", array_of(report.nested, [](const Reference& one) { return Json(to_string(one)); })},
          {"imagesAreBeside", report.images_are_beside},
          {"syncSeconds", sync_seconds()}};
}

Json::Object verify_members(const VerifyReport& report, const std::string& archive) {
  Json::Object members{{"archive", archive},
                       {"format", report.format},
                       {"sealed", report.is_sealed},
                       {"fingerprint", fingerprint_json(report.fingerprint)},
                       {"archiveBytes", report.archive_bytes},
                       {"images", number(report.images)},
                       {"bundles", number(report.bundles)},
                       {"referrers", number(report.referrers)},
                       {"blobs", number(report.blobs)}};
  if (report.delta) members.emplace_back("delta", delta_json(report.delta));
  return members;
}

Json::Object description_members(const DescribedImage& bundle) { return {{"bundle", described_json(bundle)}}; }

Json::Object tag_members(const RepositoryName& repository, const std::vector<ListedTag>& tags) {
  return {{"repository", to_string(repository)}, {"tags", array_of(tags, [](const ListedTag& tag) {
                                                    Json::Object one{{"name", tag.name}};
                                                    if (tag.digest) one.emplace_back("digest", tag.digest->text());
                                                    return Json(std::move(one));
                                                  })}};
}

Json moved_tag_json(const MovedTag& tag) {
  return Json::Object{{"repository", to_string(tag.tag.name)},
                      {"tag", tag.tag.selector()},
                      {"from", tag.from.text()},
                      {"to", tag.to.text()}};
}

}  // namespace ociferry
