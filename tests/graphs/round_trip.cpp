#include "round_trip.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "ferry/deliver/name_rule.hpp"
#include "ferry/deliver/relocate.hpp"
#include "ferry/gather/bundle_reader.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/write/write_archive.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "random_world.hpp"
#include "support/temp.hpp"
#include "trip_checks.hpp"

namespace ociferry::testing {

namespace {

namespace fs = std::filesystem;

constexpr GatherOptions kAll{.referrers = Referrers::All};

/// What is attached to an image was not found where it was exported from if it lay in another repository than the
/// image. In the one repository of the destination it is; so what came along for another reason shows as attached.
bool finds_more_attached(const ImageSet& before, const ImageSet& after) {
  return std::ranges::any_of(after.images(), [&](const SetImage& image) {
    return image.is_referrer && !before.contains(image.digest()) && before.graph().contains(image.digest());
  });
}

/// Whatever is not carried although something that is carried refers to it was warned of.
void check_nothing_lost(const RandomWorld& world, const ImageSet& set, const Warnings& warnings) {
  const Graph& graph = set.graph();
  for (const auto& [digest, node] : graph.manifests()) {
    for (const Descriptor& absent : graph.absent_children(digest)) {
      require(warnings.name(absent.digest), text::cat("nobody was told of the absent child ", absent.digest.text()));
    }
    const auto* manifest = std::get_if<Manifest>(&node.parsed);
    if (manifest == nullptr) continue;
    std::vector<Descriptor> blobs = manifest->layers;
    if (manifest->config) blobs.push_back(*manifest->config);
    for (const Descriptor& blob : blobs) {
      const bool known = graph.blobs().contains(blob.digest) || graph.skipped_layers().contains(blob.digest);
      require(known, text::cat("the blob ", blob.digest.text(), " is lost"));
    }
  }
  for (const auto& [subject, attached] : world.attached()) {
    if (!graph.contains(subject)) continue;
    require(graph.contains(attached) || warnings.name(attached),
            text::cat(attached.text(), ", attached to ", subject.text(), ", is lost"));
  }
}

void export_to(const fs::path& archive, const std::vector<Root>& roots, const OpenSource& opener, std::size_t jobs) {
  const ImageSet set = discover(roots, opener, kAll, context(jobs));
  static_cast<void>(write_archive(set, archive, context(jobs)));
}

void check_reports(const fs::path& archive, const ImageSet& set) {
  const VerifyReport verified = verify({.archive = archive}, context(1));
  const InspectReport inspected = inspect(archive, context(1));
  require(verified.is_sealed && verified.images == set.images().size(), "verify counts other images");
  require(inspected.images.size() == set.images().size(), "inspect shows other images");
  for (std::size_t i = 0; i < set.images().size(); ++i) {
    const SetImage& image = set.images()[i];
    const InspectedImage& shown = inspected.images[i];
    require(shown.reference == image.reference && std::ranges::equal(shown.tags, image.tags) &&
                shown.also.empty() == image.also.empty() && shown.is_bundle == image.is_bundle &&
                shown.is_root == image.is_root && shown.is_referrer == image.is_referrer &&
                shown.locations.has_value() == image.is_bundle,
            "inspect shows an image otherwise");
  }
}

/// What a pull of each bundle relies on, and the bytes of everything.
void check_destination(const ImageSet& set, const std::shared_ptr<MemoryTarget>& target, bool root_tags) {
  CachingSource source(target, std::make_shared<CacheBudget>(1 << 20));
  for (const auto& [digest, node] : set.graph().manifests()) {
    const auto raw = target->manifest(digest.text());
    require(raw && raw->bytes == node.raw.bytes, text::cat("the destination lacks the manifest ", digest.text()));
  }
  for (const auto& [digest, blob] : set.graph().blobs()) {
    require(target->has_blob(digest), text::cat("the destination lacks the blob ", digest.text()));
  }
  for (const SetImage& image : set.images()) {
    require(target->resolve(image_tag(image.digest())) == image.digest(), "an image has no tag of its own");
    for (const std::string& tag : tags_to_put(image, root_tags)) {
      require(target->resolve(tag) == image.digest(), text::cat("the tag ", tag, " is another image's"));
    }
    if (!image.is_bundle) continue;
    const auto locations =
        find_locations(source, {kTo, std::nullopt, image.digest()}, image.lock, silent_progress(), {});
    require(locations.has_value(), "a bundle has no locations");
  }
}

bool is_sparse(const ImageSet& set) {
  return std::ranges::any_of(set.images(),
                             [&](const SetImage& image) { return !absent_below(set.graph(), image.digest()).empty(); });
}

/// A destination that takes no sparse index gets all that is whole; or, where such an index is needed, no root's tag.
void import_into_strict(const fs::path& archive) {
  const ImageSet set = load(archive);
  const bool root_tags = root_tags_are_clear(set);
  MemoryTarget target(kTo);
  Warnings warnings;
  Context telling = context(1);
  telling.progress = &warnings;
  try {
    static_cast<void>(relocate(set, everything_to(kTo), opener(target), {.to = kTo, .root_tags = root_tags}, telling));
  } catch (const Error& error) {
    require(error.code() == ErrorCode::Refused && error.message().find(" needs ") != std::string::npos,
            text::cat("a destination that takes no sparse index: ", error.message()));
    for (const char* tag : {"v1", "v2", "latest"}) {
      require(!target.resolve(tag).has_value(), "an import that failed put a root's tag");
    }
    return;
  }
  for (const SetImage& image : set.images()) {
    for (const Digest& digest : set.graph().closure(image.digest())) {
      const bool is_whole = absent_below(set.graph(), digest).empty();
      require(target.resolve(digest.text()).has_value() == is_whole, text::cat(digest.text(), " is there, or not"));
      const bool is_told = is_whole || digest != image.digest() || warnings.name(digest);
      require(is_told, text::cat("nobody was told that ", digest.text(), " was left out"));
      for (const Descriptor& blob : set.graph().blobs_of(digest)) {
        require(target.has_blob(blob.digest) || warnings.name(blob.digest),
                text::cat("nobody was told that the blob ", blob.digest.text(), " was left out"));
      }
    }
  }
}

/// A manifest by sha512 is refused before there is a file.
RoundTrip check_refused(RandomWorld& world, const fs::path& archive) {
  try {
    export_to(archive, world.roots(), world.opener(), 1);
  } catch (const Error& error) {
    require(error.code() == ErrorCode::Refused && error.message().find("has a digest by sha512") != std::string::npos,
            text::cat("a manifest by sha512: ", error.message()));
    require(fs::is_empty(archive.parent_path()), "an export that was refused left a file");
    return {.refused = 1};
  }
  throw Error(ErrorCode::Internal, "an archive with a manifest by sha512 was written");
}

void import_into(const std::shared_ptr<MemoryTarget>& target, const fs::path& archive) {
  const ImageSet set = load(archive);
  const bool root_tags = root_tags_are_clear(set);
  const RelocateOptions options{.to = kTo, .root_tags = root_tags};
  static_cast<void>(relocate(set, everything_to(kTo), opener(*target), options, context(1)));
  check_destination(set, target, root_tags);
  const auto before = target->operations();
  const TransferReport again = relocate(set, everything_to(kTo), opener(*target), options, context(1));
  require(again.manifests_written == 0 && again.blobs_written == 0 && target->operations() == before,
          "a second import writes again");
}

/// A registry of repositories in memory, made as they are named.
class MemoryRegistry {
 public:
  [[nodiscard]] OpenDestination opener() {
    return [this](const RepositoryName& name) -> Destination { return {name, at(name), at(name)}; };
  }
  MemoryTarget& at(const RepositoryName& name) {
    return repositories_.try_emplace(name, name, SparseIndexes::Taken).first->second;
  }
  [[nodiscard]] std::map<RepositoryName, std::map<std::string, Digest>> tags() {
    std::map<RepositoryName, std::map<std::string, Digest>> all;
    for (auto& [name, repository] : repositories_) all[name] = repository.tags();
    return all;
  }

