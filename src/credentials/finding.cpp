#include "credentials/finding.hpp"

#include "base/text.hpp"

namespace ociferry {

namespace {

/// "user me (password not shown)"
std::string shown(const Credential& credential) {
  const std::string user = credential.username.empty() ? "" : text::cat("user ", credential.username, ", ");
  switch (kind_of(credential)) {
    case CredentialReport::Kind::Anonymous: return "anonymous, as nothing but the host name is set";
    case CredentialReport::Kind::Password: return text::cat("user ", credential.username, " (password not shown)");
    case CredentialReport::Kind::IdentityToken: return user + "identity token (not shown)";
    case CredentialReport::Kind::RegistryToken: return user + "registry token (not shown)";
  }
  return {};
}

}  // namespace

CredentialReport::Kind kind_of(const Credential& credential) noexcept {
  if (!credential.registry_token.empty()) return CredentialReport::Kind::RegistryToken;
  if (!credential.identity_token.empty()) return CredentialReport::Kind::IdentityToken;
  return credential.is_basic() ? CredentialReport::Kind::Password : CredentialReport::Kind::Anonymous;
}

Finding wins(Credential credential, const std::string& where) {
  std::string detail = text::cat(shown(credential), ", from ", where);
  return {CredentialStep::Outcome::Wins, std::move(detail), std::move(credential)};
}

bool is_refusal(const Error& error) noexcept {
  const bool refused = error.code() == ErrorCode::Unauthorized || error.code() == ErrorCode::Denied;
  return refused && error.reason() != ErrorReason::CredentialsBroken;
}

std::string_view to_string(CredentialStep::Outcome outcome) noexcept {
  switch (outcome) {
    case CredentialStep::Outcome::NotSet: return "not set";
    case CredentialStep::Outcome::NoEntry: return "no entry";
    case CredentialStep::Outcome::Skipped: return "skipped";
    case CredentialStep::Outcome::Wins: return "wins";
    case CredentialStep::Outcome::Failed: return "failed";
    case CredentialStep::Outcome::NotAsked: return "not asked";
  }
  return "";
}

std::string_view to_string(CredentialReport::Kind kind) noexcept {
  switch (kind) {
    case CredentialReport::Kind::Anonymous: return "anonymous";
    case CredentialReport::Kind::Password: return "password";
    case CredentialReport::Kind::IdentityToken: return "identity token";
    case CredentialReport::Kind::RegistryToken: return "registry token";
  }
  return "";
}

}  // namespace ociferry
