#include "ferry/set/selection.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/set/detach.hpp"
#include "oci/given_reference.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kHubInside = "index.docker.io/";
constexpr std::string_view kHub = "docker.io/";

/// One name of an image: its repository, and a tag if it has one there.
struct Name {
  const SetImage* image = nullptr;
  RepositoryName repository = {};
  std::optional<std::string> tag = {};

  [[nodiscard]] Reference reference() const {
    return {repository, tag, tag ? std::nullopt : std::optional(image->digest())};
  }
};

bool matches_any(const std::vector<std::string>& patterns, const std::vector<std::string>& names) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return std::ranges::any_of(
        names, [&](const std::string& name) { return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
  });
}

/// A line each.
std::string list_of(const std::vector<Reference>& names) {
  constexpr std::size_t kShown = 20;
  std::vector<std::string> texts;
  for (const Reference& name : names) texts.push_back(to_string(name));
  return text::listed(texts, kShown);
}

void add_names(const SetImage& image, std::vector<Name>& names) {
  auto places = image.also;
  places[image.reference.name].insert(image.tags.begin(), image.tags.end());
  for (const auto& [repository, tags] : places) {
    const std::size_t before = names.size();
    for (const std::string& tag : tags) {
      if (!attachment_subject(tag)) names.push_back({&image, repository, tag});
    }
    if (names.size() == before) names.push_back({&image, repository, std::nullopt});
  }
}

std::vector<Reference> references_of(const std::vector<Name>& names) {
  std::vector<Reference> all;
  for (const Name& name : names) all.push_back(name.reference());
  return all;
}

/// What --bundle or --image names in an archive.
void add_requested(const std::string& text, bool is_bundle, const std::vector<Name>& all,
                   std::vector<Name>& requested) {
  const Reference wanted = given_reference(text);
  const auto is_wanted = [&](const Name& name) {
    if (name.repository != wanted.name) return false;
    return wanted.digest ? *wanted.digest == name.image->digest() : !wanted.tag || wanted.tag == name.tag;
  };
  std::vector<Name> found;
  std::ranges::copy_if(all, std::back_inserter(found), is_wanted);
  if (found.empty()) {
    throw Error(ErrorCode::Usage,
                text::cat("the archive has no '", text::printable(text), "', but:", list_of(references_of(all))));
  }
  std::erase_if(found, [&](const Name& name) { return name.image->is_bundle != is_bundle; });
  if (found.empty()) {
    throw Error(ErrorCode::Usage, text::cat("'", text::printable(text), "' is ", is_bundle ? "no" : "a", " bundle"))
        .hint(is_bundle ? "give it with --image" : "give it with --bundle");
  }
  requested.insert(requested.end(), found.begin(), found.end());
}

std::vector<Name> requested_names(const ImageSet& set, const Selection& selection) {
  std::vector<Name> requested;
  std::vector<Name> all;
  for (const SetImage& image : set.images()) {
    if (image.is_root) add_names(image, requested);
    if (!image.is_referrer) add_names(image, all);
  }
  if (selection.bundles.empty() && selection.images.empty()) return requested;
  requested.clear();
  for (const std::string& name : selection.bundles) add_requested(name, true, all, requested);
  for (const std::string& name : selection.images) add_requested(name, false, all, requested);
  return requested;
}

/// Gathers what the chosen images need, and what is attached to that.
class Reach {
 public:
  explicit Reach(const ImageSet& set) : set_(set) {}

  void add(const SetImage& root) {
    std::vector<const SetImage*> pending{&root};
    while (!pending.empty()) {
      const SetImage& image = *pending.back();
      pending.pop_back();
      if (!images_.insert(image.digest()).second) continue;
      for (const Digest& digest : set_.graph().closure(image.digest())) manifests_.insert(digest);
      for (const Descriptor& child : absent_below(set_.graph(), image.digest())) manifests_.insert(child.digest);
      for (const ImageRef& ref : image.lock.images) {
        if (const SetImage* listed = set_.find(*ref.image.digest)) pending.push_back(listed);
      }
    }
  }

  /// Level by level, since what is attached may have attachments.
  void add_attached() {
    for (bool is_more = true; is_more;) {
      is_more = false;
      for (const SetImage& image : set_.images()) {
        if (image.is_bundle || has(image.digest())) continue;
        const std::set<Digest> subjects = subjects_of(set_, image);
        if (std::ranges::none_of(subjects, [&](const Digest& one) { return manifests_.contains(one); })) continue;
        attached_.insert(image.digest());
        add(image);
        is_more = true;
      }
    }
  }