 private:
  std::map<RepositoryName, MemoryTarget> repositories_;
};

/// Into a registry where each image keeps its names: all are there, with what is attached to them, and a second run
/// writes nothing.
void import_by_name(const fs::path& archive, RelocateOptions options) {
  const ImageSet set = load(archive);
  const Placement placement = placement_of(options);
  options.root_tags = root_tags_are_clear(set, placement);
  MemoryRegistry registry;
  const TransferReport report = relocate(set, placement, registry.opener(), options, context(1));
  for (const PlacedImage& name : report.names) {
    MemoryTarget& place = registry.at(name.to.name);
    require(place.resolve(*name.to.tag) == name.to.digest, text::cat(to_string(name.from), " is not where it was put"));
    for (const Digest& digest : set.graph().closure(*name.to.digest)) {
      require(place.resolve(digest.text()) == digest, "an image lacks a manifest in its own repository");
      for (const Descriptor& blob : set.graph().blobs_of(digest)) {
        require(place.has_blob(blob.digest), "an image lacks a blob in its own repository");
      }
    }
  }
  for (const SetImage& image : set.images()) {
    require(image.is_referrer ||
                std::ranges::any_of(report.names,
                                    [&](const PlacedImage& name) { return name.from.digest == image.digest(); }),
            "an image has no name");
    if (image.is_bundle && !options.by_name->only_own_repository) {
      const RepositoryName& home = std::ranges::find(report.names, image.digest(), [](const PlacedImage& name) {
                                     return *name.from.digest;
                                   })->to.name;
      for (const ImageRef& ref : image.lock.images) {
        require(registry.at(home).resolve(ref.image.digest->text()) == ref.image.digest,
                "a bundle's repository lacks one of its images");
      }
    }
  }
  const auto before = registry.tags();
  const TransferReport again = relocate(set, placement, registry.opener(), options, context(1));
  require(again.manifests_written == 0 && again.blobs_written == 0 && registry.tags() == before,
          "a second import by name writes again");
}

/// The roots of `set`, at the destination.
std::vector<Root> roots_inside(const ImageSet& set) {
  std::vector<Root> roots;
  std::set<std::string> taken;  // a repository has each tag once
  for (const SetImage& image : set.images()) {
    if (!image.is_root) continue;
    const auto kind = image.is_bundle ? SourceArgument::Kind::Bundle : SourceArgument::Kind::Image;
    Root root{.reference = {kTo, std::nullopt, image.digest()}, .tag = std::nullopt, .kind = kind};
    bool has_tag = false;
    for (const std::string& tag : all_tags(image)) {
      if (attachment_subject(tag) || !taken.insert(tag).second) continue;
      root.tag = tag;
      roots.push_back(root);
      has_tag = true;
    }
    if (!has_tag) roots.push_back(root);
  }
  return roots;
}

/// The destination alone: everything must be found there.
OpenSource open_only(const std::shared_ptr<MemoryTarget>& inside) {
  return [inside](const RepositoryName& name) -> std::shared_ptr<ImageSource> {
    require(name == kTo, text::cat("an export from the destination looks at ", to_string(name)));
    return inside;
  };
}

RoundTrip counted(const ImageSet& set, const fs::path& archive) {
  RoundTrip trip;
  std::map<std::string, std::size_t> uses;
  for (const InspectedImage& image : inspect(archive, context(1)).images) {
    if (image.locations) ++uses[image.locations->text()];
  }
  for (const auto& [locations, count] : uses) trip.shared_locations += count > 1 ? count : 0;
  for (const SetImage& image : set.images()) {
    ++trip.images;
    trip.bundles += image.is_bundle ? 1 : 0;
    trip.referrers += image.is_referrer ? 1 : 0;
    trip.sparse += absent_below(set.graph(), image.digest()).empty() ? 0 : 1;
  }
  return trip;
}

}  // namespace

RoundTrip make_round_trip(std::uint64_t seed) {
  RandomWorld world(seed);
  const TempDirectory directory = temp_directory();
  const fs::path first = directory.path() / "first.tar";
  if (world.has_sha512_manifest()) return check_refused(world, first);
  export_to(first, world.roots(), world.opener(), 1);
  Warnings warnings;
  Context telling = context(1);
  telling.progress = &warnings;
  const ImageSet set = discover(world.roots(), world.opener(), kAll, telling);
  check_nothing_lost(world, set, warnings);
  check_equal(set, load(first), "the archive holds something else than was exported");
  check_reports(first, set);

  const fs::path converted = directory.path() / "converted.tar";
  static_cast<void>(convert_archive({.archives = {first}, .output = converted}, context(2)));
  require(read_text(converted) == read_text(first), "a converted archive of our own has other bytes");

  if (is_sparse(set)) import_into_strict(first);
  const auto inside = std::make_shared<MemoryTarget>(kTo, SparseIndexes::Taken);
  import_into(inside, first);
  import_by_name(first, {.by_name = NamedDestination{.registry = "d.example", .keep_registry = true}});
  import_by_name(first,
                 {.by_name = NamedDestination{
                      .registry = "d.example", .prefix = "in", .keep_registry = true, .only_own_repository = true}});
  const fs::path again = directory.path() / "again.tar";
  export_to(again, roots_inside(set), open_only(inside), 2);
  const ImageSet after = load(again);
  const bool finds_more = finds_more_attached(set, after);
  // Of two images with one tag in two repositories, one has it in the end.
  const bool has_all_tags = root_tags_are_clear(set);
  if (!finds_more && has_all_tags) check_equal(set, after, "an export from the destination holds something else");

  const auto beyond = std::make_shared<MemoryTarget>(kTo, SparseIndexes::Taken);
  import_into(beyond, again);
  require(finds_more || !has_all_tags || beyond->tags() == inside->tags(),
          "two imports of the same images put different tags");
  const fs::path last = directory.path() / "last.tar";
  export_to(last, roots_inside(after), open_only(beyond), 1);
  require(read_text(last) == read_text(again), "exports from two equal destinations differ");
  return counted(set, first);
}

}  // namespace ociferry::testing
