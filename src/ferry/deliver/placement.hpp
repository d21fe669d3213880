#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// Where names lead: a pure function from a name at the source, a repository and a tag if it has one, to the name at
/// the destination. The result has a tag if, and only if, the argument has one. Throws Error{Usage} for a name that
/// cannot be placed.
using NameRule = std::function<Reference(const Reference& name)>;

/// Where images go.
struct Placement {
  NameRule rule;
  /// A bundle's repository gets all of its images too, since imgpkg looks for them there, whatever locations say.
  bool beside_bundles = false;
  std::vector<AddedTag> added_tags = {};  ///< put wherever the names lead that they are given for
};

/// Puts all images in one repository, as imgpkg does.
[[nodiscard]] Placement everything_to(RepositoryName repository);

/// The repositories of one image, and the tags of people and attachments that it gets in each.
struct ImagePlaces {
  RepositoryName own;  ///< the one that locations and lock files name
  std::map<RepositoryName, std::set<std::string>> all = {};
};

/// Where the images of a set go, each with all of its names. What is attached to an image goes to all repositories of
/// that image, since verifiers look for it there.
class PlacedSet {
 public:
  /// `set` must outlive it. `root_tags`: the tags of the roots are put, too. Throws Error{Usage} if two images would
  /// claim one tag of a repository, if an added tag is not for one image of the set, and what the rule throws.
  PlacedSet(const ImageSet& set, const Placement& placement, bool root_tags);

  [[nodiscard]] const ImageSet& set() const noexcept { return set_; }
  [[nodiscard]] const ImagePlaces& of(const SetImage& image) const { return places_.at(image.digest()); }
  [[nodiscard]] const RepositoryName& own_of(const SetImage& image) const { return of(image).own; }
  /// The names of an image, in order, by digest; `to` has no tag where the image gets none. Of what is only attached to
  /// others: empty.
  [[nodiscard]] const std::vector<PlacedImage>& names_of(const SetImage& image) const;
  /// Where the images of `bundle` are in the end. Throws Error{Usage} if one of them is in another registry than the
  /// bundle, which locations cannot express.
  [[nodiscard]] Locations locations_of(const SetImage& bundle) const;

 private:
  class Holders;

  void place(const SetImage& image, const Placement& placement);
  void place_name(const SetImage& image, const RepositoryName& from, const std::set<std::string>& tags,
                  const NameRule& rule);
  void place_tag(const SetImage& image, const Reference& from, const Reference& to);
  void add_tag(const AddedTag& added);
  void place_beside(const SetImage& bundle);
  void place_attached(const NameRule& rule);
  void place_in(const SetImage& referrer, const std::set<RepositoryName>& repositories);
  [[nodiscard]] std::set<RepositoryName> repositories() const;
  void check_claims() const;

  const ImageSet& set_;
  bool root_tags_;
  std::map<Digest, ImagePlaces> places_;
  std::map<Digest, std::vector<PlacedImage>> names_;
};

}  // namespace ociferry
