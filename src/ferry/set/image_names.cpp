#include "ferry/set/image_names.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/suggestion.hpp"
#include "base/text.hpp"
#include "ferry/set/absent_children.hpp"
#include "ferry/set/detach.hpp"
#include "oci/given_reference.hpp"
#include "oci/tag_names.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kShownNames = 20;
constexpr std::size_t kLeastDigits = 4;  // of a digest that is cut short

/// "app:v1" of "registry.example.com/team/app:v1"
std::string_view last_part(std::string_view name) { return name.substr(name.rfind('/') + 1); }

std::optional<Reference> as_reference(std::string_view text) {
  try {
    return given_reference(text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos && text.size() >= kLeastDigits;
}

/// "sha256:" with the first digits of a digest, or all.
bool begins_digest(const Digest& digest, std::string_view text) {
  const auto colon = text.find(':');
  return colon != std::string_view::npos && is_hex(text.substr(colon + 1)) && digest.text().starts_with(text);
}

/// The end of a repository, with a tag or the beginning of a digest, or without.
struct NameEnd {
  explicit NameEnd(std::string_view text) {
    if (const auto at = text.find('@'); at != std::string_view::npos) {
      digest = text.substr(at + 1);
      text = text.substr(0, at);
    }
    const auto colon = text.rfind(':');
    if (colon != std::string_view::npos && text.find('/', colon) == std::string_view::npos) {
      if (!digest) tag = text.substr(colon + 1);
      text = text.substr(0, colon);
    }
    repository = text;
  }

  [[nodiscard]] bool fits(const ImageName& name) const {
    const std::string full = text::cat("/", to_string(name.repository));
    if (repository.empty() || !full.ends_with(text::cat("/", repository))) return false;
    return digest ? begins_digest(name.image->digest(), *digest) : !tag || tag == name.tag;
  }

  std::string_view repository;
  std::optional<std::string_view> tag;
  std::optional<std::string_view> digest;
};

/// The ways to name an image, the surest first.
std::vector<std::function<bool(const ImageName&)>> ways_to_mean(std::string_view text) {
  std::vector<std::function<bool(const ImageName&)>> ways;
  if (const auto wanted = as_reference(text)) {
    ways.emplace_back([wanted = *wanted](const ImageName& name) {
      if (name.repository != wanted.name) return false;
      return wanted.digest ? *wanted.digest == name.image->digest() : !wanted.tag || wanted.tag == name.tag;
    });
  }
  ways.emplace_back([text](const ImageName& name) { return begins_digest(name.image->digest(), text); });
  ways.emplace_back([text](const ImageName& name) { return name.tag == text; });
  ways.emplace_back([end = NameEnd(text)](const ImageName& name) { return end.fits(name); });
  if (is_hex(text)) {
    ways.emplace_back([text](const ImageName& name) { return name.image->digest().hex().starts_with(text); });
  }
  return ways;
}

/// The one of `references` whose last part, with or without tag, is spelled most like `word`; empty if none is.
std::string spelled_alike(const std::vector<Reference>& references, std::string_view word) {
  for (const bool with_tag : {true, false}) {
    std::vector<std::string> ends;
    for (const Reference& name : references) {
      ends.emplace_back(last_part(with_tag ? to_string(name) : to_string(name.name)));
    }
    const std::string meant = suggestion_for(word, ends);
    const auto found = std::ranges::find(ends, meant);
    if (meant.empty() || found == ends.end()) continue;
    return to_string(references[static_cast<std::size_t>(std::distance(ends.begin(), found))]);
  }
  return "";
}

Error unknown_image(const std::vector<ImageName>& names, std::string_view text) {
  const std::vector<Reference> references = references_of(names);
  Error error(ErrorCode::Usage,
              text::cat("the archive has no '", text::printable(text), "', but:", list_of(references)));
  if (const std::string meant = spelled_alike(references, last_part(text)); !meant.empty()) {
    return error.hint(text::cat("did you mean '", meant, "'?"));
  }
  return error.hint("'ociferry ls ARCHIVE' lists all of them; name one by reference, tag or digest");
}

/// What is attached to an image is in the same repository: a repository alone means the image.
void leave_out_attached(std::vector<ImageName>& found, std::string_view text) {
  const auto is_attached = [](const ImageName& name) { return name.image->is_referrer; };
  const bool is_digest =
      is_hex(text) || text.find('@') != std::string_view::npos || begins_digest(found.front().image->digest(), text);
  if (!is_digest && !std::ranges::all_of(found, is_attached)) std::erase_if(found, is_attached);
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
SetImage with_names(const SetImage& image, const std::vector<ImageName>& chosen, bool is_attached) {
  SetImage kept = image;
  std::map<RepositoryName, std::set<std::string>> places;
  for (const ImageName& name : chosen) {
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

/// Gives what only lock files list the smallest of the names there, as an export does.
void name_as_listed(std::vector<SetImage>& images) {
  std::map<Digest, Reference> listed;
  for (const SetImage& image : images) {
    for (const ImageRef& ref : image.lock.images) {
      const auto [known, is_new] = listed.try_emplace(*ref.image.digest, ref.image);
      if (!is_new && to_string(ref.image) < to_string(known->second)) known->second = ref.image;
    }
  }
  for (SetImage& image : images) {
    const auto name = listed.find(image.digest());
    if (!image.is_root && !image.is_referrer && name != listed.end()) image.reference.name = name->second.name;
  }
}

}  // namespace

Reference ImageName::reference() const {
  return {repository, tag, tag ? std::nullopt : std::optional(image->digest())};
}

std::vector<ImageName> names_of(const SetImage& image) {
  std::vector<ImageName> names;
  auto places = image.also;
  places[image.reference.name].insert(image.tags.begin(), image.tags.end());
  for (const auto& [repository, tags] : places) {
    const std::size_t before = names.size();
    for (const std::string& tag : tags) {
      if (!attachment_subject(tag)) names.push_back({&image, repository, tag});
    }
    if (names.size() == before) names.push_back({&image, repository, std::nullopt});
  }
  return names;
}

std::string list_of(const std::vector<Reference>& names) {
  std::vector<std::string> texts;
  for (const Reference& name : names) texts.push_back(to_string(name));
  return text::listed(texts, kShownNames);
}

std::vector<Reference> references_of(const std::vector<ImageName>& names) {
  std::vector<Reference> all;
  for (const ImageName& name : names) all.push_back(name.reference());
  return all;
}

std::vector<ImageName> matching_names(const std::vector<ImageName>& names, std::string_view text) {
  for (const auto& is_meant : ways_to_mean(text)) {
    std::vector<ImageName> found;
    std::ranges::copy_if(names, std::back_inserter(found), is_meant);
    if (found.empty()) continue;
    leave_out_attached(found, text);
    const auto is_other = [&](const ImageName& name) { return name.image != found.front().image; };
    if (std::ranges::none_of(found, is_other)) return found;
    throw Error(ErrorCode::Usage,
                text::cat("'", text::printable(text), "' is several images:", list_of(references_of(found))))
        .hint("name one of them by its repository and tag, or by its digest");
  }
  throw unknown_image(names, text);
}

const SetImage& image_meant(const ImageSet& set, std::string_view text) {
  std::vector<ImageName> names;
  for (const SetImage& image : set.images()) std::ranges::move(names_of(image), std::back_inserter(names));
  return *matching_names(names, text).front().image;
}

ImageSet keep_names(const ImageSet& set, const std::vector<ImageName>& chosen) {
  Reach reach(set);
  for (const ImageName& name : chosen) reach.add(*name.image);
  reach.add_attached();
  std::vector<SetImage> images;
  for (const SetImage& image : set.images()) {
    if (!reach.has(image.digest())) continue;
    images.push_back(with_names(image, chosen, reach.is_attached(image.digest())));
  }
  name_as_listed(images);
  Graph graph = set.graph();
  graph.retain(manifests_of(images, graph));
  return {std::move(images), std::move(graph)};
}

}  // namespace ociferry
