#include "ferry/set/absent_children.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "transfer/index_child.hpp"
#include "transfer/platform_choice.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kNamed = 10;

/// The wanted ones.
std::vector<Descriptor> absent_below(const Graph& graph, const Digest& image, const std::vector<Platform>& wanted) {
  std::map<Digest, Descriptor> absent;
  for (const Digest& digest : graph.closure(image)) {
    const std::set<Digest> others = other_platforms(children_of(graph.at(digest).parsed), wanted);
    for (Descriptor& child : graph.absent_children(digest)) {
      if (!others.contains(child.digest)) absent.emplace(child.digest, std::move(child));
    }
  }
  std::vector<Descriptor> all;
  for (auto& [digest, child] : absent) all.push_back(std::move(child));
  return all;
}

}  // namespace

std::vector<Descriptor> absent_below(const Graph& graph, const Digest& image) { return absent_below(graph, image, {}); }

std::size_t count_absent(const ImageSet& set) {
  std::set<Digest> absent;
  for (const PartialIndex& index : partial_indexes(set)) {
    for (const Descriptor& child : index.absent) absent.insert(child.digest);
  }
  return absent.size();
}

std::vector<PartialIndex> partial_indexes(const ImageSet& set) {
  std::vector<PartialIndex> partial;
  for (const SetImage& image : set.images()) {
    std::vector<Descriptor> absent = absent_below(set.graph(), image.digest());
    if (!absent.empty()) partial.push_back({.index = image.reference, .absent = std::move(absent)});
  }
  return partial;
}

std::optional<std::string> who_needs(const ImageSet& set, const SetImage& index) {
  if (index.is_referrer) return "what it is attached to";
  for (const SetImage& bundle : set.images()) {
    const bool lists = std::ranges::any_of(bundle.lock.images,
                                           [&](const ImageRef& ref) { return ref.image.digest == index.digest(); });
    if (lists) return text::cat("the bundle ", to_string(bundle.reference));
  }
  return std::nullopt;
}

void warn_of_absent_children(const ImageSet& set, Progress& progress, const std::vector<Platform>& wanted) {
  for (const SetImage& image : set.images()) {
    const std::vector<Descriptor> absent = absent_below(set.graph(), image.digest(), wanted);
    if (absent.empty()) continue;
    std::vector<std::string> names;
    for (const Descriptor& child : absent) {
      if (names.size() < kNamed) names.push_back(shown_child(child));
    }
    const std::string more = absent.size() > kNamed ? text::cat(" and ", absent.size() - kNamed, " more") : "";
    progress.warn(text::cat("of the index ", to_string(image.reference),
                            " only a part is there; absent: ", text::join(names, ", "), more));
  }
}

}  // namespace ociferry
