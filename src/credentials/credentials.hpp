#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "credentials/credential_helper.hpp"
#include "credentials/environment.hpp"
#include "credentials/finding.hpp"
#include "credentials/limits.hpp"
#include "credentials/variables.hpp"
#include "http/clock.hpp"
#include "ociferry/progress.hpp"
#include "ociferry/reference.hpp"
#include "ociferry/registry_options.hpp"

namespace ociferry {

/// What Credentials works with beside options and variables; tests give their own. None is owned.
struct CredentialTools {
  HelperRunner run_helper = CredentialHelper();
  Clock* clock = &real_clock();
  Progress* progress = &silent_progress();
  std::stop_token stop = {};  ///< ends a pause before a helper is run again
};

/// One place where credentials are looked for.
struct CredentialSource {
  std::string name;
  std::function<Finding(const RepositoryName&)> ask;
};

/// Finds the credential for a repository: the first source that has one wins. In this order: IMGPKG_REGISTRY_*
/// variables whose HOSTNAME fits; cloud keychains that are switched on; the options (or IMGPKG_USERNAME and so on where
/// those are empty): user name and password, else token, else anonymous; the files of `credential_files`. Thread-safe.
class Credentials {
 public:
  /// Throws Error{Usage} for malformed IMGPKG_* variables.
  Credentials(const RegistryOptions& options, const Environment& environment, CredentialTools tools = {});

  /// The credential for `name`, anonymous if there is none. Reads files and may run a helper; what they said is kept
  /// for limits::kCredentialAge. Reports what it did as debug lines, and warns once of variables that have no effect. A
  /// helper that fails in a way that may pass is run again for some eight seconds, with growing pauses. Throws
  /// Error (ErrorReason::CredentialsBroken) if a file or a helper is broken; such a helper is not run again until its
  /// failure is that old.
  [[nodiscard]] Credential find(const RepositoryName& name);

  /// Whose credential `find` gave for `name` last, and where it comes from: "user ann (password not shown), from 'reg'
  /// in ~/.docker/config.json". Empty if it found none. Holds no secret.
  [[nodiscard]] std::string account(const RepositoryName& name);

  /// How `find` gets to its answer. The last steps are variables that have no effect. Throws nothing that `find` would:
  /// that is the report's failure.
  [[nodiscard]] CredentialReport explain(const RepositoryName& name);

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Search {
    std::vector<CredentialStep> steps = {};
    Credential credential = {};
    std::optional<Error> failure = {};
    Time made{};
  };
  struct HelperAnswer {
    std::optional<Credential> credential = {};
    std::exception_ptr failure = {};  ///< thrown instead
    Time made{};
  };

  [[nodiscard]] Search search(const RepositoryName& name);
  void report(const RepositoryName& name, const Search& search) const;
  [[nodiscard]] std::optional<Credential> ask_helper(const std::string& name, const std::string& server);
  [[nodiscard]] HelperAnswer run_helper(const std::string& name, const std::string& server);
  [[nodiscard]] bool is_fresh(Time made) const;

  CredentialTools tools_;
  std::vector<IneffectiveVariable> ineffective_;  ///< that nobody has been warned of yet
  std::vector<CredentialSource> sources_;
  std::mutex mutex_;
  std::map<RepositoryName, Search> found_;
  std::map<std::pair<std::string, std::string>, HelperAnswer> answers_;
  Time oldest_used_{};  ///< of the answers that the search under way relies on
};

}  // namespace ociferry
