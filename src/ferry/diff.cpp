#include "ociferry/diff.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "ferry/fingerprint.hpp"
#include "ferry/gather/load_archive.hpp"
#include "layout/open_archive.hpp"

namespace ociferry {

namespace {

/// A repository, with a tag or without.
using ComparedName = std::pair<RepositoryName, std::optional<std::string>>;

/// What of an archive is compared.
struct Described {
  ComparedArchive archive;
  std::map<ComparedName, std::set<Digest>> names;  ///< by tag: one digest each
  std::map<Digest, std::uint64_t> blobs;           ///< and their sizes
};

void add_name(Described& described, const RepositoryName& name, const std::set<std::string>& tags,
              const Digest& digest) {
  if (tags.empty()) described.names[{name, std::nullopt}].insert(digest);
  for (const std::string& tag : tags) described.names[{name, tag}].insert(digest);
}

Described describe_archive(const std::filesystem::path& path, const Context& context) {
  const auto archive = open_image_archive(path, context.unpack, *context.progress, context.stop, context.volumes);
  check_headers(*archive);
  const ImageSet set = load_archive(archive, context);
  Described described{.archive = {.path = path,
                                  .fingerprint = fingerprint_of(*archive),
                                  .archive_bytes = archive->total_bytes(),
                                  .images = set.images().size()},
                      .names = {},
                      .blobs = {}};
  for (const SetImage& image : set.images()) {
    add_name(described, image.reference.name, image.tags, image.digest());
    for (const auto& [name, tags] : image.also) add_name(described, name, tags, image.digest());
  }
  for (const auto& [digest, node] : set.graph().manifests()) described.blobs.emplace(digest, node.raw.bytes.size());
  for (const auto& [digest, blob] : set.graph().blobs()) described.blobs.emplace(digest, blob.descriptor.size);
  return described;
}

std::vector<Digest> without(const std::set<Digest>& some, const std::set<Digest>& others) {
  std::vector<Digest> rest;
  std::ranges::set_difference(some, others, std::back_inserter(rest));
  return rest;
}

void compare_name(const ComparedName& name, const std::set<Digest>& before, const std::set<Digest>& after,
                  ArchiveDiff& diff) {
  const std::vector<Digest> gone = without(before, after);
  const std::vector<Digest> fresh = without(after, before);
  const auto& [repository, tag] = name;
  if (gone.size() == 1 && fresh.size() == 1) {
    diff.changed.push_back({.name = {repository, tag, std::nullopt}, .from = gone.front(), .to = fresh.front()});
    return;
  }
  for (const Digest& digest : gone) diff.removed.push_back({repository, tag, digest});
  for (const Digest& digest : fresh) diff.added.push_back({repository, tag, digest});
}

}  // namespace

ArchiveDiff diff(const std::filesystem::path& before, const std::filesystem::path& after, const Context& context) {
  Described one = describe_archive(before, context);
  Described other = describe_archive(after, context);
  ArchiveDiff diff{.before = std::move(one.archive), .after = std::move(other.archive)};
  std::set<ComparedName> names;
  for (const auto& [name, digests] : one.names) names.insert(name);
  for (const auto& [name, digests] : other.names) names.insert(name);
  for (const ComparedName& name : names) compare_name(name, one.names[name], other.names[name], diff);
  for (const auto& [digest, size] : one.blobs) {
    (other.blobs.contains(digest) ? diff.blobs_kept : diff.blobs_gone).add(size);
  }
  for (const auto& [digest, size] : other.blobs) {
    if (!one.blobs.contains(digest)) diff.blobs_added.add(size);
  }
  return diff;
}

}  // namespace ociferry
