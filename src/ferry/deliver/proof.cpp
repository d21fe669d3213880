#include "ferry/deliver/proof.hpp"

#include <map>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/verify.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

/// Discards the content; only counts it.
class ReadBack : public ByteSink {
 public:
  explicit ReadBack(Progress& progress) : progress_(progress) {}
  void write(Bytes bytes) override { progress_.advance(static_cast<std::int64_t>(bytes.size())); }

 private:
  Progress& progress_;
};

class Prover {
 public:
  Prover(const Destination& to, Proof proof, const Context& context) : to_(to), proof_(proof), context_(context) {}

  void check(const ToProve& all) {
    std::uint64_t bytes = 0;
    for (const Descriptor* blob : all.blobs) bytes += blob->size;
    const bool reads = proof_ == Proof::Full;
    context_.progress->phase(
        text::cat(reads ? "reading " : "checking ", all.blobs.size(), " blobs in ", to_string(to_.name)),
        reads ? bytes : 0);
    lost_ = std::vector<std::string>(all.manifests.size() + all.blobs.size());
    run_parallel_or_throw(context_.jobs, lost_.size(), context_.stop, [&](std::size_t i, const std::stop_token& stop) {
      const std::size_t first_blob = all.manifests.size();
      const auto lost = i < first_blob ? lost_manifest(*all.manifests[i]) : lost_blob(*all.blobs[i - first_blob], stop);
      if (lost) lost_[i] = *lost;
    });
    std::erase(lost_, "");
    if (!lost_.empty()) throw unstable();
  }

 private:
  [[nodiscard]] std::optional<std::string> lost_manifest(const RawManifest& wanted) const {
    const Digest& digest = wanted.descriptor.digest;
    try {
      if (to_.source.manifest(digest.text())) return std::nullopt;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Corrupt) throw;
      return error.message();
    }
    return text::cat("manifest ", digest.text(), " is missing");
  }

  [[nodiscard]] std::optional<std::string> lost_blob(const Descriptor& blob, const std::stop_token& stop) const {
    if (proof_ != Proof::Full && to_.target.has_blob(blob)) return std::nullopt;
    auto lost = unreadable(blob, stop);
    if (lost) to_.target.distrust(blob.digest);
    return lost;
  }

  /// The reason why the blob cannot be read back; nullopt if it can.
  [[nodiscard]] std::optional<std::string> unreadable(const Descriptor& blob, const std::stop_token& stop) const {
    ReadBack sink(*context_.progress);
    VerifyingSink verified(sink, blob, to_.source.name_of(blob.digest));
    try {
      to_.source.fetch(blob, verified, stop);
      verified.finish();
      return std::nullopt;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::NotFound) return text::cat("blob ", blob.digest.text(), " is missing");
      if (error.code() == ErrorCode::Corrupt) return error.message();
      if (error.code() != ErrorCode::Network) throw;
      // A registry whose storage lost the blob fails or breaks off every time. If the registry or the network is down,
      // this request fails, too, and its error is thrown.
      static_cast<void>(to_.target.has_blob(blob));
      return error.message();
    }
  }

  [[nodiscard]] Error unstable() const {
    return Error(ErrorCode::Unstable,
                 text::cat(to_string(to_.name), " no longer has what it accepted:", text::listed(lost_)))
        .hint("check that no garbage collection runs there, then run the same command again");
  }

  const Destination& to_;
  Proof proof_;
  const Context& context_;
  std::vector<std::string> lost_;  ///< for each object what is wrong with it; empty if intact
};

}  // namespace

ToProve everything(const RepositoryPlan& plan) {
  std::map<Digest, const RawManifest*> manifests;
  std::map<Digest, const Descriptor*> blobs;
  for (const PlannedStep& step : plan.steps) {
    for (const PlannedManifest& manifest : step) manifests.emplace(manifest.digest(), manifest.raw);
  }
  for (const Graph::BlobNode* blob : plan.blobs) blobs.emplace(blob->descriptor.digest, &blob->descriptor);
  for (const std::vector<PlannedLocations>& step : plan.locations) {
    for (const PlannedLocations& planned : step) {
      const LocationsImage& image = *planned.image;
      blobs.emplace(image.config_descriptor.digest, &image.config_descriptor);
      blobs.emplace(image.layer_descriptor.digest, &image.layer_descriptor);
    }
  }
  ToProve all;
  for (const auto& [digest, manifest] : manifests) all.manifests.push_back(manifest);
  for (const auto& [digest, blob] : blobs) all.blobs.push_back(blob);
  return all;
}

std::size_t prove(const Destination& to, const ToProve& all, Proof proof, const Context& context) {
  Prover(to, proof, context).check(all);
  return all.blobs.size();
}

}  // namespace ociferry
