#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "http/limits.hpp"
#include "http/transport.hpp"

namespace ociferry {

/// Whom a request came from, for the words of an error; holds no secret.
struct Sender {
  std::string account = {};     ///< whose credentials, and where they come from; empty: none are known
  std::string repository = {};  ///< what they were for, as a reference; empty: a registry as a whole
  std::string trouble = {};     ///< what is wrong with them, if that is known: "the token ..."
  std::string remedy = {};      ///< what to do about the trouble
};

/// A response and where it came from in the end.
struct Answer : Response {
  Answer(Response response, Url from, Origin first)
      : Response(std::move(response)), url(std::move(from)), asked(std::move(first)) {}
  Url url;           ///< what was answered, after all redirects
  Origin asked;      ///< whom the request was sent to first
  int attempts = 1;  ///< how often it was tried
  /// Who was refused: set by whoever sent the request with credentials, or without, and was answered 401 or 403.
  std::optional<Sender> sender = {};
};

/// Sends `request` and follows redirects, at most limits::kRedirects: 307 and 308 always, the others for GET and HEAD.
/// Authorization stays behind when scheme, host or port change. Refused with Error{Hostile}: a step from https to http,
/// to an address that only this machine can reach (loopback ones if that was not asked first), and with a secret body
/// to another origin. Throws what Transport::send throws.
[[nodiscard]] Answer send_following(Transport& transport, Request request, std::stop_token stop);

}  // namespace ociferry
