#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "layout/archive_item.hpp"

namespace ociferry {

/// The name of an image without a name in its archive: valid in no registry (RFC 2606).
[[nodiscard]] RepositoryName unnamed_repository();

/// The images of another tool's archive, each digest once, with their names and tags.
class ItemList {
 public:
  /// Adds an image with the tags `tags`; an image that was added before gets the tags and the better name. A tag makes
  /// the image a root, unless it attaches it to another image (then it is a Referrer) or is a digest tag of imgpkg,
  /// which is made again at the destination. Invalid tags are ignored.
  void add(ArchiveItem item, const std::set<std::string>& tags);
  /// In the order of `add`, with an entry for each tag.
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

/// The parsed names of an image in an archive.
struct ImageNames {
  std::optional<RepositoryName> repository = {};  ///< of the first name that has one
  std::set<std::string> tags = {};
  std::vector<std::string> unreadable = {};  ///< names that are not valid references

  /// Adds a reference, as in `docker save`.
  void add_reference(const std::string& name);
  /// Adds a reference or a tag alone, as in layouts.
  void add(const std::string& name);
};

/// The warning about names that are dropped; nullopt if none.
[[nodiscard]] std::optional<std::string> note_of_names(const ImageNames& names, const Digest& image);

/// True for a digest tag of imgpkg (`image_tag`, `locations_tag`), which is made again at the destination.
[[nodiscard]] bool is_digest_tag(std::string_view tag);

/// The digest that a tag of the form "sha256-<hex><suffix>" names; nullopt for any other tag.
[[nodiscard]] std::optional<Digest> tagged_digest(std::string_view tag, std::string_view suffix);

/// "blobs/sha256/<hex>": the path of a blob in a layout (image-spec, image-layout.md).
[[nodiscard]] std::string blob_path(const Digest& digest);

/// The name of a repository for container runtimes: docker.io for Docker Hub, not index.docker.io.
[[nodiscard]] std::string runtime_name(const RepositoryName& name);

}  // namespace ociferry
