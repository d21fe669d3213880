#include "credentials/credentials.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/text.hpp"
#include "credentials/cloud_keychains.hpp"
#include "credentials/credential_files.hpp"
#include "credentials/helper_patience.hpp"
#include "credentials/imgpkg_environment.hpp"
#include "credentials/limits.hpp"
#include "credentials/variables.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// An option's value and where it comes from.
struct Setting {
  std::string value = {};
  std::string from = {};
};

Setting setting(const std::string& option, const char* flag, const Environment& environment, const char* variable) {
  if (!option.empty()) return {option, flag};
  if (auto found = find_variable(environment, variable)) return {std::move(found->value), std::move(found->name)};
  return {};
}

Finding find_user(const Setting& user, const Setting& password) {
  if (!user.value.empty()) return wins({.username = user.value, .password = password.value}, user.from);
  if (password.value.empty()) return not_set("");
  return skipped(text::cat(password.from, " is set, but no user name is"));
}

Finding find_token(const Setting& token) {
  if (token.value.empty()) return not_set("");
  return wins({.registry_token = token.value}, token.from);
}

Finding find_anonymous(bool option, const Environment& environment) {
  constexpr auto kWins = CredentialStep::Outcome::Wins;
  if (option) return {kWins, "anonymous, from --registry-anon", {}};
  const auto variable = find_variable(environment, "ANON");
  if (!variable) return not_set("");
  if (variable->value == "true") return {kWins, text::cat("anonymous, from ", variable->name), {}};
  return skipped(text::cat(variable->name, " is not 'true'"));
}

Finding find_by_caller(const CredentialFinder& find_credential, const RepositoryName& name) {
  std::optional<Credential> found = find_credential(name);
  if (!found) return no_entry("");
  if (found->is_anonymous()) return {CredentialStep::Outcome::Wins, "anonymous, from the calling program", {}};
  return wins(std::move(*found), "the calling program");
}

/// All sources in search order.
std::vector<CredentialSource> sources(const RegistryOptions& options, const Environment& environment,
                                      const HelperRunner& run_helper) {
  std::vector<CredentialSource> all;
  if (options.find_credential) {
    all.push_back({"the calling program", [find = options.find_credential](const RepositoryName& name) {
                     return find_by_caller(find, name);
                   }});
  }
  all.push_back(
      {"OCIFERRY_REGISTRY_* and IMGPKG_REGISTRY_* variables",
       [variables = ImgpkgEnvironment(environment)](const RepositoryName& name) { return variables.find(name); }});
  const auto keychains = active_keychains(environment);
  if (keychains.empty()) {
    all.push_back({"cloud keychains (OCIFERRY_ACTIVE_KEYCHAINS, IMGPKG_ACTIVE_KEYCHAINS)",
                   [](const RepositoryName&) { return not_set(""); }});
  }
  for (const ActiveKeychain& keychain : keychains) {
    all.push_back(
        {text::cat("keychain ", keychain.keychain->name, " (", keychain.variable, ")"),
         [=](const RepositoryName& name) { return find_in_keychain(keychain, environment, name, run_helper); }});
  }
  const Setting user = setting(options.username, "--registry-username", environment, "USERNAME");
  const Setting password = setting(options.password, "--registry-password", environment, "PASSWORD");
  const Setting token = setting(options.token, "--registry-token", environment, "TOKEN");
  all.push_back({"--registry-username, OCIFERRY_USERNAME, IMGPKG_USERNAME",
                 [=](const RepositoryName&) { return find_user(user, password); }});
  all.push_back(
      {"--registry-token, OCIFERRY_TOKEN, IMGPKG_TOKEN", [=](const RepositoryName&) { return find_token(token); }});
  all.push_back({"--registry-anon, OCIFERRY_ANON, IMGPKG_ANON",
                 [anonymous = options.anonymous, environment](const RepositoryName&) {
                   return find_anonymous(anonymous, environment);
                 }});
  for (const CredentialFile& file : credential_files(environment, ::getuid())) {
    all.push_back({file.variable.empty() ? file.path.string() : file.variable,
                   [=](const RepositoryName& name) { return find_in_file(file, environment, name, run_helper); }});
  }
  return all;
}

std::vector<IneffectiveVariable> all_ineffective(const RegistryOptions& options, const Environment& environment) {
  if (options.as_imgpkg) return {};
  std::vector<IneffectiveVariable> all = ImgpkgEnvironment(environment).ineffective();
  std::ranges::move(ineffective_variables(options, environment), std::back_inserter(all));
  return all;
}

/// A header value must not contain line breaks.
void check_header_value(const std::string& token, const std::string& source) {
  const bool fine = std::ranges::all_of(token, [](char c) { return c > ' ' && c < '\x7f'; });
  if (fine) return;
  throw Error(ErrorCode::Usage, text::cat("the token from ", source, " holds a line break or a blank"))
      .hint("check how it was read: tokens are one word");
}

