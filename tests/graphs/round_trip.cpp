#include "round_trip.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "ferry/bundle_reader.hpp"
#include "ferry/export.hpp"
#include "ferry/load_archive.hpp"
#include "ferry/relocate.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "random_world.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

namespace {

namespace fs = std::filesystem;

const RepositoryName kTo{"inside.example", "my/apps"};
constexpr GatherOptions kAll{.referrers = Referrers::All};

void require(bool holds, std::string_view what) {
  if (!holds) throw Error(ErrorCode::Internal, std::string(what));
}

Context context(std::size_t jobs) { return {.registry = {.retry_delay = {}}, .jobs = jobs}; }

/// All that is said of an image, but for the places, which a relocation changes.
std::string described(const SetImage& image) {
  std::string text = text::cat(image.is_root ? "root " : "", image.is_bundle ? "bundle " : "",
                               image.is_referrer ? "referrer " : "", image.digest().text());
  for (const std::string& tag : image.tags) text += text::cat(" ", tag);
  for (const ImageRef& ref : image.lock.images) text += text::cat(" ", to_string(ref.image));
  return text;
}

std::set<std::string> described(const ImageSet& set) {
  std::set<std::string> all;
  for (const SetImage& image : set.images()) all.insert(described(image));
  require(all.size() == set.images().size(), "an image is in the set twice");
  for (const auto& [digest, node] : set.graph().manifests()) all.insert(digest.text() + " " + node.raw.bytes);
  for (const auto& [digest, blob] : set.graph().blobs()) all.insert("blob " + digest.text());
  return all;
}

void check_equal(const ImageSet& a, const ImageSet& b, std::string_view what) {
  const auto left = described(a);
  const auto right = described(b);
  if (left == right) return;
  std::vector<std::string> differs;
  std::ranges::set_symmetric_difference(left, right, std::back_inserter(differs));
  require(false, text::cat(what, ": ", text::join(differs, "\n  ")));
}

/// What is attached to an image was not found where it was exported from if it lay in another repository than the
/// image. In the one repository of the destination it is; so what came along for another reason shows as attached.
bool finds_more_attached(const ImageSet& before, const ImageSet& after) {
  return std::ranges::any_of(after.images(), [&](const SetImage& image) {
    return image.is_referrer && !before.contains(image.digest()) && before.graph().contains(image.digest());
  });
}

ImageSet load(const fs::path& archive) { return load_archive(open_image_archive(archive), context(1)); }

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
                shown.is_bundle == image.is_bundle && shown.is_root == image.is_root &&
                shown.is_referrer == image.is_referrer && shown.locations.has_value() == image.is_bundle,
            "inspect shows an image otherwise");
  }
}

/// Two images may have been asked for by the same tag, of different repositories.
bool root_tags_are_clear(const ImageSet& set) {
  try {
    check_tags(set, true);
    return true;
  } catch (const Error&) {
    return false;
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

void import_into(const std::shared_ptr<MemoryTarget>& target, const fs::path& archive) {
  const ImageSet set = load(archive);
  const bool root_tags = root_tags_are_clear(set);
  const Destination to{.name = kTo, .target = *target, .source = *target};
  const RelocateOptions options{.to = kTo, .root_tags = root_tags};
  static_cast<void>(relocate(set, to, options, context(1)));
  check_destination(set, target, root_tags);
  const auto before = target->operations();
  const TransferReport again = relocate(set, to, options, context(1));
  require(again.manifests_written == 0 && again.blobs_written == 0 && target->operations() == before,
          "a second import writes again");
}

/// The roots of `set`, at the destination.
std::vector<Root> roots_inside(const ImageSet& set) {
  std::vector<Root> roots;
  for (const SetImage& image : set.images()) {
    if (!image.is_root) continue;
    const auto kind = image.is_bundle ? SourceArgument::Kind::Bundle : SourceArgument::Kind::Image;
    Root root{.reference = {kTo, std::nullopt, image.digest()}, .tag = std::nullopt, .kind = kind};
    bool has_tag = false;
    for (const std::string& tag : image.tags) {
      if (attachment_subject(tag)) continue;
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
  }
  return trip;
}

}  // namespace

RoundTrip make_round_trip(std::uint64_t seed) {
  RandomWorld world(seed);
  const TempDirectory directory = temp_directory();
  const fs::path first = directory.path() / "first.tar";
  export_to(first, world.roots(), world.opener(), 1);
  const ImageSet set = discover(world.roots(), world.opener(), kAll, context(1));
  check_equal(set, load(first), "the archive holds something else than was exported");
  check_reports(first, set);

  const fs::path converted = directory.path() / "converted.tar";
  static_cast<void>(convert_archive({.archive = first, .output = converted}, context(2)));
  require(read_text(converted) == read_text(first), "a converted archive of our own has other bytes");

  const auto inside = std::make_shared<MemoryTarget>(kTo);
  import_into(inside, first);
  const fs::path again = directory.path() / "again.tar";
  export_to(again, roots_inside(set), open_only(inside), 2);
  const ImageSet after = load(again);
  const bool finds_more = finds_more_attached(set, after);
  if (!finds_more) check_equal(set, after, "an export from the destination holds something else");

  const auto beyond = std::make_shared<MemoryTarget>(kTo);
  import_into(beyond, again);
  require(finds_more || beyond->tags() == inside->tags(), "two imports of the same images put different tags");
  const fs::path last = directory.path() / "last.tar";
  export_to(last, roots_inside(after), open_only(beyond), 1);
  require(read_text(last) == read_text(again), "exports from two equal destinations differ");
  return counted(set, first);
}

}  // namespace ociferry::testing
