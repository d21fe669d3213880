#include "base/context.hpp"
#include "base/text.hpp"
#include "layout/archive_names.hpp"
#include "layout/foreign/listed_archive.hpp"
#include "oci/json.hpp"
#include "oci/limits.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kRootLabel = "dev.carvel.imgpkg.copy.root-bundle";

/// The member named `key`, ignoring case like Go's decoder. Names that differ only in case are refused: readers would
/// disagree about which one counts.
const Json* find_member(const Json& json, std::string_view key) {
  const Json* found = nullptr;
  if (json.as_object() == nullptr) return nullptr;
  for (const auto& [name, value] : *json.as_object()) {
    if (!text::equals_ignoring_case(name, key)) continue;
    if (found != nullptr) throw Error(ErrorCode::Hostile, text::cat("manifest.json: \"", key, "\" is given twice"));
    found = &value;
  }
  return found == nullptr || found->is_null() ? nullptr : found;
}

/// The string at `key`; empty if absent or null.
std::string text_member(const Json& json, std::string_view key) {
  const Json* value = find_member(json, key);
  if (value == nullptr) return {};
  if (value->as_string() == nullptr) {
    throw Error(ErrorCode::Hostile, text::cat("manifest.json: \"", key, "\" is not a string"));
  }
  return *value->as_string();
}

const Json::Array& list_member(const Json& json, std::string_view key) {
  static const Json::Array kNone;
  const Json* value = find_member(json, key);
  if (value == nullptr) return kNone;
  if (value->as_array() == nullptr) {
    throw Error(ErrorCode::Hostile, text::cat("manifest.json: \"", key, "\" is not a list"));
  }
  return *value->as_array();
}

/// The text in "Raw", which must have the digest in "Digest".
std::pair<Digest, std::string> raw_member(const Json& json, std::string_view what) {
  std::string raw = text_member(json, "Raw");
  const auto promised = Digest::try_parse(text_member(json, "Digest"));
  if (!promised) throw Error(ErrorCode::Hostile, text::cat("manifest.json: a ", what, " has no well-formed digest"));
  if (const Digest actual = digest_of(raw, promised->algorithm()); actual != *promised) {
    throw Error(ErrorCode::Corrupt, text::cat("manifest.json: the ", what, " ", promised->text(),
                                              " is damaged: its digest is ", actual.text()));
  }
  return {*promised, std::move(raw)};
}

/// The name from the lock file, or else where the image was read.
Reference reference_of(const Json& image, const Digest& digest) {
  const Json::Array& refs = list_member(image, "Refs");
  if (refs.empty() || refs.front().as_string() == nullptr) {
    throw Error(ErrorCode::Hostile, text::cat("manifest.json: the image ", digest.text(), " has no Refs"));
  }
  const std::string original = text_member(image, "OrigRef");
  const std::string& name = original.empty() ? *refs.front().as_string() : original;
  try {
    Reference reference = parse_digest_reference(name);
    if (reference.digest == digest) return reference;
  } catch (const Error& error) {
    throw Error(ErrorCode::Hostile,
                text::cat("manifest.json: the image ", digest.text(), " has a malformed name: ", error.message()));
  }
  throw Error(ErrorCode::Corrupt, text::cat("manifest.json: the image ", digest.text(), " is called ", name));
}

class ImgpkgReader {
 public:
  void add_entry(const Json& entry) {
    const Json* image = find_member(entry, "Image");
    const Json* index = find_member(entry, "ImageIndex");
    if ((image == nullptr) == (index == nullptr)) {
      throw Error(ErrorCode::Hostile, "manifest.json: an entry is not exactly one of Image and ImageIndex");
    }
    const Digest digest = image != nullptr ? add_image(*image) : add_index(*index, 1);
    add_item(digest, image != nullptr ? *image : *index);
  }

  ListedContents take() {
    contents_.items = items_.take();
    return std::move(contents_);
  }

 private:
  Digest add_image(const Json& image) {
    static const Json kNothing;
    const Json* manifest = find_member(image, "Manifest");
    const Digest digest = add_manifest(manifest == nullptr ? kNothing : *manifest);
    if (const Json* config = find_member(image, "Config")) {
      auto [config_digest, raw] = raw_member(*config, "configuration");
      contents_.configs.emplace(std::move(config_digest), std::move(raw));
    }
    return digest;
  }

  Digest add_index(const Json& index, std::size_t depth) {
    check_depth("indexes", depth);
    const Digest digest = add_manifest(index);
    for (const Json& child : list_member(index, "Images")) add_image(child);
    for (const Json& child : list_member(index, "Indexes")) add_index(child, depth + 1);
    return digest;
  }

  Digest add_manifest(const Json& json) {
    auto member = raw_member(json, "manifest");
    const Digest digest = member.first;  // clang 14 cannot capture structured bindings
    RawManifest manifest{.descriptor = {.media_type = text_member(json, "MediaType"), .digest = digest},
                         .bytes = std::move(member.second)};
    manifest.descriptor.size = manifest.bytes.size();
    const auto doing = [&] { return text::cat("reading the manifest ", digest.text(), " in manifest.json"); };
    with_context(doing, [&] {
      const auto parsed = parse_manifest(manifest.bytes, manifest.descriptor.media_type);
      if (const auto* image = std::get_if<Manifest>(&parsed)) add_layers(*image);
      manifest.descriptor.media_type =
          std::visit([](const auto& kind) -> const std::string& { return kind.media_type; }, parsed);
    });
    contents_.manifests.emplace(digest, std::move(manifest));
    return digest;
  }

  void add_layers(const Manifest& image) {
    for (const Descriptor& layer : image.layers) {
      contents_.layers.emplace(layer.digest, text::cat(layer.digest.algorithm(), "-", layer.digest.hex(), ".tar.gz"));
    }
  }

  void add_item(const Digest& digest, const Json& image) {
    ArchiveItem item{.descriptor = contents_.manifests.at(digest).descriptor, .reference = reference_of(image, digest)};
    const Json* labels = find_member(image, "Labels");
    if (labels != nullptr && labels->find(kRootLabel) != nullptr) {
      if (root_ && *root_ != digest) {
        throw Error(ErrorCode::Hostile, text::cat("manifest.json: two images are marked as the root bundle: ",
                                                  root_->text(), " and ", digest.text()));
      }
      root_ = digest;
      item.is_root = true;
    }
    items_.add(std::move(item), {text_member(image, "Tag")});
  }

  ListedContents contents_;
  ItemList items_;
  std::optional<Digest> root_;
};

}  // namespace

ListedContents read_imgpkg_manifest(std::string_view json) {
  const Json list = Json::parse(json, "manifest.json");
  if (list.as_array() == nullptr) throw Error(ErrorCode::Hostile, "manifest.json: not a list of images");
  ImgpkgReader reader;
  for (const Json& entry : *list.as_array()) reader.add_entry(entry);
  ListedContents contents = reader.take();
  if (contents.items.empty()) throw Error(ErrorCode::Hostile, "manifest.json: it lists no images");
  return contents;
}

}  // namespace ociferry
