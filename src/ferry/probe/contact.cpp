// How a registry is reached: address, TLS, HTTP/2, login.

#include <chrono>

#include "base/text.hpp"
#include "ferry/probe/trials.hpp"
#include "registry/registry_error.hpp"

namespace ociferry::trials {

namespace {

constexpr Capability kReach{"reach", "registry answers"};
constexpr Capability kTls{"tls", "TLS"};
constexpr Capability kHttp2{"http2", "HTTP/2"};
constexpr Capability kLogin{"login", "login"};
constexpr Capability kAnonymous{"anonymousPull", "pull without login"};

/// "2026-11-29"
std::string date(std::chrono::sys_seconds time) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
  const auto two = [](unsigned number) { return text::cat(number < 10 ? "0" : "", number); };
  return text::cat(static_cast<int>(day.year()), "-", two(static_cast<unsigned>(day.month())), "-",
                   two(static_cast<unsigned>(day.day())));
}

std::string certificate_words(const PeerCertificate& certificate) {
  std::string words = text::cat("certificate of ", certificate.subject, ", issued by ", certificate.issuer);
  if (certificate.ends) words += text::cat(", valid until ", date(*certificate.ends));
  return words;
}

/// What to do about a certificate that ends soon; else empty.
std::string advice_on_end(const PeerCertificate& certificate) {
  constexpr std::chrono::days kSoon{30};
  if (!certificate.ends) return {};
  const auto left = std::chrono::floor<std::chrono::days>(*certificate.ends - std::chrono::system_clock::now());
  if (left > kSoon) return {};
  return text::cat("it ends in ", left.count(), left.count() == 1 ? " day" : " days",
                   ": have it renewed before the next import");
}

/// The options of a probe, without any credentials, wherever they may be configured.
RegistryOptions without_credentials(const Probing& probing) {
  RegistryOptions options = probing.registry_options();
  options.find_credential = [](const RepositoryName&) { return Credential(); };
  return options;
}

/// The certificate that was not trusted. Asks once more, without any check and without credentials.
std::string untrusted_certificate(Probing& probing) {
  RegistryOptions options = without_credentials(probing);
  options.verify_certs = false;
  options.retry_count = 0;
  PeerLog peers;
  try {
    static_cast<void>(connect(options, probing.name(), probing.context(), peers)->base(probing.context().stop));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Interrupted) throw;
    return "certificate not readable";
  }
  const auto peer = peers.first();
  return peer && !peer->certificates.empty() ? certificate_words(peer->certificates.front()) : "no certificate";
}

void tell_tls(Probing& probing, const Peer& peer, const Url& base) {
  if (base.origin().scheme == "http") {
    return probing.no(kTls, "plain http",
                      "others on the path can read and change the traffic; an import still checks every digest");
  }
  if (peer.certificates.empty()) return probing.yes(kTls);
  const PeerCertificate& own = peer.certificates.front();
  const bool is_checked = probing.registry_options().verify_certs;
  probing.yes(kTls, text::cat(certificate_words(own), is_checked ? "" : " (not checked)"), advice_on_end(own));
}

void tell_reached(Probing& probing) {
  const Url base = probing.connection().base(probing.context().stop);
  probing.report().url = to_string(base.origin());
  const auto peer = probing.peers().first();
  if (!peer) return probing.yes(kReach);
  const auto time = std::chrono::ceil<std::chrono::milliseconds>(peer->connect_time);
  probing.yes(kReach, text::cat(peer->is_proxy ? "by way of the proxy at " : "at ", peer->address, ", connected in ",
                                time.count(), " ms"));
  tell_tls(probing, *peer, base);
}

std::string account_words(const CredentialReport& found) {
  if (found.kind == CredentialReport::Kind::Anonymous) return "no credentials";
  std::string words(to_string(found.kind));
  if (!found.username.empty()) words += text::cat(" of user ", found.username);
  for (const CredentialStep& step : found.steps) {
    if (step.outcome == CredentialStep::Outcome::Wins) words += text::cat(", from ", step.source);
  }
  return words;
}

/// Reads without credentials.
void pull_anonymously(Probing& probing) {
  PeerLog peers;
  const auto connection = connect(without_credentials(probing), probing.name(), probing.context(), peers);
  const std::stop_token& stop = probing.context().stop;
  const Request request{"GET", connection->url(probing.name(), "manifests/" + probing.mark(), stop)};
  const Scope scope = probing.scope(Scope::Access::Pull);
  constexpr std::string_view kMeaning = "who pulls needs credentials, too: a cluster needs a pull secret";
  try {
    const Answer answer = connection->send_with_retries(request, scope, stop);
    if (answer.status == 404) return probing.yes(kAnonymous, "anybody can read the repository");
    if (answer.status != 401 && answer.status != 403) return probing.unknown(kAnonymous, answer_words(answer));
    probing.no(kAnonymous, answer_words(answer), std::string(kMeaning));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Unauthorized && error.code() != ErrorCode::Denied) throw;
    probing.no(kAnonymous, error.message(), std::string(kMeaning));
  }
}

}  // namespace

bool reach(Probing& probing) {
  try {
    tell_reached(probing);
    return true;
  } catch (const TransportError& error) {
    const bool is_untrusted = error.kind() == TransportError::Kind::Certificate;
    if (is_untrusted) {
      probing.no(kTls, text::cat(untrusted_certificate(probing), ": ", error.message()), error.hint_text());
    } else {
      probing.no(kReach, error.message(), error.hint_text());
    }
    probing.fail(error);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Interrupted) throw;
    probing.no(kReach, error.message(), error.hint_text());
    probing.fail(error);
  }
  return false;
}

void http2(Probing& probing) {
  probing.attempt(kHttp2, [&] {
    if (probing.report().url.starts_with("http:")) {
      return probing.no(kHttp2, "only over TLS", "nothing: HTTP/1.1 serves imports as well");
    }
    RegistryOptions options = probing.registry_options();
    options.http_version = HttpVersion::Http2;
    PeerLog peers;
    static_cast<void>(connect(options, probing.name(), probing.context(), peers)->base(probing.context().stop));
    const auto peer = peers.first();
    if (peer && peer->is_http2) return probing.yes(kHttp2, "not used unless --http2 is given: HTTP/1.1 is faster");
    probing.no(kHttp2, "not offered", "nothing: HTTP/1.1 serves imports as well");
  });
}

void login(Probing& probing) {
  Context context = probing.context();
  context.registry = probing.registry_options();
  const CredentialReport found = explain_credentials(probing.name(), context);
  const bool is_anonymous = found.kind == CredentialReport::Kind::Anonymous;
  probing.attempt(kLogin, [&] {
    try {
      if (found.failure) throw *found.failure;
      const std::stop_token& stop = probing.context().stop;
      const bool is_wanted = probing.connection().prove_credentials(probing.name().repository, stop);
      std::string detail = account_words(found);
      if (!is_wanted) detail += is_anonymous ? ", and none are required" : "; not checked, since none are required";
      probing.yes(kLogin, std::move(detail));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::Interrupted || error.code() == ErrorCode::Network) throw;
      probing.no(kLogin, error.message(), error.hint_text());
      probing.fail(error);
    }
  });
  if (!is_anonymous) probing.attempt(kAnonymous, [&] { pull_anonymously(probing); });
}

}  // namespace ociferry::trials
