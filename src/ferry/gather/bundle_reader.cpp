#include "ferry/gather/bundle_reader.hpp"

#include <vector>

#include "archive/layer_reader.hpp"
#include "base/sizes.hpp"
#include "base/text.hpp"
#include "bundle/limits.hpp"
#include "bundle/locations_image.hpp"
#include "credentials/finding.hpp"
#include "oci/limits.hpp"
#include "oci/platform.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/auth.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"
#include "store/limits.hpp"
#include "stream/memory.hpp"
#include "stream/verify.hpp"

namespace ociferry {

namespace {

/// A file of a layer, after the whole layer was verified; nullopt for a layer that is not a tar.
std::optional<std::string> file_in_layer(CachingSource& source, const Descriptor& layer, std::string_view path,
                                         const UnpackLimits& limits, const std::stop_token& stop) {
  const std::string name = source.name_of(layer.digest);
  const auto fits = [path](std::string_view member) { return member == path; };
  const auto find = [&](ByteSource& content) -> std::optional<std::string> {
    try {
      return find_file(content, fits, limits::kYamlBytes, name, limits);
    } catch (const Error& error) {
      if (error.reason() != ErrorReason::NotTar) throw;
      std::vector<std::byte> rest(64 * kKiB);
      while (content.read(rest) > 0) continue;
      return std::nullopt;
    }
  };
  if (layer.size <= limits::kSmallBlobBytes) {
    StringSource content(source.read_blob(layer, limits::kSmallBlobBytes, stop));
    return find(content);
  }
  VerifyingSource content(source.open(layer, 0, stop), layer, name);
  return find(content);
}

const Manifest& as_manifest(const std::variant<Manifest, ImageIndex>& parsed) {
  if (const auto* manifest = std::get_if<Manifest>(&parsed)) return *manifest;
  throw Error(ErrorCode::Hostile, "it is an index, not an image");
}

/// The configuration of an image; nullopt if it is of another type or too large.
std::optional<std::string> config_text(CachingSource& source, const Manifest& manifest, const std::stop_token& stop) {
  if (!manifest.config || manifest.config->size > limits::kConfigBytes) return std::nullopt;
  const std::string& type = manifest.config->media_type;
  if (type != media_type::kDockerConfig && type != media_type::kOciConfig) return std::nullopt;
  return source.read_blob(*manifest.config, limits::kConfigBytes, stop);
}

/// True for errors of the locations image itself, not of the registry or the network.
bool is_fault_of_image(const Error& error) {
  if (error.reason() == ErrorReason::CredentialsBroken) return false;
  const ErrorCode code = error.code();
  return code == ErrorCode::Hostile || code == ErrorCode::Corrupt || code == ErrorCode::NotFound ||
         code == ErrorCode::Incomplete || code == ErrorCode::Usage;
}

Locations parse_locations_image(CachingSource& repository, const RawManifest& image, const std::stop_token& stop) {
  const auto files = read_locations_files(repository, parse(image), stop);
  for (const std::string_view name : {kSeedLocationsFile, kImgpkgLocationsFile}) {
    if (const auto file = files.find(std::string(name)); file != files.end()) return parse_locations(file->second);
  }
  throw Error(ErrorCode::Hostile, text::cat("it holds neither ", kSeedLocationsFile, " nor ", kImgpkgLocationsFile));
}

}  // namespace

std::optional<ImageConfig> read_image_config(CachingSource& source, const Manifest& manifest,
                                             const std::stop_token& stop) {
  const auto text = config_text(source, manifest, stop);
  return text ? try_parse_image_config(*text) : std::nullopt;
}

std::optional<Platform> other_platform(CachingSource& source, const Manifest& manifest,
                                       const std::vector<Platform>& wanted, const std::stop_token& stop) {
  const auto config = read_image_config(source, manifest, stop);
  if (!config || !is_real(config->platform) || is_for(config->platform, wanted)) return std::nullopt;
  return config->platform;
}

bool is_bundle(CachingSource& source, const std::variant<Manifest, ImageIndex>& parsed, const std::stop_token& stop) {
  const auto* manifest = std::get_if<Manifest>(&parsed);
  if (manifest == nullptr) return false;
  const auto config = config_text(source, *manifest, stop);
  return config && is_bundle_config(*config);
}

ImagesLock read_images_lock(CachingSource& source, const ParsedManifest& bundle, const UnpackLimits& limits,
                            const std::stop_token& stop) {
  const std::vector<Descriptor>& layers = as_manifest(bundle.parsed).layers;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    if (const auto yaml = file_in_layer(source, *layer, kImagesLockPath, limits, stop)) return ImagesLock::parse(*yaml);
  }
  throw Error(ErrorCode::Hostile, text::cat("The bundle expected .imgpkg/images.yml to exist, but it wasn't found in ",
                                            source.name_of(bundle.digest())));
}

std::map<std::string, std::string> read_locations_files(CachingSource& source, const ParsedManifest& image,
                                                        const std::stop_token& stop) {
  const Manifest& manifest = as_manifest(image.parsed);
  if (manifest.layers.size() != 1) {
    throw Error(ErrorCode::Hostile, text::cat("it has ", manifest.layers.size(), " layers instead of one"));
  }
  const std::string layer = source.read_blob(manifest.layers.front(), limits::kLocationsLayerBytes, stop);
  std::map<std::string, std::string> files;
  for (const std::string_view name : {kSeedLocationsFile, kImgpkgLocationsFile}) {
    StringSource content(layer);
    const auto fits = [name](std::string_view path) { return path.substr(path.rfind('/') + 1) == name; };
    if (auto file = find_file(content, fits, limits::kYamlBytes, source.name_of(image.digest()))) {
      files.emplace(name, *std::move(file));
    }
  }
  return files;
}

std::optional<FoundLocations> find_locations_image(CachingSource& repository, const Reference& bundle,
                                                   const ImagesLock& lock, Progress& progress,
                                                   const std::stop_token& stop) {
  const std::string tag = locations_tag(*bundle.digest);
  const std::string name = text::cat("locations image ", to_string(bundle.name), ":", tag);
  std::optional<FoundLocations> found;
  try {
    auto image = repository.manifest(tag);
    if (!image) return std::nullopt;
    found = FoundLocations{.image = *std::move(image)};
    Locations locations = parse_locations_image(repository, found->image, stop);
    if (fits(locations, lock)) {
      found->content = std::move(locations);
      return found;
    }
    progress.warn(text::cat("ignoring the ", name, ": it does not list the images of the bundle's lock file"));
  } catch (const Error& error) {
    if (is_refusal(error)) {
      progress.warn(text::cat("the ", name, " may not be read and is ignored: ", error.message()));
    } else if (is_fault_of_image(error)) {
      progress.warn(text::cat("ignoring the ", name, ": ", error.message()));
    } else {
      throw;
    }
  }
  return found;
}

std::optional<Locations> find_locations(CachingSource& repository, const Reference& bundle, const ImagesLock& lock,
                                        Progress& progress, const std::stop_token& stop) {
  auto found = find_locations_image(repository, bundle, lock, progress, stop);
  return found ? std::move(found->content) : std::nullopt;
}

}  // namespace ociferry
