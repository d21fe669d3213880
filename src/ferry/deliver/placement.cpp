#include "ferry/deliver/placement.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "ferry/deliver/added_tags.hpp"
#include "layout/archive_names.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

Placement everything_to(RepositoryName repository) {
  return {.rule = [repository = std::move(repository)](const Reference& name) {
    return Reference{repository, name.tag, std::nullopt};
  }};
}

PlacedSet::PlacedSet(const ImageSet& set, const Placement& placement, bool root_tags)
    : set_(set), root_tags_(root_tags) {
  for (const SetImage& image : set.images()) {
    if (!image.is_referrer) place(image, placement);
  }
  for (const AddedTag& added : placement.added_tags) add_tag(added);
  if (placement.beside_bundles) {
    for (const SetImage& image : set.images()) {
      if (image.is_bundle) place_beside(image);
    }
  }
  place_attached(placement.rule);
  check_claims();
}

void PlacedSet::place(const SetImage& image, const Placement& placement) {
  place_name(image, image.reference.name, image.tags, placement.rule);
  for (const auto& [name, tags] : image.also) place_name(image, name, tags, placement.rule);
}

void PlacedSet::place_name(const SetImage& image, const RepositoryName& from, const std::set<std::string>& tags,
                           const NameRule& rule) {
  const std::size_t before = names_[image.digest()].size();
  for (const std::string& tag : tags) {
    if (attachment_subject(tag)) {
      place_tag(image, {from, tag, {}}, {rule({from, {}, {}}).name, tag, {}});
    } else if (!is_digest_tag(tag)) {
      // The tag decides where an image goes, or that it stays, also where it is not put.
      Reference to = rule({from, tag, {}});
      if (!root_tags_) to.tag.reset();
      place_tag(image, {from, tag, {}}, to);
    }
  }
  if (names_[image.digest()].size() == before) place_tag(image, {from, {}, {}}, rule({from, {}, {}}));
}

void PlacedSet::place_tag(const SetImage& image, const Reference& from, const Reference& to) {
  const Digest& digest = image.digest();
  names_[digest].push_back({.from = {from.name, from.tag, digest}, .to = {to.name, to.tag, digest}});
  ImagePlaces& places = places_.try_emplace(digest, ImagePlaces{.own = to.name}).first->second;
  std::set<std::string>& tags = places.all[to.name];
  if (to.tag) tags.insert(*to.tag);
}

void PlacedSet::add_tag(const AddedTag& added) {
  const SetImage& image = image_of(set_, added);
  const GivenName given(added.image);
  std::vector<PlacedImage>& names = names_.at(image.digest());
  for (std::size_t i = 0, count = names.size(); i < count; ++i) {
    if (!given.is(names[i].from)) continue;
    const RepositoryName repository = names[i].to.name;
    if (!places_.at(image.digest()).all.at(repository).insert(added.tag).second) continue;
    if (!names[i].to.tag) {
      names[i].to.tag = added.tag;
    } else {
      names.push_back({.from = names[i].from, .to = {repository, added.tag, image.digest()}});
    }
  }
}

/// Puts all images of `bundle`, and of the bundles in it, into its repositories.
void PlacedSet::place_beside(const SetImage& bundle) {
  std::set<Digest> reached;
  const auto visit = [&](const auto& self, const SetImage& outer) -> void {
    for (const ImageRef& ref : outer.lock.images) {
      const SetImage* const image = set_.find(*ref.image.digest);
      if (image == nullptr || !reached.insert(image->digest()).second) continue;
      for (const auto& [repository, tags] : of(bundle).all) places_.at(image->digest()).all[repository];
      self(self, *image);
    }
  };
  visit(visit, bundle);
}

/// The repositories of everything that is placed, by the digests of its manifests.
class PlacedSet::Holders {
 public:
  explicit Holders(const PlacedSet& placed) : placed_(placed) {}

  void add(const SetImage& image) {
    for (const Digest& digest : placed_.set_.graph().closure(image.digest())) {
      for (const auto& [repository, tags] : placed_.of(image).all) holders_[digest].insert(repository);
    }
  }
  /// Those of what `image` is attached to.
  [[nodiscard]] std::set<RepositoryName> of_subjects(const SetImage& image) const {
    std::set<RepositoryName> all;
    for (const Digest& subject : subjects_of(placed_.set_, image)) {
      const auto held = holders_.find(subject);
      if (held != holders_.end()) all.insert(held->second.begin(), held->second.end());
    }
    return all;
  }

 private:
  const PlacedSet& placed_;
  std::map<Digest, std::set<RepositoryName>> holders_;
};

void PlacedSet::place_attached(const NameRule& rule) {
  std::vector<const SetImage*> pending;
  for (const SetImage& image : set_.images()) {
    if (image.is_referrer) pending.push_back(&image);
  }
  if (pending.empty()) return;
  const std::set<RepositoryName> taken = repositories();
  if (taken.size() == 1) {
    for (const SetImage* image : pending) place_in(*image, taken);
    return;
  }
  Holders holders(*this);
  for (const SetImage& image : set_.images()) {
    if (!image.is_referrer) holders.add(image);
  }
  // Level by level, since what is attached may be attached to what is attached.
  while (!pending.empty()) {
    const auto placed = std::stable_partition(
        pending.begin(), pending.end(), [&](const SetImage* image) { return holders.of_subjects(*image).empty(); });
    // What the others were attached to has been left out.
    if (placed == pending.end()) break;
    std::for_each(placed, pending.end(), [&](const SetImage* image) { place_in(*image, holders.of_subjects(*image)); });
    std::for_each(placed, pending.end(), [&](const SetImage* image) { holders.add(*image); });
    pending.erase(placed, pending.end());
  }
  for (const SetImage* image : pending) place_in(*image, {rule({image->reference.name, {}, {}}).name});
}

void PlacedSet::place_in(const SetImage& referrer, const std::set<RepositoryName>& repositories) {
  ImagePlaces& places = places_.emplace(referrer.digest(), ImagePlaces{.own = *repositories.begin()}).first->second;
  for (const RepositoryName& repository : repositories) {
    places.all[repository] = tags_to_put(referrer.tags, root_tags_);
  }
}

std::set<RepositoryName> PlacedSet::repositories() const {
  std::set<RepositoryName> all;
  for (const auto& [digest, places] : places_) {
    for (const auto& [repository, tags] : places.all) all.insert(repository);
  }
  return all;
}

void PlacedSet::check_claims() const {
  std::map<std::pair<RepositoryName, std::string>, const SetImage*> owners;
  for (const SetImage& image : set_.images()) {
    for (const auto& [repository, tags] : of(image).all) {
      for (const std::string& tag : tags) {
        const auto [owner, is_new] = owners.emplace(std::pair(repository, tag), &image);
        if (!is_new) throw two_claims(tag, *owner->second, image);
      }
    }
  }
}

const std::vector<PlacedImage>& PlacedSet::names_of(const SetImage& image) const {
  static const std::vector<PlacedImage> kNone;
  const auto known = names_.find(image.digest());
  return known == names_.end() ? kNone : known->second;
}

Locations PlacedSet::locations_of(const SetImage& bundle) const {
  const RepositoryName& home = own_of(bundle);
  Locations locations = relocatable_locations(set_, bundle);
  for (LocationEntry& entry : locations.entries) {
    const SetImage* const image = set_.find(*entry.image.digest);
    const RepositoryName place = image == nullptr ? home : own_of(*image);
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
