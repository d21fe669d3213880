#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "http/limits.hpp"
#include "http/transport.hpp"

namespace ociferry {

/// The credentials of a request, described for error messages; contains no secret.
struct Sender {
  std::string account = {};     ///< the user and the source of the credentials; empty: none
  std::string repository = {};  ///< the reference that they were for; empty: a whole registry
  std::string trouble = {};     ///< what is wrong with them, if known: "the token ..."
  std::string remedy = {};      ///< what to do about it
};

/// A response after redirects.
struct Answer : Response {
  Answer(Response response, Url from, Origin first)
      : Response(std::move(response)), url(std::move(from)), asked(std::move(first)) {}
  Url url;           ///< of the last request
  Origin asked;      ///< of the first request
  int attempts = 1;  ///< how often the request was sent
  /// The sender, set for the statuses 401 and 403.
  std::optional<Sender> sender = {};
};

/// Sends `request` and follows redirects, at most limits::kRedirects: 307 and 308 always, the others for GET and HEAD.
/// Authorization is dropped when scheme, host or port change. Throws Error{Hostile} for a redirect from https to http,
/// to a link-local address, to a loopback address from another host, and of a secret body to another origin. Throws
/// what Transport::send throws.
[[nodiscard]] Answer send_following(Transport& transport, Request request, std::stop_token stop);

}  // namespace ociferry
