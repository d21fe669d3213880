#include "ferry/set/removal.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "ferry/set/image_names.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

bool is_same(const ImageName& one, const ImageName& other) {
  return one.image == other.image && one.repository == other.repository && one.tag == other.tag;
}

bool is_among(const ImageName& name, const std::vector<ImageName>& names) {
  return std::ranges::any_of(names, [&](const ImageName& one) { return is_same(one, name); });
}

/// What of `set` has `image` in its lock file, or what `image` is attached to.
std::vector<Reference> needed_by(const ImageSet& set, const SetImage& image) {
  std::vector<Reference> holders;
  const std::set<Digest> subjects = subjects_of(set, image);
  for (const SetImage& other : set.images()) {
    if (other.digest() == image.digest()) continue;
    const bool lists_it = std::ranges::any_of(other.lock.images,
                                              [&](const ImageRef& ref) { return *ref.image.digest == image.digest(); });
    const auto below = set.graph().closure(other.digest());
    const bool is_subject = std::ranges::any_of(below, [&](const Digest& one) { return subjects.contains(one); });
    if (lists_it || is_subject) holders.push_back(other.reference);
  }
  return holders;
}

/// Only roots were requested; everything else is there because of them.
Error no_root(const ImageSet& set, const SetImage& image) {
  const std::string what = image.is_referrer ? " goes with what it is attached to:" : " is there because of others:";
  return Error(ErrorCode::Usage,
               text::cat(to_string(image.reference), " was not requested, but", what, list_of(needed_by(set, image))))
      .hint("remove these, and it goes with them");
}

}  // namespace

Removal without_images(const ImageSet& set, const std::vector<std::string>& images) {
  std::vector<ImageName> all;
  std::vector<ImageName> roots;
  for (const SetImage& image : set.images()) {
    const std::vector<ImageName> names = names_of(image);
    all.insert(all.end(), names.begin(), names.end());
    if (image.is_root) roots.insert(roots.end(), names.begin(), names.end());
  }
  std::vector<ImageName> removed;
  for (const std::string& text : images) {
    for (const ImageName& name : matching_names(all, text)) {
      if (!name.image->is_root) throw no_root(set, *name.image);
      if (!is_among(name, removed)) removed.push_back(name);
    }
  }
  std::vector<ImageName> kept;
  std::ranges::copy_if(roots, std::back_inserter(kept),
                       [&](const ImageName& name) { return !is_among(name, removed); });
  if (kept.empty()) {
    throw Error(ErrorCode::Usage, text::cat("nothing would be left: these are all names that the archive has:",
                                            list_of(references_of(removed))))
        .hint("delete the file instead; nothing was changed");
  }
  Removal removal{.rest = keep_names(set, kept), .names = references_of(removed)};
  for (const SetImage& image : set.images()) {
    const SetImage* left = removal.rest.find(image.digest());
    if (left == nullptr) removal.gone.push_back(image.reference);
    if (left == nullptr || left->is_root || !image.is_root) continue;
    removal.still_there.push_back({.image = left->reference, .needed_by = needed_by(removal.rest, *left)});
  }
  return removal;
}

}  // namespace ociferry
