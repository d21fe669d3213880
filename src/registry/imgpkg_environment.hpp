#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ociferry/reference.hpp"
#include "registry/credential.hpp"
#include "registry/environment.hpp"

namespace ociferry {

/// The variables IMGPKG_REGISTRY_{HOSTNAME,USERNAME,PASSWORD,IDENTITY_TOKEN,REGISTRY_TOKEN}[_SUFFIX]: credentials
/// for registries whose host (with '*' within labels), port and path prefix fit HOSTNAME.
class ImgpkgEnvironment {
 public:
  /// Throws Error{Usage} for any other variable that begins with IMGPKG_REGISTRY_.
  explicit ImgpkgEnvironment(const Environment& environment);

  /// The credential of the longest HOSTNAME that fits `name`.
  [[nodiscard]] std::optional<Credential> find(const RepositoryName& name) const;

 private:
  struct Entry {
    std::string hostname = {};
    Credential credential = {};
  };
  std::vector<Entry> entries_;  ///< in the order in which they are tried
};

}  // namespace ociferry
