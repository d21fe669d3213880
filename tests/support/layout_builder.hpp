#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ociferry/descriptor.hpp"

namespace ociferry::testing {

/// An OCI image layout that is put together by hand: whatever bytes a test wants, in whatever order.
class LayoutBuilder {
 public:
  /// The digests of all that is added from now on.
  std::string algorithm = "sha256";

  Descriptor add(const std::string& bytes, std::string_view media_type);
  /// An image with one layer and this configuration; `more` are further members of its manifest, each after a comma.
  Descriptor image(const std::string& config, const std::string& more = "");
  /// An image that says its platform, and nothing else that is odd.
  Descriptor image_for(const std::string& architecture);
  /// An index of entries that `row` made.
  Descriptor index(const std::vector<std::string>& rows);
  /// The entry of an index; `more` are further members of it, each after a comma.
  static std::string row(const Descriptor& descriptor, const std::string& more = "");
  /// The same with a name as image layouts give it, or with a platform.
  static std::string named(const Descriptor& descriptor, const std::string& name);
  static std::string on_platform(const Descriptor& descriptor, const std::string& architecture);

  /// The bytes of what was added.
  [[nodiscard]] const std::string& bytes(const Descriptor& descriptor) const { return blobs_.at(descriptor.digest); }
  /// The layer of the image that was added last.
  [[nodiscard]] const Descriptor& last_layer() const { return layers_.back(); }

  /// Writes the layout with all blobs but `without`; `rows` are the entries of its index.json.
  void write(const std::filesystem::path& directory, const std::vector<std::string>& rows,
             const std::set<Digest>& without = {}) const;

 private:
  std::map<Digest, std::string> blobs_;
  std::vector<Descriptor> layers_;
};

}  // namespace ociferry::testing
