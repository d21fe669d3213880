#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "layout/archive_item.hpp"

namespace ociferry {

/// The repository of an image that its archive does not name; its host is reserved as invalid (RFC 2606).
[[nodiscard]] RepositoryName unnamed_repository();

/// The parsed names of an image in an archive.
struct ImageNames {
  std::map<RepositoryName, std::set<std::string>> repositories = {};  ///< with the tags of each
  std::set<std::string> tags = {};                                    ///< without a repository
  std::vector<std::string> unreadable = {};                           ///< names that are not valid references

  /// Adds a full reference, as in docker-save archives.
  void add_reference(const std::string& name);
  /// Adds a reference or a bare tag, as in layouts.
  void add(const std::string& name);
};

/// The images of another tool's archive, each digest once, with their names and tags.
class ItemList {
 public:
  /// Adds an image under the name of its reference, with the tags `tags`; a known image gets this name and the tags,
  /// too. A tag makes the image a root, unless it attaches the image to another one (then the image is a Referrer) or
  /// is a digest tag of imgpkg, which is regenerated at the destination. Invalid tags are ignored.
  void add(ArchiveItem item, const std::set<std::string>& tags);
  /// Adds an image under each of `names`. Tags without a repository belong to the first of them, or to
  /// `unnamed_repository`.
  void add_named(ArchiveItem item, const ImageNames& names);
  /// In the order of `add`, with an entry for each name and tag of a root. Other images keep the smallest name.
  [[nodiscard]] std::vector<ArchiveItem> take() const;

 private:
  struct Entry {
    ArchiveItem item;
    std::map<RepositoryName, std::set<std::string>> names = {};
  };

  static void take_tag(Entry& entry, const RepositoryName& name, const std::string& tag);
  [[nodiscard]] static std::map<RepositoryName, std::set<std::string>> kept_names(const Entry& entry);

  std::vector<Entry> entries_;
  std::map<Digest, std::size_t> known_;
};

/// The warning about dropped names; nullopt if there are none.
[[nodiscard]] std::optional<std::string> note_of_names(const ImageNames& names, const Digest& image);

/// True for a digest tag of imgpkg (`image_tag`, `locations_tag`), which is regenerated at the destination.
[[nodiscard]] bool is_digest_tag(std::string_view tag);

/// The digest that a tag of the form "sha256-<hex><suffix>" names; nullopt for any other tag.
[[nodiscard]] std::optional<Digest> tagged_digest(std::string_view tag, std::string_view suffix);

/// "blobs/sha256/<hex>": the path of a blob in a layout (image-spec, image-layout.md).
[[nodiscard]] std::string blob_path(const Digest& digest);

}  // namespace ociferry