/// A core dump would contain passwords.
void leave_no_core_dump() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0) return;
  limit.rlim_cur = 0;
  static_cast<void>(::setrlimit(RLIMIT_CORE, &limit));
}

}  // namespace

Credentials::Credentials(const RegistryOptions& options, const Environment& environment, CredentialTools tools)
    : tools_(std::move(tools)),
      ineffective_(all_ineffective(options, environment)),
      sources_(
          sources(options, known_variables(options, environment),
                  [this](const std::string& name, const std::string& server) { return ask_helper(name, server); })) {}

bool Credentials::is_fresh(Time made) const { return tools_.clock->now() < made + limits::kCredentialAge; }

std::optional<Credential> Credentials::ask_helper(const std::string& name, const std::string& server) {
  // Many repositories share a registry, and a helper may take a second. Called with the mutex locked.
  auto known = answers_.find({name, server});
  if (known == answers_.end() || !is_fresh(known->second.made)) {
    known = answers_.insert_or_assign({name, server}, run_helper(name, server)).first;
  }
  const HelperAnswer& answer = known->second;
  oldest_used_ = std::min(oldest_used_, answer.made);
  if (answer.failure) std::rethrow_exception(answer.failure);
  return answer.credential;
}

/// Failures are cached, too: a helper must not hang for each of a thousand images.
Credentials::HelperAnswer Credentials::run_helper(const std::string& name, const std::string& server) {
  HelperAnswer answer;
  try {
    run_with_retries(
        "docker-credential-" + name, [&] { answer.credential = tools_.run_helper(name, server); }, *tools_.clock,
        *tools_.progress, tools_.stop);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Interrupted) throw;
    answer.failure = std::current_exception();
  }
  answer.made = tools_.clock->now();
  return answer;
}

Credential Credentials::find(const RepositoryName& name) {
  // Held while a helper runs: it may prompt the user, and must not do so twice at once.
  const std::lock_guard lock(mutex_);
  const auto known = found_.find(name);
  if (known != found_.end() && is_fresh(known->second.made)) return known->second.credential;
  Search made = search(name);
  for (const IneffectiveVariable& one : std::exchange(ineffective_, {})) {
    tools_.progress->warn(text::cat(one.name, " has no effect: ", one.why));
  }
  report(name, made);
  if (made.failure) throw std::move(*made.failure).because(ErrorReason::CredentialsBroken);
  if (!made.credential.is_anonymous()) leave_no_core_dump();
  return found_.insert_or_assign(name, std::move(made)).first->second.credential;
}

CredentialReport Credentials::explain(const RepositoryName& name) {
  const std::lock_guard lock(mutex_);
  Search made = search(name);
  for (const IneffectiveVariable& one : ineffective_) {
    made.steps.push_back({one.name, CredentialStep::Outcome::Skipped, "it has no effect: " + one.why});
  }
  return {name, made.steps, kind_of(made.credential), made.credential.username, made.failure};
}

Credentials::Search Credentials::search(const RepositoryName& name) {
  using Outcome = CredentialStep::Outcome;
  Search search;
  oldest_used_ = tools_.clock->now();
  bool over = false;
  for (const CredentialSource& source : sources_) {
    if (over) {
      search.steps.push_back({source.name, Outcome::NotAsked, ""});
      continue;
    }
    try {
      Finding finding = source.ask(name);
      over = finding.wins();
      if (over) check_header_value(finding.credential.registry_token, source.name);
      search.steps.push_back({source.name, finding.outcome, std::move(finding.detail)});
      if (over) search.credential = std::move(finding.credential);
    } catch (const Error& error) {
      over = true;
      search.failure = error;
      search.failure->while_doing(text::cat("looking for credentials for ", to_string(name), " in ", source.name));
      search.steps.push_back({source.name, Outcome::Failed, error.message()});
    }
  }
  search.made = oldest_used_;
  return search;
}

std::string Credentials::account(const RepositoryName& name) {
  const std::lock_guard lock(mutex_);
  const auto known = found_.find(name);
  if (known == found_.end()) return {};
  for (const CredentialStep& step : known->second.steps) {
    if (step.outcome != CredentialStep::Outcome::Wins) continue;
    const bool is_file = step.source.starts_with('/');
    return text::cat(step.detail, is_file ? text::cat(" in ", step.source) : "");
  }
  return {};
}

void Credentials::report(const RepositoryName& name, const Search& search) const {
  for (const CredentialStep& step : search.steps) {
    if (step.outcome == CredentialStep::Outcome::NotSet || step.outcome == CredentialStep::Outcome::NotAsked) continue;
    tools_.progress->debug(text::cat("credentials for ", to_string(name), ": ", step.source, ": ",
                                     to_string(step.outcome), step.detail.empty() ? "" : ": ", step.detail));
  }
}

}  // namespace ociferry
