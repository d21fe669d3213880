#include "ferry/gather/repository_layers.hpp"

#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/text.hpp"
#include "oci/manifest.hpp"
#include "ociferry/error.hpp"
#include "transfer/graph.hpp"
#include "transfer/limits.hpp"
#include "transfer/parallel.hpp"
#include "transfer/parsed_manifest.hpp"

namespace ociferry {

namespace {

/// Reads manifests level by level: first what the tags lead to, then the children of indexes.
class LayerListing {
 public:
  LayerListing(const RepositoryName& name, ImageSource& source, const Context& context)
      : name_(name), source_(source), context_(context) {}

  /// Reads what `selectors`, tags or digests, lead to; returns the manifests below, as selectors.
  std::vector<std::string> read(const std::vector<std::string>& selectors) {
    std::vector<std::optional<ParsedManifest>> found(selectors.size());
    run_parallel_or_throw(context_.jobs, selectors.size(), context_.stop,
                          [&](std::size_t i, const std::stop_token&) { found[i] = read_one(selectors[i]); });
    std::vector<std::string> below;
    for (const auto& manifest : found) {
      if (!manifest || !seen_.insert(manifest->digest()).second) continue;
      if (seen_.size() > limits::kGraphNodes) {
        throw Error(ErrorCode::Hostile,
                    text::cat(to_string(name_), " has more than ", limits::kGraphNodes, " manifests"));
      }
      add_layers(manifest->parsed);
      for (const Descriptor& child : children_of(manifest->parsed)) {
        const std::string& type = child.media_type;
        const bool may_be_manifest = type.empty() || media_type::is_manifest(type) || media_type::is_index(type);
        if (may_be_manifest && !seen_.contains(child.digest)) below.push_back(child.digest.text());
      }
    }
    return below;
  }

  [[nodiscard]] HeldBlobs take() && { return std::move(layers_); }

 private:
  /// nullopt if it is absent, as children of indexes may be, or no manifest.
  std::optional<ParsedManifest> read_one(const std::string& selector) {
    try {
      auto raw = source_.manifest(selector);
      if (!raw) return std::nullopt;
      return parse(*std::move(raw));
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Hostile) throw;
      context_.progress->warn(
          text::cat("left out: ", to_string(name_), ", ", text::printable(selector), ": ", error.message()));
      return std::nullopt;
    }
  }

  void add_layers(const std::variant<Manifest, ImageIndex>& parsed) {
    const auto* manifest = std::get_if<Manifest>(&parsed);
    if (manifest == nullptr) return;
    for (const Descriptor& layer : manifest->layers) {
      if (media_type::is_nondistributable(layer.media_type)) continue;  // it may be elsewhere
      layers_.try_emplace(layer.digest, HeldBlob{.size = layer.size, .in = {name_}});
    }
  }

  const RepositoryName& name_;
  ImageSource& source_;
  const Context& context_;
  std::set<Digest> seen_;
  HeldBlobs layers_;
};

}  // namespace

HeldBlobs layers_in(const RepositoryName& name, ImageSource& source, TagLister& tags, const Context& context) {
  LayerListing listing(name, source, context);
  std::vector<std::string> next;
  for (std::string& tag : tags.list_tags()) {
    if (is_valid_tag(tag)) next.push_back(std::move(tag));
  }
  for (std::size_t depth = 0; !next.empty() && depth <= limits::kGraphDepth; ++depth) next = listing.read(next);
  return std::move(listing).take();
}

}  // namespace ociferry
