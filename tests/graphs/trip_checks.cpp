#include "trip_checks.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <vector>

#include "base/text.hpp"
#include "ferry/gather/load_archive.hpp"
#include "layout/open_archive.hpp"
#include "ociferry/error.hpp"

namespace ociferry::testing {

void require(bool holds, std::string_view what) {
  if (!holds) throw Error(ErrorCode::Internal, std::string(what));
}

Context context(std::size_t jobs) { return {.registry = {.retry_delay = {}}, .jobs = jobs}; }

namespace {

/// All that is said of an image, but for the places, which a relocation changes.
std::string described(const SetImage& image) {
  std::string text = text::cat(image.is_root ? "root " : "", image.is_bundle ? "bundle " : "",
                               image.is_referrer ? "referrer " : "", image.digest().text());
  for (const std::string& tag : all_tags(image)) text += text::cat(" ", tag);
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

}  // namespace

void check_equal(const ImageSet& a, const ImageSet& b, std::string_view what) {
  const auto left = described(a);
  const auto right = described(b);
  if (left == right) return;
  std::vector<std::string> lost;
  std::vector<std::string> added;
  std::ranges::set_difference(left, right, std::back_inserter(lost));
  std::ranges::set_difference(right, left, std::back_inserter(added));
  require(false, text::cat(what, ":\nlost:\n  ", text::join(lost, "\n  "), "\nadded:\n  ", text::join(added, "\n  ")));
}

ImageSet load(const std::filesystem::path& archive) { return load_archive(open_image_archive(archive), context(1)); }

bool root_tags_are_clear(const ImageSet& set, const Placement& placement) {
  try {
    static_cast<void>(PlacedSet(set, placement, true));
    return true;
  } catch (const Error&) {
    return false;
  }
}

OpenDestination opener(MemoryTarget& target) {
  return [&](const RepositoryName& name) -> Destination { return {name, target, target}; };
}

}  // namespace ociferry::testing
