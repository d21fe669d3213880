#pragma once

#include <string>
#include <vector>

#include "ociferry/reference.hpp"
#include "registry/environment.hpp"
#include "registry/finding.hpp"

namespace ociferry {

/// The variables IMGPKG_REGISTRY_{HOSTNAME,USERNAME,PASSWORD,IDENTITY_TOKEN,REGISTRY_TOKEN}[_SUFFIX]: credentials
/// for registries whose host (with '*' within labels), port and path prefix fit HOSTNAME.
class ImgpkgEnvironment {
 public:
  /// Throws Error{Usage} for any other variable that begins with IMGPKG_REGISTRY_.
  explicit ImgpkgEnvironment(const Environment& environment);

  /// What the first HOSTNAME that fits `name` gives, longer paths first. That may be nothing: then `name` is read and
  /// written anonymously, whatever else is configured.
  [[nodiscard]] Finding find(const RepositoryName& name) const;

 private:
  struct Entry {
    std::string hostname = {};  ///< as it is matched: no scheme, no API version
    std::string suffix = {};    ///< "", "_0"
    Credential credential = {};
  };
  std::vector<Entry> entries_;              ///< in the order in which they are tried
  std::vector<std::string> homeless_ = {};  ///< suffixes of variables without a HOSTNAME
};

}  // namespace ociferry
