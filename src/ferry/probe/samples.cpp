#include "ferry/probe/samples.hpp"

#include <array>
#include <vector>

#include "archive/tar_header.hpp"
#include "base/text.hpp"
#include "oci/json.hpp"
#include "stream/go_gzip.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kSampleBytes = 64 * kKiB;
constexpr std::string_view kProbeConfig = "application/vnd.ociferry.probe.config.v1+json";
constexpr std::string_view kProbeArtifact = "application/vnd.ociferry.probe.v1";

SampleBlob sample_blob(std::string_view type, std::string bytes, std::string_view algorithm = "sha256") {
  Descriptor descriptor{std::string(type), digest_of(bytes, algorithm), bytes.size()};
  return {std::move(descriptor), std::move(bytes)};
}

/// One file, with the mark as its name and content.
std::string sample_tar(std::string_view mark) {
  std::string tar = tar_header({.name = std::string(mark), .mode = 0600, .size = mark.size()});
  tar += mark;
  tar.append(tar_padding(mark.size()) + kTarEnd, '\0');
  return tar;
}

std::string gzip_of(const std::string& bytes) {
  StringSink packed(kSampleBytes);
  GoGzipSink gzip(packed);
  StringSource source(bytes);
  copy_stream(source, gzip);
  gzip.finish();
  return std::move(packed.content);
}

/// A zstd frame with its size in two bytes, and one block that is not compressed (RFC 8878, 3.1.1). `bytes` are from
/// 256 to 65,791.
std::string zstd_of(const std::string& bytes) {
  constexpr unsigned kSingleSegmentSizeInTwoBytes = 0x60;
  const auto size = static_cast<unsigned>(bytes.size());
  const unsigned size_field = size - 256;
  const unsigned block_header = size << 3U | 1U;  // raw, and the last one
  const std::array<unsigned, 10> header{0x28,
                                        0xB5,
                                        0x2F,
                                        0xFD,
                                        kSingleSegmentSizeInTwoBytes,
                                        size_field,
                                        size_field >> 8U,
                                        block_header,
                                        block_header >> 8U,
                                        block_header >> 16U};
  std::string frame;
  for (const unsigned byte : header) frame += static_cast<char>(byte & 0xFFU);
  return frame + bytes;
}

SampleBlob sample_config(std::string_view mark, const std::string& tar) {
  const Json labels = Json::Object{{"dev.ociferry.probe", mark}};
  const Json rootfs = Json::Object{{"type", "layers"}, {"diff_ids", Json::Array{sha256(tar).text()}}};
  return sample_blob(media_type::kOciConfig, Json(Json::Object{{"architecture", "amd64"},
                                                               {"os", "linux"},
                                                               {"config", Json::Object{{"Labels", labels}}},
                                                               {"rootfs", rootfs}})
                                                 .dump());
}

/// `type`: its media type in the index, if that differs from its own.
Json sample_reference(const Descriptor& to, std::string_view type = {}) {
  return Json::Object{{"mediaType", type.empty() ? std::string_view(to.media_type) : type},
                      {"size", to.size},
                      {"digest", to.digest.text()}};
}

RawManifest sample_manifest(std::string_view type, Json::Object members) {
  Json::Object all{{"schemaVersion", 2}, {"mediaType", type}};
  for (Json::Member& member : members) all.push_back(std::move(member));
  SampleBlob manifest = sample_blob(type, Json(std::move(all)).dump());
  return {std::move(manifest.descriptor), std::move(manifest.bytes)};
}

RawManifest oci_image_of(const SampleBlob& config, const SampleBlob& layer) {
  return sample_manifest(media_type::kOciManifest, {{"config", sample_reference(config.descriptor)},
                                                    {"layers", Json::Array{sample_reference(layer.descriptor)}}});
}

RawManifest docker_image_of(const SampleBlob& config, const SampleBlob& layer) {
  return sample_manifest(media_type::kDockerManifest,
                         {{"config", sample_reference(config.descriptor, media_type::kDockerConfig)},
                          {"layers", Json::Array{sample_reference(layer.descriptor, media_type::kDockerLayerGzip)}}});
}

/// An artifact as charts and signatures are: an OCI image manifest with a configuration and a layer of other types.
RawManifest artifact_of(const SampleBlob& config, const SampleBlob& content) {
  return sample_manifest(media_type::kOciManifest,
                         {{"artifactType", kProbeArtifact},
                          {"config", sample_reference(config.descriptor, kProbeConfig)},
                          {"layers", Json::Array{sample_reference(content.descriptor, kProbeArtifact)}}});
}

RawManifest index_of(std::string_view type, const std::vector<Descriptor>& images) {
  Json::Array listed;
  for (const Descriptor& image : images) {
    Json::Object child = *sample_reference(image).as_object();
    child.emplace_back("platform", Json::Object{{"architecture", listed.empty() ? "amd64" : "arm64"}, {"os", "linux"}});
    listed.emplace_back(std::move(child));
  }
  return sample_manifest(type, {{"manifests", std::move(listed)}});
}

}  // namespace

Samples make_samples(std::string_view mark) {
  const std::string tar = sample_tar(mark);
  SampleBlob config = sample_config(mark, tar);
  SampleBlob other_config = sample_config(text::cat(mark, "-other"), tar);
  SampleBlob gzip_layer = sample_blob(media_type::kOciLayerGzip, gzip_of(tar));
  SampleBlob zstd_layer = sample_blob(media_type::kOciLayerZstd, zstd_of(tar));
  SampleBlob sha512_layer = sample_blob(media_type::kOciLayer, tar, "sha512");
  RawManifest oci_image = oci_image_of(config, gzip_layer);
  RawManifest docker_image = docker_image_of(config, gzip_layer);
  const Descriptor absent = sample_blob(media_type::kOciManifest, text::cat(mark, " absent image")).descriptor;
  RawManifest oci_index = index_of(media_type::kOciIndex, {oci_image.descriptor});
  RawManifest docker_index = index_of(media_type::kDockerManifestList, {docker_image.descriptor});
  RawManifest sparse_index = index_of(media_type::kOciIndex, {oci_image.descriptor, absent});
  RawManifest artifact = artifact_of(config, gzip_layer);
  RawManifest zstd_image = oci_image_of(config, zstd_layer);
  RawManifest sha512_image = oci_image_of(config, sha512_layer);
  RawManifest other_oci_image = oci_image_of(other_config, gzip_layer);
  RawManifest other_docker_image = docker_image_of(other_config, gzip_layer);
  return {std::move(config),       std::move(other_config),    std::move(gzip_layer),        std::move(zstd_layer),
          std::move(sha512_layer), std::move(oci_image),       std::move(docker_image),      std::move(oci_index),
          std::move(docker_index), std::move(sparse_index),    std::move(artifact),          std::move(zstd_image),
          std::move(sha512_image), std::move(other_oci_image), std::move(other_docker_image)};
}

}  // namespace ociferry
