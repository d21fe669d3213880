#include "ferry/open_store.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/text.hpp"
#include "ferry/gather/load_archives.hpp"
#include "ferry/set/image_names.hpp"
#include "oci/platform.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

std::vector<ImageName> root_names(const ImageSet& set) {
  std::vector<ImageName> names;
  for (const SetImage& image : set.images()) {
    if (image.is_root) std::ranges::move(names_of(image), std::back_inserter(names));
  }
  return names;
}

/// The child of an index that `name`, a digest or a reference by digest, is.
std::optional<ChosenImage> child_named(const ImageSet& set, const std::string& name) {
  const auto digest = Digest::try_parse(std::string_view(name).substr(name.find('@') + 1));
  if (!digest || set.contains(*digest) || !set.graph().contains(*digest)) return std::nullopt;
  const auto* manifest = std::get_if<Manifest>(&set.graph().at(*digest).parsed);
  if (manifest == nullptr) return std::nullopt;
  for (const SetImage& image : set.images()) {
    const auto below = set.graph().closure(image.digest());
    if (std::ranges::find(below, *digest) == below.end()) continue;
    return ChosenImage{Reference::by_digest(image.reference.name, *digest), manifest};
  }
  return std::nullopt;
}

/// The images below an index that run somewhere, in its order.
void add_images(const Graph& graph, const Digest& index, std::vector<Descriptor>& images) {
  for (const Descriptor& child : children_of(graph.at(index).parsed)) {
    if (!graph.contains(child.digest)) continue;
    if (std::holds_alternative<ImageIndex>(graph.at(child.digest).parsed)) {
      add_images(graph, child.digest, images);
    } else if (child.platform == nullptr || is_real(*child.platform)) {
      images.push_back(child);
    }
  }
}

std::string platform_of(const Descriptor& child) {
  return child.platform ? full_name(*child.platform) : child.digest.text();
}

Error no_choice(const SetImage& index, const std::vector<Descriptor>& images, const std::vector<Platform>& platforms) {
  std::vector<std::string> names;
  for (const Descriptor& child : images) names.push_back(platform_of(child));
  const bool finds_none = !platforms.empty();
  Error error(finds_none ? ErrorCode::NotFound : ErrorCode::Usage,
              text::cat(to_string(index.reference),
                        finds_none ? " has no image for that platform, but:" : " has images for several platforms:",
                        text::listed(names)));
  const std::string example = names.empty() ? "OS/ARCH" : names.front();
  return error.hint(text::cat("choose one with --platform ", example, ", or name an image by its digest"));
}

ChosenImage child_for(const ImageSet& set, const SetImage& index, const std::vector<Platform>& platforms) {
  std::vector<Descriptor> all;
  add_images(set.graph(), index.digest(), all);
  std::vector<Descriptor> fitting = all;
  if (!platforms.empty()) {
    std::erase_if(fitting,
                  [&](const Descriptor& child) { return !child.platform || !is_for(*child.platform, platforms); });
  }
  if (fitting.empty()) throw no_choice(index, all, platforms);
  const auto is_other = [&](const Descriptor& child) { return child.digest != fitting.front().digest; };
  if (std::ranges::any_of(fitting, is_other)) throw no_choice(index, fitting, {});
  const Digest& digest = fitting.front().digest;
  return {Reference::by_digest(index.reference.name, digest), &std::get<Manifest>(set.graph().at(digest).parsed)};
}

}  // namespace

ImageArchive& OpenStore::holder_of(const Digest& blob) const {
  if (archive->size_of(blob)) return *archive;
  const auto base = std::ranges::find_if(bases, [&](const auto& one) { return one->size_of(blob).has_value(); });
  return base == bases.end() ? *archive : **base;
}

OpenStore open_store(const std::filesystem::path& path, const std::vector<std::filesystem::path>& bases,
                     const Context& context) {
  LoadedArchives loaded = load_archives({path}, {}, context, bases);
  OpenStore store{.archive = loaded.to_verify.front().archive, .set = std::move(loaded.set)};
  for (std::size_t i = 1; i < loaded.to_verify.size(); ++i) store.bases.push_back(loaded.to_verify[i].archive);
  return store;
}

const SetImage& only_root(const ImageSet& set) {
  const std::vector<ImageName> names = root_names(set);
  const auto is_other = [&](const ImageName& name) { return name.image != names.front().image; };
  if (!names.empty() && std::ranges::none_of(names, is_other)) return *names.front().image;
  throw Error(ErrorCode::Usage,
              text::cat("the archive holds more than one image, so name one of:", list_of(references_of(names))));
}

ChosenImage choose_image(const OpenStore& store, const std::string& name, const std::vector<Platform>& platforms) {
  if (auto child = child_named(store.set, name)) return *std::move(child);
  const SetImage& image = name.empty() ? only_root(store.set) : image_meant(store.set, name);
  const auto* manifest = std::get_if<Manifest>(&store.set.graph().at(image.digest()).parsed);
  if (manifest == nullptr) return child_for(store.set, image, platforms);
  return {image.reference, manifest};
}

}  // namespace ociferry
