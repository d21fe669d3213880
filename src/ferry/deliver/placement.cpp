#include "ferry/deliver/placement.hpp"

#include <map>
#include <vector>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

Placement everything_to(RepositoryName repository) {
  return [repository = std::move(repository)](const SetImage&) { return repository; };
}

void check_tags(const ImageSet& set, const Placement& placement, bool root_tags) {
  std::map<RepositoryName, std::vector<const SetImage*>> images;
  for (const SetImage& image : set.images()) images[placement(image)].push_back(&image);
  for (const auto& [repository, together] : images) check_tags(together, root_tags);
}

Locations placed_locations(const ImageSet& set, const SetImage& bundle, const Placement& placement) {
  const RepositoryName home = placement(bundle);
  Locations locations = relocatable_locations(set, bundle);
  for (LocationEntry& entry : locations.entries) {
    const SetImage* const image = set.find(*entry.image.digest);
    const RepositoryName place = image == nullptr ? home : placement(*image);
    if (place.registry != home.registry) {
      throw Error(ErrorCode::Usage, text::cat(to_string(entry.image), " would go to ", to_string(place),
                                              ", and the bundle that lists it to ", to_string(home)))
          .hint("a bundle and its images must be in one registry: choose repositories of the same one");
    }
    entry.repository = place.repository;
  }
  return locations;
}

}  // namespace ociferry
