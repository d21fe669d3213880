#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "ociferry/export.hpp"

namespace ociferry {

/// What kind of failure an Error is. Each value has one documented exit code (see `exit_code`).
enum class ErrorCode {
  Usage,         ///< the command line or an option's value is wrong
  Internal,      ///< a bug in ociferry
  Corrupt,       ///< bytes do not match their digest, size or seal
  Incomplete,    ///< something that must be there is missing
  Hostile,       ///< input breaks a rule or a limit that protects the user
  Unauthorized,  ///< a registry wants (other) credentials: HTTP 401
  Denied,        ///< a registry does not permit the request: HTTP 403
  NotFound,      ///< a registry, repository, tag, digest or file does not exist
  Network,       ///< the network or a registry failed, and so did all retries
  Refused,       ///< the destination does not accept what would be written
  Unstable,      ///< the destination lost what it had accepted
  Space,         ///< no space left, or a file is larger than its file system allows
  Io,            ///< a local read, write, sync or rename failed
  Busy,          ///< another process is working on the same output
  Interrupted,   ///< the user asked to stop
};

/// What callers tell apart among errors of one code.
enum class ErrorReason {
  None,
  NotTar,             ///< the data is no tar archive; nothing of it is damaged
  HelperMissing,      ///< there is no such credential helper, or it is not executable
  CredentialsBroken,  ///< a credential helper, file or token server does not work: no refusal by a registry
};

/// The process exit code that stands for `code`; part of the command line interface (man page, EXIT STATUS).
[[nodiscard]] OCIFERRY_EXPORT int exit_code(ErrorCode code) noexcept;

/// The one exception type of ociferry: what went wrong, what was being done, and what to do next.
///
/// Callers add context on the way up. Its texts may contain control characters from outside: escape them before they go
/// to a terminal. Copies may be used by several threads, one object by one at a time.
class OCIFERRY_EXPORT Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message);

  /// Adds what was being done; innermost first.
  Error& while_doing(std::string context) &;
  Error&& while_doing(std::string context) &&;
  /// Sets the next step for the user, unless one is set.
  Error& hint(std::string text) &;
  Error&& hint(std::string text) &&;
  /// Marks the failure as temporary: a retry may succeed.
  Error& transient(bool yes = true) &;
  Error&& transient(bool yes = true) &&;
  /// Marks the failure as permanent, such as a bad certificate, although its code (Network) suggests a retry.
  Error& lasting() &;
  Error&& lasting() &&;

  /// Says more about the failure than its code does.
  Error& because(ErrorReason reason) &;
  Error&& because(ErrorReason reason) &&;

  [[nodiscard]] const char* what() const noexcept override;
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  [[nodiscard]] ErrorReason reason() const noexcept { return reason_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const std::vector<std::string>& context() const noexcept { return context_; }
  [[nodiscard]] const std::string& hint_text() const noexcept { return hint_; }
  [[nodiscard]] bool is_transient() const noexcept { return transient_; }
  [[nodiscard]] bool is_lasting() const noexcept { return lasting_; }

 private:
  ErrorCode code_;
  ErrorReason reason_ = ErrorReason::None;
  bool transient_ = false;
  bool lasting_ = false;
  std::string message_;
  std::vector<std::string> context_;
  std::string hint_;
};

}  // namespace ociferry
