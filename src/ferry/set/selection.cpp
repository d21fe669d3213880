#include "ferry/set/selection.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "ferry/set/image_names.hpp"
#include "oci/given_reference.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kHubInside = "index.docker.io/";
constexpr std::string_view kHub = "docker.io/";

bool matches_any(const std::vector<std::string>& patterns, const std::vector<std::string>& names) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    return std::ranges::any_of(
        names, [&](const std::string& name) { return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
  });
}

/// What --bundle or --image names in an archive.
void add_requested(const std::string& text, bool is_bundle, const std::vector<ImageName>& all,
                   std::vector<ImageName>& requested) {
  const Reference wanted = given_reference(text);
  const auto is_wanted = [&](const ImageName& name) {
    if (name.repository != wanted.name) return false;
    return wanted.digest ? *wanted.digest == name.image->digest() : !wanted.tag || wanted.tag == name.tag;
  };
  std::vector<ImageName> found;
  std::ranges::copy_if(all, std::back_inserter(found), is_wanted);
  if (found.empty()) {
    throw Error(ErrorCode::Usage,
                text::cat("the archive has no '", text::printable(text), "', but:", list_of(references_of(all))));
  }
  std::erase_if(found, [&](const ImageName& name) { return name.image->is_bundle != is_bundle; });
  if (found.empty()) {
    throw Error(ErrorCode::Usage, text::cat("'", text::printable(text), "' is ", is_bundle ? "no" : "a", " bundle"))
        .hint(is_bundle ? "give it with --image" : "give it with --bundle");
  }
  requested.insert(requested.end(), found.begin(), found.end());
}

std::vector<ImageName> requested_names(const ImageSet& set, const Selection& selection) {
  std::vector<ImageName> requested;
  std::vector<ImageName> all;
  for (const SetImage& image : set.images()) {
    if (image.is_root) std::ranges::move(names_of(image), std::back_inserter(requested));
    if (!image.is_referrer) std::ranges::move(names_of(image), std::back_inserter(all));
  }
  if (selection.bundles.empty() && selection.images.empty()) return requested;
  requested.clear();
  for (const std::string& name : selection.bundles) add_requested(name, true, all, requested);
  for (const std::string& name : selection.images) add_requested(name, false, all, requested);
  return requested;
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
  const std::vector<ImageName> requested = requested_names(set, selection);
  std::vector<ImageName> chosen;
  std::vector<Reference> others;
  for (const ImageName& name : requested) {
    if (chooses(selection, {name.repository, name.tag, std::nullopt}, name.image->digest())) {
      chosen.push_back(name);
    } else {
      others.push_back(name.reference());
    }
  }
  tell_left_out(others, references_of(requested), progress);
  left_out.insert(left_out.end(), others.begin(), others.end());
  ImageSet selected = keep_names(set, chosen);
  tell_needed(selected, left_out, set, progress);
  return selected;
}

}  // namespace ociferry
