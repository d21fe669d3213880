#include <utility>

#include "base/text.hpp"
#include "bundle/bundle.hpp"
#include "bundle/document.hpp"
#include "bundle/yaml.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kReadingImages = "Unmarshaling images lock";
constexpr std::string_view kCheckingImages = "Validating images lock";
constexpr std::string_view kReadingBundle = "Unmarshaling bundle lock";
constexpr std::string_view kCheckingBundle = "Validating bundle lock";
constexpr std::size_t kAnnotationShown = 100;

std::map<std::string, std::string> annotations_of(const YamlObject& entry) {
  std::map<std::string, std::string> annotations;
  for (const auto& [key, value] : entry.members("annotations")) {
    annotations.emplace(key, text_of(value, entry.path(text::cat("annotations: ", key.substr(0, kAnnotationShown)))));
  }
  return annotations;
}

struct UncheckedImage {
  std::string image;
  std::map<std::string, std::string> annotations;
};

std::vector<UncheckedImage> decode_images(const YamlObject& document) {
  std::vector<UncheckedImage> images;
  for (const Json& item : document.list("images")) {
    const YamlObject entry(item, text::cat(kReadingImages, ": images[", images.size(), "]"));
    entry.allow_only({"image", "annotations"});
    images.push_back({entry.text("image"), annotations_of(entry)});
  }
  return images;
}

Json lock_entry(const ImageRef& ref) {
  Json::Object entry;
  if (!ref.annotations.empty()) {
    entry.emplace_back("annotations", Json::Object(ref.annotations.begin(), ref.annotations.end()));
  }
  entry.emplace_back("image", to_string(ref.image));
  return entry;
}

/// False for most configurations, which need not be parsed then: neither the label is there, nor an escape (\u0064) of
/// one of its characters, which are small letters and dots. Go writes "&", "<" and ">" as escapes.
bool may_have_label(std::string_view config) {
  if (config.find(kBundleLabel) != std::string_view::npos) return true;
  constexpr std::string_view kEscape = "\\u00";
  for (auto at = config.find(kEscape); at != std::string_view::npos; at = config.find(kEscape, at + 1)) {
    const std::string_view code = config.substr(at + kEscape.size(), 2);
    if (code == "2e" || code == "2E" || code.starts_with('6') || code.starts_with('7')) return true;
  }
  return false;
}

}  // namespace

bool is_bundle_config(std::string_view config) {
  if (!may_have_label(config)) return false;
  const auto parsed = try_parse_image_config(config);
  return parsed && parsed->labels.contains(std::string(kBundleLabel));
}

ImagesLock ImagesLock::parse(std::string_view yaml) {
  const Json json = parse_yaml(yaml, kReadingImages, RepeatedKeys::Refuse);
  const YamlObject document(json, std::string(kReadingImages));
  document.allow_only({"apiVersion", "kind", "images"});
  std::vector<UncheckedImage> unchecked = decode_images(document);
  check_header(document, {"ImagesLock"}, kCheckingImages);
  ImagesLock lock;
  lock.images.reserve(unchecked.size());
  for (UncheckedImage& image : unchecked) {
    lock.images.push_back({parse_file_reference(image.image, kCheckingImages), std::move(image.annotations)});
  }
  return lock;
}

std::string ImagesLock::to_yaml() const {
  Json::Object content;
  if (!images.empty()) {
    Json::Array entries;
    entries.reserve(images.size());
    for (const ImageRef& ref : images) entries.push_back(lock_entry(ref));
    content.emplace_back("images", std::move(entries));
  }
  return write_document("ImagesLock", std::move(content));
}

bool is_bundle_lock(std::string_view yaml) {
  try {
    const Json json = parse_yaml(yaml, kReadingBundle, RepeatedKeys::Refuse);
    return YamlObject(json, std::string(kReadingBundle)).text("kind") == "BundleLock";
  } catch (const Error&) {
    return false;  // parsing it as either kind reports the error
  }
}

BundleLock BundleLock::parse(std::string_view yaml) {
  const Json json = parse_yaml(yaml, kReadingBundle, RepeatedKeys::Refuse);
  const YamlObject document(json, std::string(kReadingBundle));
  document.allow_only({"apiVersion", "kind", "bundle"});
  const YamlObject bundle(document.field("bundle"), document.path("bundle"));
  bundle.allow_only({"image", "tag"});
  const std::string image = bundle.text("image");
  std::string tag = bundle.text("tag");
  check_header(document, {"BundleLock"}, kCheckingBundle);
  BundleLock lock{parse_file_reference(image, kCheckingBundle), std::nullopt};
  if (!tag.empty()) lock.tag = std::move(tag);
  return lock;
}

std::string BundleLock::to_yaml() const {
  Json::Object bundle{{"image", to_string(image)}};
  if (tag) bundle.emplace_back("tag", *tag);
  return write_document("BundleLock", {{"bundle", std::move(bundle)}});
}

}  // namespace ociferry
