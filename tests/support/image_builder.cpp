#include "support/image_builder.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <memory>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"
#include "support/registry_server.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

namespace {

struct ArchiveCloser {
  void operator()(archive* handle) const noexcept { archive_write_free(handle); }
  void operator()(archive_entry* entry) const noexcept { archive_entry_free(entry); }
};

la_ssize_t append_written(archive* /*handle*/, void* text, const void* bytes, std::size_t size) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

void check(archive* handle, la_ssize_t result) {
  if (result < ARCHIVE_OK) throw Error(ErrorCode::Internal, archive_error_string(handle));
}

// One file, as a tar archive or, with the raw format, as nothing but its content, compressed.
std::string pack(const std::string& name, const std::string& content, int format, LayerCompression compression) {
  std::string out;
  const std::unique_ptr<archive, ArchiveCloser> writer(archive_write_new());
  check(writer.get(), archive_write_set_format(writer.get(), format));
  if (compression == LayerCompression::Gzip) {
    check(writer.get(), archive_write_add_filter_gzip(writer.get()));
    check(writer.get(), archive_write_set_filter_option(writer.get(), "gzip", "timestamp", nullptr));
  }
  if (compression == LayerCompression::Zstd) check(writer.get(), archive_write_add_filter_zstd(writer.get()));
  check(writer.get(), archive_write_set_bytes_in_last_block(writer.get(), 1));
  check(writer.get(), archive_write_open(writer.get(), &out, nullptr, append_written, nullptr));

  const std::unique_ptr<archive_entry, ArchiveCloser> entry(archive_entry_new());
  archive_entry_set_pathname(entry.get(), name.c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), 0644);
  archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
  check(writer.get(), archive_write_header(writer.get(), entry.get()));
  check(writer.get(), archive_write_data(writer.get(), content.data(), content.size()));
  check(writer.get(), archive_write_close(writer.get()));
  return out;
}

std::string layer_media_type(ImageFamily family, LayerCompression compression) {
  const bool oci = family == ImageFamily::Oci;
  std::string type = oci ? std::string(media_type::kOciLayer) : "application/vnd.docker.image.rootfs.diff.tar";
  if (compression == LayerCompression::Gzip) type += oci ? "+gzip" : ".gzip";
  if (compression == LayerCompression::Zstd) type += oci ? "+zstd" : ".zstd";
  return type;
}

struct Layer {
  Descriptor descriptor;
  Digest diff_id;
  std::string bytes;
};

Layer make_layer(const LayerRecipe& recipe, ImageFamily family) {
  const std::string name = text::cat("file-", recipe.seed, "-", recipe.size);
  const std::string tar = recipe.tar.empty() ? pack(name, random_bytes(recipe.size, recipe.seed),
                                                    ARCHIVE_FORMAT_TAR_USTAR, LayerCompression::None)
                                             : recipe.tar;
  const std::string bytes =
      recipe.compression == LayerCompression::None ? tar : pack("layer", tar, ARCHIVE_FORMAT_RAW, recipe.compression);
  const std::string type = recipe.media_type.empty() ? layer_media_type(family, recipe.compression) : recipe.media_type;
  return {{type, sha256(bytes), bytes.size()}, sha256(tar), bytes};
}

Json to_json(const Descriptor& descriptor) {
  Json::Object object{{"mediaType", descriptor.media_type},
                      {"digest", descriptor.digest.text()},
                      {"size", static_cast<std::int64_t>(descriptor.size)}};
  if (descriptor.platform) {
    Json::Object platform{{"architecture", descriptor.platform->architecture}, {"os", descriptor.platform->os}};
    if (!descriptor.platform->variant.empty()) platform.emplace_back("variant", descriptor.platform->variant);
    object.emplace_back("platform", platform);
  }
  return object;
}

std::string make_config(const ImageRecipe& recipe, const std::vector<Layer>& layers) {
  Json::Array diff_ids;
  for (const Layer& layer : layers) diff_ids.emplace_back(layer.diff_id.text());
  Json::Object labels;
  for (const auto& [key, value] : recipe.labels) labels.emplace_back(key, value);
  return Json(Json::Object{{"architecture", recipe.platform.architecture},
                           {"os", recipe.platform.os},
                           {"config", Json::Object{{"Labels", labels}}},
                           {"rootfs", Json::Object{{"type", "layers"}, {"diff_ids", diff_ids}}}})
      .dump();
}

RawManifest raw(std::string_view media_type, const Json& content) {
  std::string bytes = content.dump();
  Descriptor descriptor{std::string(media_type), sha256(bytes), bytes.size()};
  return {std::move(descriptor), std::move(bytes)};
}

void require(const HttpAnswer& answer, int status, const std::string& what) {
  if (answer.status == status) return;
  throw Error(ErrorCode::Internal, text::cat(what, ": the registry answered ", answer.status, "\n", answer.body));
}

void push_blob(const RegistryServer& registry, const std::string& base, const Digest& digest,
               const std::string& bytes) {
  if (registry.request("HEAD", text::cat(base, "blobs/", digest.text())).status == 200) return;
  const HttpAnswer upload = registry.request("POST", base + "blobs/uploads/");
  require(upload, 202, "starting an upload");
  const std::string location = upload.header("Location");
  const char joint = location.find('?') == std::string::npos ? '?' : '&';
  require(registry.request("PUT", text::cat(location, joint, "digest=", digest.text()),
                           {"Content-Type: application/octet-stream"}, bytes),
          201, "uploading a blob");
}

