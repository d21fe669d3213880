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

/// The environment of Credentials; tests replace it. Not owned.
struct CredentialTools {
  HelperRunner run_helper = CredentialHelper();
  Clock* clock = &real_clock();
  Progress* progress = &silent_progress();
  std::stop_token stop = {};  ///< ends a pause before a helper is run again
};

/// One place where credentials are looked up.
struct CredentialSource {
  std::string name;
  std::function<Finding(const RepositoryName&)> ask;
};

/// Finds the credential for a repository in the first source that has one: the calling program's own; IMGPKG_REGISTRY_*
/// variables with a matching HOSTNAME; enabled cloud keychains; the options (or IMGPKG_USERNAME etc. if they are
/// empty): user name and password, else token, else anonymous; the files of `credential_files`. Thread-safe.
class Credentials {
 public:
  /// Throws Error{Usage} for malformed IMGPKG_* variables.
  Credentials(const RegistryOptions& options, const Environment& environment, CredentialTools tools = {});

  /// The credential for `name`, anonymous if there is none. Reads files and may run a helper; caches the results for
  /// limits::kCredentialAge. Logs the search for --debug, and warns once of variables without effect. Retries a helper
  /// after a temporary failure for some eight seconds, with growing delays. Throws
  /// Error (ErrorReason::CredentialsBroken) if a file or a helper is broken; such a helper is not run again until its
  /// failure is that old.
  [[nodiscard]] Credential find(const RepositoryName& name);

  /// The user and source of the last credential from `find` for `name`: "user ann (password not shown), from 'reg'
  /// in ~/.docker/config.json". Empty if it found none. Holds no secret.
  [[nodiscard]] std::string account(const RepositoryName& name);

  /// The steps of `find`; the last ones are variables without effect. Does not throw what `find` throws, but stores it
  /// in the report.
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
  std::vector<IneffectiveVariable> ineffective_;  ///< without a warning so far
  std::vector<CredentialSource> sources_;
  std::mutex mutex_;
  std::map<RepositoryName, Search> found_;
  std::map<std::pair<std::string, std::string>, HelperAnswer> answers_;
  Time oldest_used_{};  ///< of the cached answers of the current search
};

}  // namespace ociferry
