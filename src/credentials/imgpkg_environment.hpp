#pragma once

#include <string>
#include <vector>

#include "credentials/environment.hpp"
#include "credentials/finding.hpp"
#include "credentials/variables.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// The variables {OCIFERRY,IMGPKG}_REGISTRY_{HOSTNAME,USERNAME,PASSWORD,IDENTITY_TOKEN,REGISTRY_TOKEN}[_SUFFIX]:
/// credentials for registries whose host (with '*' within labels), port and path prefix match HOSTNAME. Variables with
/// different prefixes are never combined: that could send a password to another registry.
class ImgpkgEnvironment {
 public:
  /// Throws Error{Usage} for any other variable with such a prefix.
  explicit ImgpkgEnvironment(const Environment& environment);

  /// The credential of the first HOSTNAME that matches `name`, longer paths first, then those with the prefix
  /// OCIFERRY_. Without any credential variables, access is anonymous, whatever else is configured.
  [[nodiscard]] Finding find(const RepositoryName& name) const;

  /// The variables without effect: those without a HOSTNAME, or with the HOSTNAME of another set.
  [[nodiscard]] std::vector<IneffectiveVariable> ineffective() const;

 private:
  struct Entry {
    std::string hostname = {};  ///< without scheme and API version
    std::string named_by = {};  ///< "IMGPKG_REGISTRY_HOSTNAME_0"
    std::string suffix = {};    ///< "", "_0"
    Credential credential = {};
    std::vector<std::string> variables = {};  ///< with the credential
  };
  void add(const Environment& environment, const std::string& prefix);

  std::vector<Entry> entries_;                ///< in search order
  std::vector<Entry> without_hostname_ = {};  ///< without a HOSTNAME
};

}  // namespace ociferry