void push_manifest(const RegistryServer& registry, const std::string& base, const RawManifest& manifest,
                   const std::string& selector) {
  const HttpAnswer answer = registry.request("PUT", text::cat(base, "manifests/", selector),
                                             {"Content-Type: " + manifest.descriptor.media_type}, manifest.bytes);
  require(answer, 201, "uploading a manifest");
}

}  // namespace

Image make_image(const ImageRecipe& recipe) {
  const bool oci = recipe.family == ImageFamily::Oci;
  std::vector<Layer> layers;
  for (const LayerRecipe& layer : recipe.layers) layers.push_back(make_layer(layer, recipe.family));
  const std::string config = make_config(recipe, layers);
  const Descriptor config_descriptor{std::string(oci ? media_type::kOciConfig : media_type::kDockerConfig),
                                     sha256(config), config.size()};
  Json::Array layer_list;
  for (const Layer& layer : layers) layer_list.push_back(to_json(layer.descriptor));
  const std::string_view type = oci ? media_type::kOciManifest : media_type::kDockerManifest;
  RawManifest manifest = raw(
      type,
      Json::Object{
          {"schemaVersion", 2}, {"mediaType", type}, {"config", to_json(config_descriptor)}, {"layers", layer_list}});

  Image image{manifest.descriptor, {std::move(manifest)}, {{config_descriptor.digest, config}}};
  image.descriptor.platform = std::make_shared<const Platform>(recipe.platform);
  for (Layer& layer : layers) image.blobs.emplace(layer.descriptor.digest, std::move(layer.bytes));
  return image;
}

Image make_index(const std::vector<Image>& children, ImageFamily family) {
  const std::string_view type = family == ImageFamily::Oci ? media_type::kOciIndex : media_type::kDockerManifestList;
  Json::Array entries;
  for (const Image& child : children) entries.push_back(to_json(child.descriptor));
  RawManifest index = raw(type, Json::Object{{"schemaVersion", 2}, {"mediaType", type}, {"manifests", entries}});

  Image image{index.descriptor, {}, {}};
  for (const Image& child : children) {
    image.manifests.insert(image.manifests.end(), child.manifests.begin(), child.manifests.end());
    image.blobs.insert(child.blobs.begin(), child.blobs.end());
  }
  image.manifests.push_back(std::move(index));
  return image;
}

Image make_artifact(const std::string& type, const std::string& payload, const std::optional<Descriptor>& subject) {
  const auto descriptor = [](std::string_view media_type, const Digest& digest, std::size_t size) {
    return Json::Object{{"mediaType", media_type}, {"digest", digest.text()}, {"size", std::uint64_t{size}}};
  };
  Json::Object body{{"schemaVersion", 2},
                    {"mediaType", media_type::kOciManifest},
                    {"artifactType", type},
                    {"config", descriptor("application/vnd.oci.empty.v1+json", sha256("{}"), 2)},
                    {"layers", Json::Array{descriptor(type, sha256(payload), payload.size())}}};
  if (subject) body.emplace_back("subject", descriptor(subject->media_type, subject->digest, subject->size));
  std::string bytes = Json(std::move(body)).dump();
  const Descriptor own{std::string(media_type::kOciManifest), sha256(bytes), bytes.size()};
  return {own, {{own, std::move(bytes)}}, {{sha256("{}"), "{}"}, {sha256(payload), payload}}};
}

Image make_signature() {
  return make_image({.layers = {{.size = 20, .media_type = "application/vnd.dev.cosign.simplesigning.v1+json"}}});
}

Reference push_image(const RegistryServer& registry, const std::string& repository, const Image& image,
                     const std::string& tag) {
  const std::string base = text::cat("/v2/", repository, "/");
  for (const auto& [digest, bytes] : image.blobs) push_blob(registry, base, digest, bytes);
  for (const RawManifest& manifest : image.manifests) {
    push_manifest(registry, base, manifest, manifest.descriptor.digest.text());
  }
  Reference reference{{registry.host(), repository}, {}, image.descriptor.digest};
  if (!tag.empty()) {
    push_manifest(registry, base, image.manifests.back(), tag);
    reference.tag = tag;
  }
  return reference;
}

void write_layout(const Image& image, const std::filesystem::path& directory, const std::string& name) {
  const auto write_blob = [&](const Digest& digest, const std::string& bytes) {
    write_text(directory / "blobs" / digest.algorithm() / digest.hex(), bytes);
  };
  for (const auto& [digest, bytes] : image.blobs) write_blob(digest, bytes);
  for (const RawManifest& manifest : image.manifests) write_blob(manifest.descriptor.digest, manifest.bytes);
  Json::Object root = *to_json(image.descriptor).as_object();
  root.emplace_back("annotations", Json::Object{{"org.opencontainers.image.ref.name", name}});
  write_text(directory / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  write_text(directory / "index.json",
             Json(Json::Object{{"schemaVersion", 2}, {"manifests", Json::Array{root}}}).dump());
}

}  // namespace ociferry::testing
