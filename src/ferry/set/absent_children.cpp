#include "ferry/set/absent_children.hpp"

#include <map>

#include "base/text.hpp"
#include "transfer/index_child.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kNamed = 10;

}  // namespace

std::vector<Descriptor> absent_below(const Graph& graph, const Digest& image) {
  std::map<Digest, Descriptor> absent;
  for (const Digest& digest : graph.closure(image)) {
    for (Descriptor& child : graph.absent_children(digest)) absent.emplace(child.digest, std::move(child));
  }
  std::vector<Descriptor> all;
  for (auto& [digest, child] : absent) all.push_back(std::move(child));
  return all;
}

void warn_of_absent_children(const ImageSet& set, Progress& progress) {
  for (const SetImage& image : set.images()) {
    const std::vector<Descriptor> absent = absent_below(set.graph(), image.digest());
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
