#include "ferry/deliver/added_tags.hpp"

#include <vector>

#include "base/text.hpp"
#include "base/user_info.hpp"
#include "layout/archive_names.hpp"
#include "oci/given_reference.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

std::string full_name(const Reference& name) {
  return text::cat(to_string(name.name), name.tag ? ":" + *name.tag : "", "@", name.digest->text());
}

/// The names of `image` at the source, by digest.
std::vector<Reference> source_names(const SetImage& image) {
  std::vector<Reference> names;
  const auto add = [&](const RepositoryName& name, const std::set<std::string>& tags) {
    const std::size_t before = names.size();
    for (const std::string& tag : tags) {
      if (!is_digest_tag(tag)) names.push_back({name, tag, image.digest()});
    }
    if (names.size() == before) names.push_back(Reference::by_digest(name, image.digest()));
  };
  add(image.reference.name, image.tags);
  for (const auto& [name, tags] : image.also) add(name, tags);
  return names;
}

Error no_single_image(const AddedTag& added, std::string_view why, const std::vector<Reference>& names) {
  std::vector<std::string> list;
  for (const Reference& name : names) list.push_back(full_name(name));
  return Error(ErrorCode::Usage, text::cat("the tag '", added.tag, "' is for '", text::printable(added.image), "', ",
                                           why, text::listed(list)))
      .hint("name the image by REPOSITORY, REPOSITORY:TAG, REPOSITORY@DIGEST or DIGEST, as it is listed");
}

}  // namespace

AddedTag parse_added_tag(std::string_view argument) {
  const auto equals = argument.rfind('=');
  const auto refuse = [&](std::string_view why) {
    throw Error(ErrorCode::Usage, text::cat("'", text::printable(without_user_info(argument)), "' ", why))
        .hint("IMAGE is a repository, REPOSITORY:TAG, REPOSITORY@DIGEST or DIGEST at the source");
  };
  if (equals == std::string_view::npos || equals == 0) refuse("is not of the form IMAGE=TAG");
  AddedTag added{.image = std::string(argument.substr(0, equals)), .tag = std::string(argument.substr(equals + 1))};
  if (!is_valid_tag(added.tag)) refuse("has a tag that registries do not accept");
  if (is_digest_tag(added.tag) || attachment_subject(added.tag)) {
    refuse("has a tag of the kind that is made from digests; those are put without being asked for");
  }
  static_cast<void>(GivenName(added.image));
  return added;
}

GivenName::GivenName(const std::string& text) {
  if (auto digest = Digest::try_parse(text)) {
    name_.digest = std::move(digest);
  } else {
    name_ = given_reference(text);
  }
}

bool GivenName::is(const Reference& name) const {
  return (name_.name == RepositoryName{} || name_.name == name.name) && (!name_.tag || name_.tag == name.tag) &&
         (!name_.digest || name_.digest == name.digest);
}

const SetImage& image_of(const ImageSet& set, const AddedTag& added) {
  const GivenName given(added.image);
  std::vector<Reference> all;
  std::vector<Reference> matching;
  const SetImage* found = nullptr;
  std::size_t images = 0;
  for (const SetImage& image : set.images()) {
    if (image.is_referrer) continue;
    bool is_match = false;
    for (Reference& name : source_names(image)) {
      if (given.is(name)) matching.push_back(name);
      is_match = is_match || given.is(name);
      all.push_back(std::move(name));
    }
    if (!is_match) continue;
    found = &image;
    ++images;
  }
  if (found == nullptr) throw no_single_image(added, "which is no image here; there are:", all);
  if (images > 1) throw no_single_image(added, "which more than one image is called:", matching);
  return *found;
}

}  // namespace ociferry
