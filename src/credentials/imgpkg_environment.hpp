#pragma once

#include <string>
#include <vector>

#include "credentials/environment.hpp"
#include "credentials/finding.hpp"
#include "credentials/variables.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// The variables {OCIFERRY,IMGPKG}_REGISTRY_{HOSTNAME,USERNAME,PASSWORD,IDENTITY_TOKEN,REGISTRY_TOKEN}[_SUFFIX]:
/// credentials for registries whose host (with '*' within labels), port and path prefix fit HOSTNAME. Sets of different
/// beginnings are never mixed: that could send a password to another registry.
class ImgpkgEnvironment {
 public:
  /// Throws Error{Usage} for any other variable that begins like these.
  explicit ImgpkgEnvironment(const Environment& environment);

  /// What the first HOSTNAME that fits `name` gives, longer paths first, then those that begin with OCIFERRY_. That may
  /// be nothing: then `name` is read and written anonymously, whatever else is configured.
  [[nodiscard]] Finding find(const RepositoryName& name) const;

  /// The variables that count for nothing: without a HOSTNAME, or with one that another set has, too.
  [[nodiscard]] std::vector<IneffectiveVariable> ineffective() const;

 private:
  struct Entry {
    std::string hostname = {};  ///< as it is matched: no scheme, no API version
    std::string named_by = {};  ///< "IMGPKG_REGISTRY_HOSTNAME_0"
    std::string suffix = {};    ///< "", "_0"
    Credential credential = {};
    std::vector<std::string> variables = {};  ///< that have the credential
  };
  void add(const Environment& environment, const std::string& prefix);

  std::vector<Entry> entries_;        ///< in the order in which they are tried
  std::vector<Entry> homeless_ = {};  ///< without a HOSTNAME
};

}  // namespace ociferry
