#pragma once

#include <string>

#include "credentials/credential.hpp"
#include "ociferry/auth.hpp"

namespace ociferry {

/// What one place knows about a repository: a credential if it wins, and words for `auth explain` in any case.
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
/// `where` says which entry, variable or helper it comes from.
[[nodiscard]] Finding wins(Credential credential, const std::string& where);

/// What kind of proof `credential` is; a token counts more than the password beside it.
[[nodiscard]] CredentialReport::Kind kind_of(const Credential& credential) noexcept;

}  // namespace ociferry
