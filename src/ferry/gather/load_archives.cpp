#include "ferry/gather/load_archives.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/context.hpp"
#include "base/text.hpp"
#include "ferry/gather/bundle_reader.hpp"
#include "ferry/gather/compact_bases.hpp"
#include "ferry/gather/delta_report.hpp"
#include "ferry/gather/load_archive.hpp"
#include "ferry/gather/named_archives.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/set/joined_set.hpp"
#include "ferry/set/platforms.hpp"
#include "ferry/set/selection.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/volume_set.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

struct OpenedArchive {
  fs::path path;
  std::shared_ptr<ImageArchive> archive;
  std::optional<Digest> fingerprint = {};
};

std::optional<Digest> seal_of(const ImageArchive& archive) {
  const ArchiveReader* sealed = archive.sealed();
  return sealed == nullptr ? std::nullopt : std::optional(sealed->fingerprint());
}

/// Why `archive` need not be read beside `other`; empty if it must be.
std::string repetition(const OpenedArchive& archive, const OpenedArchive& other) {
  std::error_code unknown;
  if (archive.path == other.path) return "is given twice";
  if (fs::equivalent(archive.path, other.path, unknown)) return "is the same archive as " + other.path.string();
  const bool is_copy = archive.fingerprint && archive.fingerprint == other.fingerprint;
  return is_copy ? "is a copy of " + other.path.string() : "";
}

/// True if `path` is of the set of volumes that `other` was read from.
bool is_part_of(const fs::path& path, const OpenedArchive& other, const VolumeSearch& volumes) {
  if (!other.fingerprint || other.archive->name() == other.path) return false;
  try {
    const VolumeSearch search{.directories = volumes.directories};
    const auto set = find_volumes(path, search, silent_progress());
    if (!set || !set->is_compact) return set && sha256(set->plan.seal()) == *other.fingerprint;
    const auto others = find_volumes(other.path, search, silent_progress());
    std::error_code unknown;
    return others && fs::equivalent(others->volumes.front().path, set->volumes.front().path, unknown);
  } catch (const Error&) {
    return false;  // opening it tells why
  }
}

/// Each archive once.
std::vector<OpenedArchive> open_archives(const std::vector<fs::path>& paths, const Context& context, Reading reading) {
  if (paths.empty()) throw Error(ErrorCode::Usage, "no archive is given");
  const VolumeSearch volumes = search_beside(paths, context.volumes);
  std::vector<OpenedArchive> opened;
  for (const fs::path& path : paths) {
    // A volume, or a directory with some, stands for a set that was opened already.
    if (std::ranges::any_of(opened, [&](const OpenedArchive& other) { return is_part_of(path, other, volumes); }))
      continue;
    OpenedArchive one{path, open_image_archive(path, context.unpack, *context.progress, context.stop, volumes, nullptr,
                                               paths.size() == 1 ? reading : Reading::ByPosition)};
    one.fingerprint = seal_of(*one.archive);
    const auto same =
        std::ranges::find_if(opened, [&](const OpenedArchive& other) { return !repetition(one, other).empty(); });
    if (same == opened.end()) {
      opened.push_back(std::move(one));
    } else {
      context.progress->warn(text::cat(path.string(), " ", repetition(one, *same), ": it is read once"));
    }
  }
  return opened;
}

ReadArchive read_archive(const OpenedArchive& opened, const ImageSet& set) {
  ReadArchive read{.path = opened.path,
                   .format = std::string(to_string(opened.archive->format())),
                   .fingerprint = opened.fingerprint,
                   .images = set.images().size()};
  for (const SetImage& image : set.images()) {
    read.bundles += image.is_bundle ? 1 : 0;
    read.referrers += image.is_referrer ? 1 : 0;
  }
  return read;
}

/// Those of the blobs of `set` that `archive` has. Several archives may have one.
std::vector<Descriptor> blobs_within(const ImageArchive& archive, const ImageSet& set) {
  std::vector<Descriptor> blobs;
  for (const auto& [digest, blob] : set.graph().blobs()) {
    if (archive.size_of(digest)) blobs.push_back(blob.descriptor);
  }
  return blobs;
}

/// Takes what `loaded` leaves out from `bases`, as far as they have it; notes what is to be verified of them.
void take_from_bases(LoadedArchives& loaded, const std::vector<fs::path>& bases, const Context& context) {
  for (const fs::path& path : bases) {
    if (loaded.set.graph().left_out().empty()) return;
    const std::shared_ptr<ImageArchive> base =
        open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes);
    provide_base(base, bases, context);
    check_base(*base);
    check_headers(*base);
    std::vector<Descriptor> taken;
    for (const auto& [digest, ignored] : loaded.set.graph().left_out()) {
      const Descriptor& blob = loaded.set.graph().blobs().at(digest).descriptor;
      if (base->size_of(digest) == blob.size) taken.push_back(blob);
    }
    for (const Descriptor& blob : taken) loaded.set.graph().provide(blob.digest, base);
    if (!taken.empty()) loaded.to_verify.push_back({.archive = base, .blobs = std::move(taken)});
  }
}

