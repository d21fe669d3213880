// Which manifests a registry takes: media types, artifacts, types and digests of layers, indexes without all images.

#include "base/text.hpp"
#include "ferry/probe/stored.hpp"
#include "ferry/probe/storing.hpp"
#include "http/retry.hpp"

namespace ociferry::trials {

namespace {

/// One manifest that a registry may refuse.
struct FormatTrial {
  Capability about;
  const RawManifest& manifest;
  std::string_view meaning;              ///< of a refusal
  std::optional<Capability> needs = {};  ///< what it refers to
  const SampleBlob* blob = nullptr;      ///< is stored before
  bool is_ordinary = false;              ///< ordinary bundles need it
};

std::vector<FormatTrial> format_trials(const Samples& samples) {
  return {
      {.about = kOciImages,
       .manifest = samples.oci_image,
       .meaning = "such images cannot be imported, since they keep their bytes: have their media type allowed",
       .is_ordinary = true},
      {.about = kDockerImages,
       .manifest = samples.docker_image,
       .meaning = "such images, and bundles of imgpkg, cannot be imported, since they keep their bytes: have their "
                  "media type allowed",
       .is_ordinary = true},
      {.about = kOciIndexes,
       .manifest = samples.oci_index,
       .meaning = "images for several platforms cannot be imported: have the media type allowed, or export the images "
                  "of single platforms by their digests",
       .needs = kOciImages,
       .is_ordinary = true},
      {.about = kDockerIndexes,
       .manifest = samples.docker_index,
       .meaning = "Docker images for several platforms cannot be imported: have the media type allowed, or export the "
                  "images of single platforms by their digests",
       .needs = kDockerImages,
       .is_ordinary = true},
      {.about = kArtifacts,
       .manifest = samples.artifact,
       .meaning = "charts, signatures and SBOMs cannot be imported: export with --with-referrers=false leaves out what "
                  "is attached to images, import with --exclude the others",
       .needs = kOciImages},
      {.about = kZstdLayers,
       .manifest = samples.zstd_image,
       .meaning = "images with such layers cannot be imported: have them built with gzip layers",
       .needs = kOciImages},
      {.about = kSha512Layers,
       .manifest = samples.sha512_image,
       .meaning = "images whose layers have such digests cannot be imported: have them built with sha256",
       .needs = kOciImages,
       .blob = &samples.sha512_layer},
      {.about = kSparseIndexes,
       .manifest = samples.sparse_index,
       .meaning =
           "the images of an incomplete index, such as --platform makes, are put in its place, with a warning, or "
           "with --strip-index a smaller index; where a bundle lists that index, the import fails: export it with "
           "all its platforms",
       .needs = kOciIndexes},
  };
}

Answer store_format(Probing& probing, const FormatTrial& trial) {
  if (trial.blob != nullptr) {
    Answer answer = store_blob(probing, *trial.blob, "a blob");
    if (!is_success(answer.status)) return answer;
  }
  return store_manifest(probing, trial.manifest, text::cat("a manifest (", trial.about.what, ")"));
}

/// Why an import of ordinary bundles fails, if the trial shows it.
std::optional<Error> try_format(Probing& probing, const FormatTrial& trial) {
  if (trial.needs && !probing.is_possible(*trial.needs)) {
    probing.not_tried(trial.about, text::cat(trial.needs->what, " were not taken"));
    return std::nullopt;
  }
  const Answer answer = store_format(probing, trial);
  if (is_success(answer.status)) {
    probing.yes(trial.about);
    return std::nullopt;
  }
  const std::string seen = answer_words(answer);
  if (is_transient_status(answer.status)) {
    probing.unknown(trial.about, seen);
    return std::nullopt;
  }
  probing.no(trial.about, seen, std::string(trial.meaning));
  if (!trial.is_ordinary) return std::nullopt;
  Error error(ErrorCode::Refused, text::cat("the registry refuses ", trial.about.what, ": ", seen));
  return std::move(error).hint(std::string(trial.meaning));
}

}  // namespace

std::optional<Error> formats(Probing& probing, const Samples& samples) {
  std::optional<Error> obstacle;
  for (const FormatTrial& trial : format_trials(samples)) {
    probing.attempt(trial.about, [&] {
      const auto found = try_format(probing, trial);
      if (!obstacle) obstacle = found;
    });
  }
  return obstacle;
}

}  // namespace ociferry::trials
