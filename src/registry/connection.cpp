#include "registry/connection.hpp"

#include <utility>

#include "base/text.hpp"
#include "registry/registry_error.hpp"
#include "registry/token_times.hpp"

namespace ociferry {

namespace {

/// The number of such failures of the first request before giving up; nullopt: the usual number of retries. The usual
/// cause is a wrong name or a missing network, which should be reported soon.
std::optional<int> first_attempts(TransportError::Kind kind) {
  switch (kind) {
    case TransportError::Kind::Connect:
    case TransportError::Kind::Handshake: return 3;
    case TransportError::Kind::Silent: return 2;  // each has waited for the whole connect time-out
    default: return std::nullopt;
  }
}

/// False for responses of https servers to plain http, and for those that no registry sends.
bool may_be_registry(const Answer& answer) {
  const bool is_refusal = answer.status == 400 || is_transient_status(answer.status);
  return !is_refusal && answer.url.origin().scheme == "http" && !is_web_page(answer);
}

constexpr std::string_view kPlainHint =
    "if the registry speaks plain http only and you accept that, use --registry-insecure";
constexpr std::string_view kCertificateHint =
    "the registry ended the connection without an answer; if it wants a client certificate, put NAME.cert and NAME.key "
    "into ";
constexpr std::string_view kCutOffHint = "a firewall or a proxy may cut TLS connections to this host off; ";

}  // namespace

Connection::Connection(std::shared_ptr<ClientContext> context, std::string registry)
    : context_(std::move(context)),
      registry_(std::move(registry)),
      authenticator_(*context_->transport, context_->retrier, context_->credentials),
      chunks_(context_->options.upload_chunk_size) {}

Url Connection::at(const std::string& scheme) const { return Url::parse(text::cat(scheme, "://", registry_, "/v2/")); }

Retrier::Attempts Connection::attempts(Retrier::Lane lane) {
  return context_->retrier.attempts(at("https").origin(), lane);
}

Url Connection::base(std::stop_token stop) {
  const std::lock_guard lock(mutex_);
  if (base_) return *base_;
  if (unreachable_) throw *unreachable_;
  int failures = first_failures_;
  const auto ask = [&] {
    try {
      return ping(stop);
    } catch (const TransportError& error) {
      ++failures;
      const auto most = first_attempts(error.kind());
      if (!most || failures < *most) throw;
      // For the other threads that wait for this registry.
      unreachable_ = gave_up(error, failures);
      throw *unreachable_;
    }
  };
  const Answer answer = repeat(attempts(), ask, stop);
  check_ping(answer);
  const Url base = at(answer.asked.scheme).resolve("/");
  if (answer.status == 401) {
    check_may_send_credentials(base);
    authenticator_.learn(base, answer.headers);
  }
  base_ = base;
  return base;
}

/// True for a request that can replace the ping, and does not block others for long.
bool Connection::may_be_first(const Request& request) const {
  const bool is_question = (request.method == "GET" || request.method == "HEAD") && request.sink == nullptr;
  return is_question && !may_be_plain(TransportError::Kind::Connect);
}

std::optional<Answer> Connection::first_contact(const Request& request, const std::stop_token& stop) {
  const Url base = at("https").resolve("/");
  if (!may_be_first(request) || request.url.origin() != base.origin()) return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    if (base_ || had_first_contact_) return std::nullopt;
  }
  // Other threads do the same now: each opens its connection, which takes longer than the response.
  try {
    Answer answer = send_following(*context_->transport, request, stop);
    const std::lock_guard lock(mutex_);
    had_first_contact_ = true;
    const bool from_here = answer.url.origin() == base.origin();
    if (answer.status == 401 && from_here) authenticator_.learn(base, answer.headers);
    const bool is_registry = is_success(answer.status) ? !is_web_page(answer) : authenticator_.is_wanted();
    if (is_registry && !base_) base_ = base;
    // Any other response is final only if a ping shows a registry that requires no credentials.
    const bool settles = answer.status != 401 && !is_transient_status(answer.status);
    return settles ? std::optional(std::move(answer)) : std::nullopt;
  } catch (TransportError& error) {
    advise(error);
    if (error.is_lasting()) throw;
    context_->progress.debug(error.message());
    const std::lock_guard lock(mutex_);
    if (!std::exchange(had_first_contact_, true)) ++first_failures_;
    return std::nullopt;
  }
}

bool Connection::may_be_plain(TransportError::Kind https_failure) const {
  const std::string host = at("https").origin().host;
  switch (https_failure) {
    case TransportError::Kind::NotTls:
    case TransportError::Kind::Connect:
    // Some servers without TLS just close the connection.
    case TransportError::Kind::Handshake: return context_->options.insecure || is_loopback(host) || is_private(host);
    // A host that does not respond is not tried again, unless the user allows plain http.
    case TransportError::Kind::Silent: return context_->options.insecure;
    // The peer speaks TLS, and after a certificate error may be an impostor; or the failure is temporary.
    case TransportError::Kind::Certificate:
    case TransportError::Kind::Proxy:
    case TransportError::Kind::Broken: break;
  }
  return false;
}

Answer Connection::ping(std::stop_token stop) const {
  const auto ask = [&](const std::string& scheme) {
    return send_following(*context_->transport, Request{"GET", at(scheme)}, stop);
  };
  try {
    return ask("https");
  } catch (TransportError& error) {
    advise(error);
    if (!may_be_plain(error.kind())) throw;
    const bool cut_off = error.kind() == TransportError::Kind::Handshake;
    try {
      const Answer answer = ask("http");
      if (!cut_off || may_be_registry(answer)) return answer;
    } catch (const TransportError& plain) {
      if (!cut_off || plain.is_lasting()) throw;
    }
    throw;  // the first failure: the host may speak https after all
  }
}

