#include "registry/token.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "credentials/limits.hpp"
#include "oci/json.hpp"
#include "ociferry/auth.hpp"
#include "registry/registry_error.hpp"
#include "stream/base64.hpp"
#include "stream/memory.hpp"

namespace ociferry {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The lifetime of a token without expires_in (distribution, "Token Response Fields").
constexpr seconds kDefaultLife{60};
constexpr std::int64_t kLongestLife = 24 * 60 * 60;

Request get_request(const TokenRequest& request) {
  Url url = request.realm;
  if (!request.service.empty()) url = url.with_parameter("service", request.service);
  for (const std::string& scope : request.scopes) url = url.with_parameter("scope", scope);
  Request get{"GET", std::move(url)};
  if (request.credential.is_basic()) get.headers.set("Authorization", basic_authorization(request.credential));
  return get;
}

Request post_request(const TokenRequest& request) {
  const std::string form =
      text::cat("grant_type=refresh_token&client_id=ociferry&service=", percent_encoded(request.service),
                "&scope=", percent_encoded(text::join(request.scopes, " ")),
                "&refresh_token=", percent_encoded(request.credential.identity_token));
  Request post{"POST", request.realm, {{"Content-Type", "application/x-www-form-urlencoded"}}};
  post.secret_body = true;
  post.body = RequestBody{form.size(), [form] { return std::make_unique<StringSource>(form); }};
  return post;
}

Token parse_token(const Answer& answer, std::chrono::steady_clock::time_point asked_at) {
  // Not Json::parse's own message: it may show a part of the token.
  const auto unusable = [&] {
    return Error(ErrorCode::Unauthorized,
                 text::cat("the token server's answer from ", answer.url.shown(), " holds no token"))
        .because(ErrorReason::CredentialsBroken)
        .hint(is_web_page(answer) ? "it is a web page: a proxy or a login page seems to answer in the server's place"
                                  : "have the registry's token server looked after; --debug shows the rest of what it "
                                    "answers");
  };
  Json body;
  try {
    body = Json::parse(answer.body, "token");
  } catch (const Error&) {
    throw unusable();
  }
  std::string value = body.string_at("token");
  if (value.empty()) value = body.string_at("access_token");
  const bool printable = std::ranges::all_of(value, [](char c) { return c > ' ' && c < '\x7f'; });
  if (value.empty() || !printable) throw unusable();
  const Json* const expires_in = body.find("expires_in");
  const std::int64_t* const given = expires_in == nullptr ? nullptr : expires_in->as_int();
  const seconds life = given == nullptr ? kDefaultLife : seconds{std::clamp<std::int64_t>(*given, 0, kLongestLife)};
  return {std::move(value), asked_at + life - renewal_margin(life)};
}

Answer send(Transport& transport, Retrier& retrier, Request request, const std::string& registry,
            const std::stop_token& stop) {
  request.max_body = limits::kTokenBytes;
  request.sent_by = registry;
  try {
    return repeat(
        retrier.attempts(request.url.origin()), [&] { return send_following(transport, request, stop); }, stop);
  } catch (Error& error) {
    const Origin& realm = request.url.origin();
    if (realm.host != registry)
      error.while_doing(text::cat(registry, " sends us to ", to_string(realm), " for a token"));
    throw;
  }
}

}  // namespace

milliseconds renewal_margin(seconds life) noexcept {
  const milliseconds quarter = milliseconds(life) / 4;
  return life >= seconds{120} ? std::max(quarter, milliseconds{30'000}) : quarter;
}

Token fetch_token(Transport& transport, Retrier& retrier, const TokenRequest& request, std::stop_token stop) {
  const auto asked_at = retrier.clock().now();
  const bool refresh = !request.credential.identity_token.empty();
  Request first = refresh ? post_request(request) : get_request(request);
  Answer answer = send(transport, retrier, std::move(first), request.registry, stop);
  if (refresh && (answer.status == 404 || answer.status == 405)) {
    answer = send(transport, retrier, get_request(request), request.registry, stop);
  }
  if (answer.status != 200) {
    answer.sender = request.sender;
    Error error = response_error(refresh ? "POST" : "GET", answer, ErrorCode::Unauthorized);
    throw std::move(error).while_doing(
        text::cat("getting a token", request.scopes.empty() ? "" : " for ", text::join(request.scopes, " ")));
  }
  return parse_token(answer, asked_at);
}

std::string basic_authorization(const Credential& credential) {
  return "Basic " + base64_encoded(credential.username + ":" + credential.password);
}

}  // namespace ociferry
