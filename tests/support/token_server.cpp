#include "support/token_server.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "stream/base64.hpp"
#include "support/http_server.hpp"
#include "support/temp.hpp"
#include "support/tls.hpp"
#include "support/wire.hpp"

namespace ociferry::testing {

namespace {

/// distribution takes a token for so long after its end.
constexpr std::chrono::seconds kLeeway{60};

std::string base64url(std::string_view bytes) {
  std::string text = base64_encoded(bytes);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

// The certificate without the lines around it: what the header x5c holds (RFC 7515, section 4.1.6).
std::string der_base64(const std::filesystem::path& pem) {
  std::string base64;
  for (const std::string& line : text::split(read_text(pem), '\n')) {
    if (!line.starts_with("-----")) base64 += line;
  }
  return base64;
}

// "repository:team/app:pull,push"; the name may hold a colon of its own.
Json access_entry(const std::string& scope) {
  const auto first = scope.find(':');
  const auto last = scope.rfind(':');
  if (first == std::string::npos || first == last) return Json::Object{};
  Json::Array actions;
  for (std::string& action : text::split(scope.substr(last + 1), ',')) actions.emplace_back(std::move(action));
  return Json::Object{
      {"type", scope.substr(0, first)}, {"name", scope.substr(first + 1, last - first - 1)}, {"actions", actions}};
}

// A form writes a space as '+'.
std::string form_decoded(std::string text) {
  std::ranges::replace(text, '+', ' ');
  return percent_decoded(text);
}

// The query of a GET or the form of a POST.
std::multimap<std::string, std::string> parameters_of(const HttpRequest& request) {
  if (request.method != "POST") return request.parameters;
  std::multimap<std::string, std::string> parameters;
  for (const std::string& field : text::split(request.body, '&')) {
    const auto equals = std::min(field.find('='), field.size());
    parameters.emplace(form_decoded(field.substr(0, equals)),
                       form_decoded(field.substr(std::min(equals + 1, field.size()))));
  }
  return parameters;
}

std::string value_of(const std::multimap<std::string, std::string>& parameters, const std::string& name) {
  const auto found = parameters.find(name);
  return found == parameters.end() ? "" : found->second;
}

std::vector<std::string> scopes_of(const std::multimap<std::string, std::string>& parameters) {
  std::vector<std::string> scopes;
  const auto [begin, end] = parameters.equal_range("scope");
  for (auto field = begin; field != end; ++field) {
    for (std::string& scope : text::split(field->second, ' ')) {
      if (!scope.empty()) scopes.push_back(std::move(scope));
    }
  }
  return scopes;
}

}  // namespace

struct TokenServer::State {
  TokenServerOptions options;
  TempDirectory directory = temp_directory();
  SigningKey key = make_signing_key(directory.path());
  std::atomic<int> tokens = 0;
  mutable std::mutex mutex;
  std::vector<LoggedTokenRequest> requests;
  HttpServer server{[this](const HttpRequest& request) { return answer(request); }};

  explicit State(TokenServerOptions wanted) : options(std::move(wanted)) {}
  [[nodiscard]] HttpReply answer(const HttpRequest& request);
  [[nodiscard]] bool knows(const HttpRequest& request) const;
  [[nodiscard]] std::string mint(const std::vector<std::string>& scopes);
  [[nodiscard]] std::string token_for(const std::vector<std::string>& scopes);

  struct Minted {
    std::string token;
    std::chrono::steady_clock::time_point at;
  };
  std::map<std::vector<std::string>, Minted> minted;
};

bool TokenServer::State::knows(const HttpRequest& request) const {
  const std::multimap<std::string, std::string> parameters = parameters_of(request);
  if (value_of(parameters, "grant_type") == "refresh_token") {
    return !options.refresh_token.empty() && value_of(parameters, "refresh_token") == options.refresh_token;
  }
  if (options.user.empty()) return true;
  if (value_of(parameters, "grant_type") == "password") {
    return value_of(parameters, "username") + ":" + value_of(parameters, "password") == options.user;
  }
  return request.headers.find("Authorization") == "Basic " + base64_encoded(options.user);
}

std::string TokenServer::State::mint(const std::vector<std::string>& scopes) {
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  Json::Array access;
  for (const std::string& scope : scopes) {
    if (access.size() < options.scopes_granted) access.push_back(access_entry(scope));
  }
  const Json header =
      Json::Object{{"typ", "JWT"}, {"alg", "RS256"}, {"x5c", Json::Array{Json(der_base64(key.certificate))}}};
  const Json claims = Json::Object{{"iss", "ociferry-rig"},
                                   {"sub", "somebody"},
                                   {"aud", "rig"},
                                   {"exp", now + options.lifetime.count() - kLeeway.count()},
                                   {"nbf", now - kLeeway.count()},
                                   {"iat", now},
                                   {"jti", text::cat(++tokens)},
                                   {"access", access}};
  const std::string signed_part = base64url(header.dump()) + "." + base64url(claims.dump());
  return signed_part + "." + base64url(sign_rs256(key, signed_part));
}

std::string TokenServer::State::token_for(const std::vector<std::string>& scopes) {
  if (!options.reuses_tokens) return mint(scopes);
  const std::lock_guard lock(mutex);
  const auto now = std::chrono::steady_clock::now();
  Minted& known = minted[scopes];
  if (known.token.empty() || now - known.at > options.lifetime / 2) known = {mint(scopes), now};
  return known.token;
}

HttpReply TokenServer::State::answer(const HttpRequest& request) {
  const std::multimap<std::string, std::string> parameters = parameters_of(request);
  LoggedTokenRequest logged{request.method, request.headers.find("Authorization").value_or(""),
                            value_of(parameters, "service"), scopes_of(parameters), knows(request) ? 200 : 401};
  {
    const std::lock_guard lock(mutex);
    requests.push_back(logged);
  }
  if (logged.status != 200) return {.status = logged.status, .body = R"({"errors":[{"code":"UNAUTHORIZED"}]})"};
  const std::string token = token_for(logged.scopes);
  const Json body =
      Json::Object{{"token", token}, {"access_token", token}, {"expires_in", Json(options.lifetime.count())}};
  return {.headers = {{"Content-Type", "application/json"}}, .body = body.dump()};
}

TokenServer::TokenServer(TokenServerOptions options) : state_(std::make_unique<State>(std::move(options))) {}
TokenServer::~TokenServer() = default;

TokenRealm TokenServer::realm() const {
  return {state_->server.origin() + "/token", "rig", "ociferry-rig", state_->key.certificate};
}

std::string TokenServer::mint(const std::vector<std::string>& scopes) const { return state_->mint(scopes); }

std::vector<LoggedTokenRequest> TokenServer::requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->requests;
}

}  // namespace ociferry::testing