/// Adds a hint to a failed first request over https, if there is a next step.
void Connection::advise(TransportError& error) const {
  const bool is_final = !may_be_plain(error.kind());
  switch (error.kind()) {
    case TransportError::Kind::NotTls:
      if (is_final) error.hint(std::string(kPlainHint));
      return;
    case TransportError::Kind::Handshake:
      if (is_final) error.hint(text::cat(kCutOffHint, kPlainHint));
      [[fallthrough]];
    case TransportError::Kind::Broken:
      // With TLS 1.3 a server misses our certificate only when all is agreed; its alert may be lost with the
      // connection.
      error.hint(text::cat(kCertificateHint, "~/.config/containers/certs.d/", registry_));
      return;
    default: return;
  }
}

void Connection::check_may_send_credentials(const Url& base) const {
  const Origin& origin = base.origin();
  if (origin.scheme != "http" || context_->options.insecure || is_loopback(origin.host)) return;
  throw Error(ErrorCode::Unauthorized,
              text::cat(to_string(origin),
                        " requires credentials, but does not speak https: others on the path could read "
                        "them"))
      .hint("if you accept that, use --registry-insecure");
}

void Connection::check_ping(const Answer& answer) const {
  if (is_transient_status(answer.status)) throw response_error("GET", answer, ErrorCode::Network);
  if (answer.status == 200 && is_web_page(answer)) {
    throw Error(ErrorCode::NotFound, text::cat(answer.url.shown(), " is not a registry: it answers with a web page"))
        .hint("check the registry's name, and whether a proxy or a login page answers in its place");
  }
}

Url Connection::url(const RepositoryName& name, const std::string& path, std::stop_token stop) {
  // With https only, there is nothing to detect.
  const bool is_known = !may_be_plain(TransportError::Kind::Connect);
  return (is_known ? at("https") : base(std::move(stop))).resolve(text::cat("/v2/", name.repository, "/", path));
}

Answer Connection::send(Request request, const Scope& scope, std::stop_token stop) {
  auto first = first_contact(request, stop);
  const Url home = base(stop);
  if (first && !authenticator_.is_wanted()) return *std::move(first);
  if (request.url.origin() != home.origin()) return send_elsewhere(std::move(request), std::move(stop));
  auto authorization = authenticator_.authorization(scope, stop);
  const auto attempt = [&] {
    if (authorization) request.headers.set("Authorization", *authorization);
    return send_following(*context_->transport, request, stop);
  };
  Answer answer = attempt();
  if (answer.status != 401 || answer.url.origin() != home.origin()) return answer;
  check_may_send_credentials(home);
  const auto again = authenticator_.renewed(scope, home, answer.headers, authorization, stop);
  if (again) {
    authorization = again;
    answer = attempt();
  }
  if (answer.status == 401) answer.sender = refused_sender(scope, answer, authorization.value_or(""));
  return answer;
}

/// The refused credentials, and what is wrong with the token, by its times and the registry's clock.
Sender Connection::refused_sender(const Scope& scope, const Answer& answer, std::string_view authorization) {
  Sender sender = authenticator_.sender(scope);
  constexpr std::string_view kBearer = "Bearer ";
  if (!authorization.starts_with(kBearer)) {
    if (authenticator_.is_wanted()) return sender;
    sender.trouble = "no credentials were sent, since the registry offers no supported way to log in";
    sender.remedy = "have the registry accept Basic or Bearer (WWW-Authenticate); --debug shows its answers";
    return sender;
  }
  const auto date = parse_http_date(answer.headers.find("Date").value_or(""));
  const auto now = date ? *date : std::chrono::floor<std::chrono::seconds>(context_->retrier.clock().calendar());
  const std::string why = why_not_valid(times_of_token(authorization.substr(kBearer.size())), now);
  if (why.empty()) return sender;
  sender.trouble =
      text::cat("by the clock of ", date ? "the registry" : "this machine", " the token cannot be used: ", why);
  sender.remedy = "get a new token, or have the clocks of the registry and its token server set right";
  return sender;
}

bool Connection::prove_credentials(const std::string& repository, std::stop_token stop) {
  const Url root = base(stop).resolve("/v2/");
  if (!authenticator_.is_wanted()) return false;
  const Answer answer = send_with_retries({"GET", root}, {.name = {registry_, repository}}, std::move(stop));
  if (!is_success(answer.status)) throw response_error("GET", answer, ErrorCode::Unauthorized);
  return true;
}

Answer Connection::send_elsewhere(Request request, std::stop_token stop) const {
  // Names are checked again after DNS resolution; behind a proxy, this is the only check.
  const std::string& host = request.url.origin().host;
  if (is_link_local(host) || (is_loopback(host) && !is_loopback(at("https").origin().host))) {
    throw Error(ErrorCode::Hostile, text::cat(request.url.shown(), " is an address that only this machine can reach"));
  }
  request.sent_by = at("https").origin().host;
  const bool writes = request.method != "GET" && request.method != "HEAD";
  const std::string there = to_string(request.url.origin());
  try {
    return send_following(*context_->transport, std::move(request), std::move(stop));
  } catch (TransportError& error) {
    // Only the registry can have named that host.
    if (!writes) throw;
    error.while_doing(text::cat(registry_, " sends uploads to ", there));
    error.hint(
        "have the registry's external URL set right: the name and port that clients reach it by (docker-registry: "
        "http.host, or the X-Forwarded headers of the proxy before it)");
    throw;
  }
}

Answer Connection::send_with_retries(const Request& request, const Scope& scope, std::stop_token stop) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  return repeat(
      attempts(reads ? Retrier::Lane::Read : Retrier::Lane::Write), [&] { return send(request, scope, stop); }, stop);
}

}  // namespace ociferry
