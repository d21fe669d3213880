#pragma once

#include <string>

#include "ociferry/auth.hpp"
#include "ociferry/credential.hpp"

namespace ociferry {

/// The result of one place in the search: the credential if it wins, and an explanation for `auth explain`.
struct Finding {
  CredentialStep::Outcome outcome = CredentialStep::Outcome::NotSet;
  std::string detail = {};  ///< never holds a secret
  Credential credential = {};

  [[nodiscard]] bool wins() const noexcept { return outcome == CredentialStep::Outcome::Wins; }
};

[[nodiscard]] inline Finding not_set(std::string detail) {
  return {CredentialStep::Outcome::NotSet, std::move(detail), {}};
}
[[nodiscard]] inline Finding no_entry(std::string detail) {
  return {CredentialStep::Outcome::NoEntry, std::move(detail), {}};
}
[[nodiscard]] inline Finding skipped(std::string detail) {
  return {CredentialStep::Outcome::Skipped, std::move(detail), {}};
}
/// `where` names the entry, variable or helper.
[[nodiscard]] Finding wins(Credential credential, const std::string& where);

/// The kind of `credential`; a token takes precedence over a password.
[[nodiscard]] CredentialReport::Kind kind_of(const Credential& credential) noexcept;

/// True if `error` says that a registry refuses to let us read: Unauthorized or Denied, but not for a reason of our own
/// (ErrorReason::CredentialsBroken): what cannot be read because of that must not count as absent.
[[nodiscard]] bool is_refusal(const Error& error) noexcept;

}  // namespace ociferry
