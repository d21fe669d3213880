#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "layout/archive_item.hpp"

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

/// What the names that an archive gives an image say about it.
struct ImageNames {
  std::optional<RepositoryName> repository = {};  ///< of the first name that has one
  std::set<std::string> tags = {};
  std::vector<std::string> unreadable = {};  ///< names that no registry takes

  /// Adds a reference, as `docker save` gives it.
  void add_reference(const std::string& name);
  /// Adds what may also be a tag alone, as in layouts.
  void add(const std::string& name);
};

/// What a user must know of names that an image is carried without; nullopt if there are none.
[[nodiscard]] std::optional<std::string> note_of_names(const ImageNames& names, const Digest& image);

/// True for a tag that says a digest in imgpkg's way (`image_tag`, `locations_tag`): it is made anew wherever the image
/// goes.
[[nodiscard]] bool is_digest_tag(std::string_view tag);

/// The digest that a tag of the form "sha256-<hex><suffix>" names; nullopt for any other tag.
[[nodiscard]] std::optional<Digest> tagged_digest(std::string_view tag, std::string_view suffix);

/// "blobs/sha256/<hex>": where a layout keeps the blob (image-spec, image-layout.md).
[[nodiscard]] std::string blob_path(const Digest& digest);

/// What container runtimes call a repository: Docker Hub is docker.io for them, not index.docker.io.
[[nodiscard]] std::string runtime_name(const RepositoryName& name);

}  // namespace ociferry