  [[nodiscard]] bool has(const Digest& image) const { return images_.contains(image); }
  [[nodiscard]] bool is_attached(const Digest& image) const { return attached_.contains(image); }

 private:
  const ImageSet& set_;
  std::set<Digest> images_;
  std::set<Digest> attached_;
  std::set<Digest> manifests_;
};

/// `image` with these of its names only, as a root; or without a name of its own, as what others need.
SetImage with_names(const SetImage& image, const std::vector<Name>& chosen, bool is_attached) {
  SetImage kept = image;
  std::map<RepositoryName, std::set<std::string>> places;
  for (const Name& name : chosen) {
    if (name.image != &image) continue;
    auto& tags = places[name.repository];
    if (name.tag) tags.insert(*name.tag);
  }
  kept.is_root = !places.empty();
  kept.is_referrer = !kept.is_root && is_attached;
  std::erase_if(kept.tags, [](const std::string& tag) { return !attachment_subject(tag); });
  kept.also.clear();
  if (places.empty()) return kept;
  if (!places.contains(kept.reference.name)) kept.reference.name = places.begin()->first;
  kept.tags.merge(places.extract(kept.reference.name).mapped());
  kept.also = std::move(places);
  return kept;
}

/// Says which roots go although their names are left out.
void tell_needed(const ImageSet& selected, const std::vector<Reference>& left_out, const ImageSet& set,
                 Progress& progress) {
  std::size_t needed = 0;
  for (const SetImage& image : selected.images()) {
    if (image.is_root || !set.find(image.digest())->is_root) continue;
    ++needed;
    progress.debug(text::cat("needed by what is chosen: ", to_string(image.reference)));
  }
  if (needed == 0 || left_out.empty()) return;
  progress.warn(text::cat(needed, needed == 1 ? " image goes" : " images go",
                          " without a tag although not chosen: what is chosen needs it (--debug names it)"));
}

}  // namespace

bool chooses(const Selection& selection, const Reference& name, const std::optional<Digest>& digest) {
  const std::string repository = to_string(name.name);
  std::vector<std::string> names{repository};
  if (name.tag) names.push_back(text::cat(repository, ":", *name.tag));
  if (digest) names.push_back(text::cat(repository, "@", digest->text()));
  if (repository.starts_with(kHubInside)) {
    for (std::size_t i = names.size(); i-- > 0;) {
      names.push_back(text::cat(kHub, names[i].substr(kHubInside.size())));
    }
  }
  if (!selection.include.empty() && !matches_any(selection.include, names)) return false;
  return !matches_any(selection.exclude, names);
}

void tell_left_out(const std::vector<Reference>& left_out, const std::vector<Reference>& requested,
                   Progress& progress) {
  if (left_out.size() == requested.size()) {
    throw Error(ErrorCode::Usage, text::cat("--include and --exclude leave nothing of:", list_of(requested)))
        .hint("a pattern matches a whole name; * stands for any characters: --include '*/app:*'");
  }
  if (left_out.empty()) return;
  for (const Reference& name : left_out) progress.debug(text::cat("left out: ", to_string(name)));
  progress.notice(text::cat("left out ", left_out.size(), " of ", requested.size(),
                            " names, as the command line says (--debug lists them)"));
}

ImageSet select_images(const ImageSet& set, const Selection& selection, Progress& progress,
                       std::vector<Reference>& left_out) {
  const std::vector<Name> requested = requested_names(set, selection);
  std::vector<Name> chosen;
  std::vector<Reference> others;
  for (const Name& name : requested) {
    if (chooses(selection, {name.repository, name.tag, std::nullopt}, name.image->digest())) {
      chosen.push_back(name);
    } else {
      others.push_back(name.reference());
    }
  }
  tell_left_out(others, references_of(requested), progress);
  left_out.insert(left_out.end(), others.begin(), others.end());
  Reach reach(set);
  for (const Name& name : chosen) reach.add(*name.image);
  reach.add_attached();
  std::vector<SetImage> images;
  for (const SetImage& image : set.images()) {
    if (!reach.has(image.digest())) continue;
    images.push_back(with_names(image, chosen, reach.is_attached(image.digest())));
  }
  Graph graph = set.graph();
  graph.retain(manifests_of(images, graph));
  ImageSet selected(std::move(images), std::move(graph));
  tell_needed(selected, left_out, set, progress);
  return selected;
}

}  // namespace ociferry
