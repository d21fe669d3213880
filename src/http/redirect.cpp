#include "http/redirect.hpp"

#include "base/context.hpp"
#include "base/text.hpp"
#include "http/limits.hpp"

namespace ociferry {

namespace {

bool is_redirect(const Request& request, int status) {
  if (status == 307 || status == 308) return true;
  const bool reads = request.method == "GET" || request.method == "HEAD";
  return reads && (status == 301 || status == 302 || status == 303);
}

constexpr const char* kHint =
    "have the registry answer itself, without redirects (docker-registry: storage.redirect.disable), or have its "
    "address there corrected";

Error refused(const Url& from, const Url& to, std::string_view why) {
  return Error(ErrorCode::Hostile, text::cat(from.shown(), " redirects to ", to.shown(), ", ", why)).hint(kHint);
}

/// Resolves a Location. Throws Error naming the request.
Url resolved(const Url& from, const std::string& location) {
  const auto doing = [&] { return text::cat("following the redirect of ", from.shown()); };
  try {
    return with_context(doing, [&] { return from.resolve(location); });
  } catch (const Error& error) {
    throw Error(error).hint(kHint);
  }
}

/// Changes `request`, first sent to `asked`, into the request after the redirect to `to`.
void step(Request& request, Url to, const Origin& asked) {
  const Origin& from = request.url.origin();
  if (from.scheme == "https" && to.origin().scheme == "http") {
    throw refused(request.url, to, "which is not encrypted");
  }
  const std::string& host = to.origin().host;
  if (is_link_local(host) || (is_loopback(host) && !is_loopback(asked.host))) {
    throw refused(request.url, to, "an address that only this machine can reach");
  }
  if (to.origin() != from) {
    if (request.secret_body) throw refused(request.url, to, "which must not see the secret that was sent");
    request.headers.remove("Authorization");
    if (!request.sent_by) request.sent_by = asked.host;
  }
  request.url = std::move(to);
}

/// Sends one request. An error of another host than the user named says which host redirected to it.
Response send_step(Transport& transport, const Request& request, const Origin& asked, const std::stop_token& stop) {
  try {
    return transport.send(request, stop);
  } catch (TransportError& error) {
    if (request.url.origin() == asked) throw;
    error.while_doing(
        text::cat("following a redirect: ", to_string(asked), " sends us to ", to_string(request.url.origin())));
    error.hint(text::cat("this machine must reach ", request.url.origin().host, " as well, where ", asked.host,
                         " stores its blobs; or have the registry serve them itself, without redirects"));
    throw;
  }
}

}  // namespace

Answer send_following(Transport& transport, Request request, std::stop_token stop) {
  const Origin asked = request.url.origin();
  for (int steps = 0;; ++steps) {
    Response response = send_step(transport, request, asked, stop);
    const auto location = response.headers.find("Location");
    if (!is_redirect(request, response.status) || !location) {
      return {std::move(response), std::move(request.url), asked};
    }
    if (steps == limits::kRedirects) {
      throw Error(ErrorCode::Hostile, text::cat(request.url.shown(), ": more than ", steps, " redirects in a row"))
          .hint(kHint);
    }
    step(request, resolved(request.url, *location), asked);
  }
}

}  // namespace ociferry
