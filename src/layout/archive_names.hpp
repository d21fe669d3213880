#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "layout/archive_index.hpp"

namespace ociferry {

/// The name of an image that its archive gives none: no registry can have it (RFC 2606).
[[nodiscard]] RepositoryName unnamed_repository();

/// Images of a foreign archive, each digest once, with what their names and tags say about them.
class ItemList {
 public:
  /// Adds an image that the archive calls `tags`; an image that is there already gets the tags and the better name.
  /// A tag makes the image a root, unless it is one that attaches it to another image (then it is a Referrer) or that
  /// says a digest in imgpkg's way: such tags are made anew wherever the image goes. What no registry would take as a
  /// tag is no tag.
  void add(ArchiveItem item, const std::set<std::string>& tags);
  /// In the order they came, with an entry for each tag.
  [[nodiscard]] std::vector<ArchiveItem> take() const;

 private:
  struct Entry {
    ArchiveItem item;
    std::set<std::string> tags = {};
  };

  static void take_tag(Entry& entry, const std::string& tag);

  std::vector<Entry> entries_;
  std::map<Digest, std::size_t> known_;
};

/// The digest that a tag of the form "sha256-<hex><suffix>" names; nullopt for any other tag.
[[nodiscard]] std::optional<Digest> tagged_digest(std::string_view tag, std::string_view suffix);

/// "blobs/sha256/<hex>": where a layout keeps the blob (image-spec, image-layout.md).
[[nodiscard]] std::string blob_path(const Digest& digest);

/// What container runtimes call a repository: Docker Hub is docker.io for them, not index.docker.io.
[[nodiscard]] std::string runtime_name(const RepositoryName& name);

}  // namespace ociferry