/// Removes images of other platforms from `loaded.set`, with a warning for those that exist for others only.
void keep_platforms(LoadedArchives& loaded, const std::vector<Platform>& platforms, const Context& context) {
  loaded.set = select_platforms(std::move(loaded.set), platforms);
  warn_of_lacking_platforms(loaded.set, platforms, *context.progress);
  std::map<std::string, Platform> others;
  for (const SetImage& image : loaded.set.images()) {
    const auto* manifest = std::get_if<Manifest>(&loaded.set.graph().at(image.digest()).parsed);
    if (manifest == nullptr || !manifest->config || image.is_referrer) continue;
    const auto holder = std::ranges::find_if(loaded.to_verify, [&](const ArchiveToVerify& one) {
      return one.archive->size_of(manifest->config->digest).has_value();
    });
    if (holder == loaded.to_verify.end()) continue;
    CachingSource source(holder->archive, std::make_shared<CacheBudget>(0));
    const auto platform = other_platform(source, *manifest, platforms, context.stop);
    if (platform) others.emplace(to_string(image.reference), *platform);
  }
  warn_of_other_platforms(others, *context.progress);
}

/// The names of the archives that list `image`.
std::string archives_with(const Digest& image, const LoadedArchives& loaded) {
  std::vector<std::string> names;
  for (const ArchiveToVerify& one : loaded.to_verify) {
    const bool lists_it = std::ranges::any_of(one.archive->items(), [&](const ArchiveItem& item) {
      return item.role != ArchiveRole::Locations && item.descriptor.digest == image;
    });
    if (lists_it) names.push_back(one.archive->name());
  }
  return text::join(names, " and ");
}

/// A compact archive may build on the others, or on `bases`.
void provide_bases(const std::vector<OpenedArchive>& opened, const std::vector<fs::path>& bases,
                   const Context& context) {
  const auto builds_on_others = [](const OpenedArchive& one) { return one.archive->compact_base() != nullptr; };
  if (std::ranges::none_of(opened, builds_on_others)) return;
  std::vector<std::shared_ptr<ImageArchive>> others;
  for (const OpenedArchive& one : opened) others.push_back(one.archive);
  for (const fs::path& path : bases) {
    others.push_back(open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes));
  }
  ociferry::provide_bases(others);
}

}  // namespace

LoadedArchives load_archives(const std::vector<fs::path>& archives, const Selection& selection, const Context& context,
                             const std::vector<fs::path>& bases, Reading reading) {
  const std::vector<OpenedArchive> opened = open_archives(archives, context, reading);
  for (const OpenedArchive& one : opened) {
    context.progress->phase(text::cat("checking ", opened.size() == 1 ? "the archive" : one.path.string()), 0);
    check_headers(*one.archive);
  }
  provide_bases(opened, bases, context);
  const bool is_part = selection.selects_images() || !selection.platforms.empty();
  std::optional<ImageSet> joined;
  std::vector<ArchiveToVerify> to_verify;
  std::vector<ReadArchive> read;
  for (const OpenedArchive& one : opened) {
    ImageSet set = load_archive(one.archive, context);
    read.push_back(read_archive(one, set));
    to_verify.push_back({.archive = one.archive});
    if (!is_part) to_verify.back().blobs = blobs_to_verify(*one.archive, set);
    const auto doing = [&] { return text::cat("reading ", one.path.string(), " together with the other archives"); };
    joined = joined ? with_context(doing, [&] { return join(*std::move(joined), set); }) : std::move(set);
  }
  LoadedArchives loaded{.set = *std::move(joined), .to_verify = std::move(to_verify), .read = std::move(read)};
  if (selection.selects_images()) {
    loaded.set = select_images(loaded.set, selection, *context.progress, loaded.left_out);
  }
  if (!selection.platforms.empty()) keep_platforms(loaded, selection.platforms, context);
  if (const auto delta = delta_report(*opened.front().archive); delta && opened.size() == 1 && !is_part) {
    loaded.promised = delta->full_fingerprint;
  }
  if (is_part) {
    for (ArchiveToVerify& one : loaded.to_verify) one.blobs = blobs_within(*one.archive, loaded.set);
  }
  take_from_bases(loaded, bases, context);
  warn_of_absent_children(loaded.set, *context.progress, selection.platforms);
  return loaded;
}

void check_names_between(const LoadedArchives& loaded) {
  if (loaded.read.size() == 1) return;
  const auto clash = find_name_clash(loaded.set);
  if (!clash) return;
  const auto side = [&](const SetImage& image) {
    return text::cat(image.digest().text(), " in ", archives_with(image.digest(), loaded));
  };
  throw Error(ErrorCode::Usage, text::cat(to_string(clash->name), " stands for different images: ", side(*clash->one),
                                          ", and ", side(*clash->other)))
      .hint("leave one of them out with --exclude, or take the archives one after the other");
}

}  // namespace ociferry
