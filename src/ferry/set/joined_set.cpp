#include "ferry/set/joined_set.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "oci/tag_names.hpp"

namespace ociferry {

namespace {

/// The tags of an image in each of its repositories, without those that attach it to another image.
using NamesByRepository = std::map<RepositoryName, std::set<std::string>>;

void add_own_names(const SetImage& image, NamesByRepository& names) {
  if (image.is_root) names.try_emplace(image.reference.name);
  for (const std::string& tag : image.tags) {
    if (!attachment_subject(tag)) names[image.reference.name].insert(tag);
  }
  for (const auto& [name, tags] : image.also) names[name].insert(tags.begin(), tags.end());
}

}  // namespace

void join_image(SetImage& known, const SetImage& other) {
  NamesByRepository names;
  add_own_names(known, names);
  add_own_names(other, names);
  std::set<std::string> tags;
  for (const SetImage* image : {&std::as_const(known), &other}) {
    std::ranges::copy_if(image->tags, std::inserter(tags, tags.end()),
                         [](const std::string& tag) { return attachment_subject(tag).has_value(); });
  }
  if (names.empty()) {
    known.reference.name = std::min(known.reference.name, other.reference.name);
  } else {
    auto first = names.extract(names.begin());
    known.reference.name = first.key();
    tags.merge(first.mapped());
  }
  known.tags = std::move(tags);
  known.also = std::move(names);
  known.is_root = known.is_root || other.is_root;
  known.is_referrer = known.is_referrer && other.is_referrer;
  if (!known.is_bundle && other.is_bundle) known.lock = other.lock;  // what is attached is never read as a bundle
  known.is_bundle = known.is_bundle || other.is_bundle;
}

ImageSet join(ImageSet one, const ImageSet& other) {
  std::map<Digest, SetImage> images;
  for (const SetImage& image : one.images()) images.emplace(image.digest(), image);
  std::size_t listed = 0;
  for (const SetImage& image : other.images()) {
    const auto [known, is_new] = images.try_emplace(image.digest(), image);
    if (!is_new) join_image(known->second, image);
  }
  std::vector<SetImage> all;
  for (auto& [digest, image] : images) {
    check_listed(listed += image.lock.images.size());
    all.push_back(std::move(image));
  }
  Graph graph = std::move(one.graph());
  graph.add(other.graph());
  return {std::move(all), std::move(graph)};
}

}  // namespace ociferry
