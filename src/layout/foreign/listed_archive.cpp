#include "layout/foreign/listed_archive.hpp"

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"

namespace ociferry {

std::optional<std::uint64_t> ListedArchive::size_of(const Digest& blob) const {
  if (const auto manifest = contents_.manifests.find(blob); manifest != contents_.manifests.end()) {
    return manifest->second.bytes.size();
  }
  if (const auto config = contents_.configs.find(blob); config != contents_.configs.end()) {
    return config->second.size();
  }
  const auto layer = contents_.layers.find(blob);
  return layer == contents_.layers.end() ? std::nullopt : tree_->size_of(layer->second);
}

std::optional<RawManifest> ListedArchive::manifest(const std::string& selector) {
  const auto wanted = Digest::try_parse(selector);
  const auto found = wanted ? contents_.manifests.find(*wanted) : contents_.manifests.end();
  return found == contents_.manifests.end() ? std::nullopt : std::optional(found->second);
}

std::unique_ptr<ByteSource> ListedArchive::open(const Descriptor& blob, std::uint64_t offset, std::stop_token) {
  const auto size = size_of(blob.digest);
  if (!size) throw Error(ErrorCode::NotFound, text::cat(name_of(blob.digest), " is not in the archive"));
  if (*size != blob.size) {
    throw Error(ErrorCode::Corrupt,
                text::cat(name_of(blob.digest), " has ", *size, " bytes, but its manifest says ", blob.size));
  }
  const auto config = contents_.configs.find(blob.digest);
  if (config != contents_.configs.end()) return std::make_unique<StringSource>(config->second, offset);
  const auto manifest = contents_.manifests.find(blob.digest);
  if (manifest != contents_.manifests.end()) return std::make_unique<StringSource>(manifest->second.bytes, offset);
  return tree_->open(contents_.layers.at(blob.digest), offset);
}

std::string ListedArchive::name_of(const Digest& blob) const {
  const auto layer = contents_.layers.find(blob);
  if (layer != contents_.layers.end()) return tree_->describe(layer->second);
  return text::cat(name(), ": manifest.json: ", blob.text());
}

}  // namespace ociferry
