#include "registry/authenticator.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

void Authenticator::learn(const Url& base, const Headers& headers) {
  const auto challenges = parse_challenges(headers.all("WWW-Authenticate"));
  auto usable = usable_challenge(challenges);
  if (!usable) return;
  const std::lock_guard lock(mutex_);
  challenge_ = std::move(usable);
  tokens_ = token_challenge(challenges);
  base_ = base;
}

bool Authenticator::uses_tokens() {
  const auto wanted = challenge();
  return wanted && wanted->scheme == "bearer";
}

std::optional<Challenge> Authenticator::challenge() {
  const std::lock_guard lock(mutex_);
  return challenge_;
}

/// Nobody can answer a Basic challenge without a password, but anybody may get a token.
std::optional<Challenge> Authenticator::challenge_for(const Credential& credential) {
  const std::lock_guard lock(mutex_);
  const bool is_answerable = !challenge_ || challenge_->scheme != "basic" || credential.is_basic();
  return is_answerable || !tokens_ ? challenge_ : tokens_;
}

std::optional<std::string> Authenticator::authorization(const Scope& scope, std::stop_token stop) {
  if (!is_wanted()) return std::nullopt;
  const Credential credential = credentials_.find(scope.name);
  const auto wanted = challenge_for(credential);
  if (!credential.registry_token.empty()) return "Bearer " + credential.registry_token;
  if (wanted->scheme == "bearer") return bearer(scope, *wanted, credential, "", std::move(stop));
  if (!credential.is_basic()) return std::nullopt;
  return basic_authorization(credential);
}

std::optional<std::string> Authenticator::renewed(const Scope& scope, const Url& base, const Headers& headers,
                                                  const std::optional<std::string>& rejected, std::stop_token stop) {
  learn(base, headers);
  if (!is_wanted()) return std::nullopt;
  const Credential credential = credentials_.find(scope.name);
  const auto wanted = challenge_for(credential);
  if (wanted->scheme != "bearer" || !credential.registry_token.empty()) {
    auto value = authorization(scope, std::move(stop));
    return value == rejected ? std::nullopt : value;
  }
  if (const std::string more = wanted->parameter("scope"); !more.empty()) {
    const auto target = slot(scope);
    const std::lock_guard lock(target->mutex);
    for (std::string& one : text::split(more, ' ')) {
      if (!one.empty()) target->more_scopes.insert(std::move(one));
    }
  }
  return bearer(scope, *wanted, credential, rejected.value_or(""), std::move(stop));
}

std::string Authenticator::bearer(const Scope& scope, const Challenge& challenge, const Credential& credential,
                                  const std::string& rejected, std::stop_token stop) {
  const auto target = slot(scope);
  const std::lock_guard lock(target->mutex);
  const bool usable = target->token && retrier_.clock().now() < target->token->renew_at;
  if (usable && "Bearer " + target->token->value != rejected) return "Bearer " + target->token->value;
  const Url realm = realm_of(challenge);
  TokenRequest request{realm,
                       registry_host(),
                       challenge.parameter("service"),
                       scope_texts(scope),
                       may_send_credentials_to(realm) ? credential : Credential(),
                       sender(scope)};
  for (const std::string& more : target->more_scopes) {
    if (std::ranges::find(request.scopes, more) == request.scopes.end()) request.scopes.push_back(more);
  }
  target->token = fetch_token(transport_, retrier_, request, std::move(stop));
  return "Bearer " + target->token->value;
}

Sender Authenticator::sender(const Scope& scope) {
  return {.account = credentials_.account(scope.name),
          .repository = scope.name.repository.empty() ? "" : to_string(scope.name)};
}

std::shared_ptr<Authenticator::Slot> Authenticator::slot(const Scope& scope) {
  const std::lock_guard lock(mutex_);
  auto& found = slots_[text::join(scope_texts(scope), " ")];
  if (!found) found = std::make_shared<Slot>();
  return found;
}

std::string Authenticator::registry_host() {
  const std::lock_guard lock(mutex_);
  return base_->origin().host;
}

/// False for another server named over plain http: an attacker on the path may have named it.
bool Authenticator::may_send_credentials_to(const Url& realm) {
  const std::lock_guard lock(mutex_);
  const Origin& registry = base_->origin();
  return registry.scheme == "https" || realm.origin().host == registry.host || is_loopback(registry.host);
}

Url Authenticator::realm_of(const Challenge& challenge) {
  const std::lock_guard lock(mutex_);
  Url realm = base_->resolve(challenge.parameter("realm"));
  const Origin& at = realm.origin();
  const Origin& registry = base_->origin();
  const auto refused = [&](std::string_view why) {
    return Error(ErrorCode::Hostile,
                 text::cat(to_string(registry), " sends us to ", realm.shown(), " for a token, ", why));
  };
  if (is_link_local(at.host) || (is_loopback(at.host) && !is_loopback(registry.host))) {
    throw refused("an address that only this machine can reach");
  }
  // Plain http was accepted for the registry's own host, not for others.
  const bool accepted = registry.scheme == "http" && (at.host == registry.host || is_loopback(at.host));
  if (at.scheme == "http" && !accepted) {
    throw refused("which is not encrypted").hint("have the registry's token realm corrected to https");
  }
  return realm;
}

}  // namespace ociferry
