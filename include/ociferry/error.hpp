#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace ociferry {

/// What kind of failure an Error is. Each value has one documented exit code (see `exit_code`).
enum class ErrorCode {
  Usage,         ///< the command line or an option's value is wrong
  Internal,      ///< a bug in ociferry
  Corrupt,       ///< bytes differ from what their digest, size or seal promises
  Incomplete,    ///< something that must be there is missing
  Hostile,       ///< input breaks a rule or a limit that protects the user
  Unauthorized,  ///< a registry wants (other) credentials: HTTP 401
  Denied,        ///< a registry knows us and refuses: HTTP 403
  NotFound,      ///< a registry, repository, tag, digest or file does not exist
  Network,       ///< the network or a registry kept failing until the retry budget was spent
  Refused,       ///< the destination does not accept what we would write
  Unstable,      ///< the destination lost what it had accepted
  Space,         ///< no room left, or a file larger than its file system allows
  Io,            ///< a local read, write, sync or rename failed
  Busy,          ///< another process is working on the same output
  Interrupted,   ///< the user asked to stop
};

/// The process exit code that stands for `code`; part of the command line interface (man page, EXIT STATUS).
[[nodiscard]] int exit_code(ErrorCode code) noexcept;

/// The one exception type of ociferry: what went wrong, what was being done, and what to do next.
///
/// Layers that know more add it on the way up: `catch (Error& e) { e.while_doing("..."); throw; }`.
/// Only the command line interface renders it. The text may hold foreign bytes: print it through `printable`.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message);

  /// Adds what was being done when the error passed by; the innermost comes first.
  Error& while_doing(std::string context) &;
  Error&& while_doing(std::string context) &&;
  /// Sets the next step for the user, unless a deeper layer has already named one.
  Error& hint(std::string text) &;
  Error&& hint(std::string text) &&;
  /// Marks the failure as one that may pass if the same thing is done again.
  Error& transient(bool yes = true) &;
  Error&& transient(bool yes = true) &&;
  /// Marks the failure as one that stays until somebody changes something, such as a certificate: its code alone
  /// (Network) would say that running the command again may help.
  Error& lasting() &;
  Error&& lasting() &&;

  [[nodiscard]] const char* what() const noexcept override;
  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const std::vector<std::string>& context() const noexcept { return context_; }
  [[nodiscard]] const std::string& hint_text() const noexcept { return hint_; }
  [[nodiscard]] bool is_transient() const noexcept { return transient_; }
  [[nodiscard]] bool is_lasting() const noexcept { return lasting_; }

 private:
  ErrorCode code_;
  bool transient_ = false;
  bool lasting_ = false;
  std::string message_;
  std::vector<std::string> context_;
  std::string hint_;
};

/// An Error for a failed system call: `what` names the call and its object, `saved_errno` says why.
/// ENOSPC, EDQUOT and EFBIG become ErrorCode::Space, ENOENT becomes NotFound, all others Io.
[[nodiscard]] Error system_error(std::string_view what, int saved_errno);

}  // namespace ociferry
