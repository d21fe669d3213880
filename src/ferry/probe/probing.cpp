#include "ferry/probe/probing.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "base/text.hpp"
#include "registry/refusal_words.hpp"
#include "registry/registry_client.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

constexpr int kRetries = 2;
constexpr std::chrono::milliseconds kRateLimitWait{30'000};
constexpr std::size_t kMarkDigits = 12;

std::string random_mark() {
  std::random_device random;
  const Digest digest = sha256(text::cat(random(), "-", random(), "-", random()));
  return text::cat("ociferry-probe-", digest.hex().substr(0, kMarkDigits));
}

/// A probe is to end soon, with an answer or without one.
RegistryOptions impatient(RegistryOptions options) {
  options.retry_count = std::min(options.retry_count, kRetries);
  options.rate_limit_wait = std::min(options.rate_limit_wait, kRateLimitWait);
  return options;
}

}  // namespace

PeerObserver PeerLog::observer() {
  return [this](const Peer& peer) {
    const std::lock_guard lock(mutex_);
    peers_.push_back(peer);
  };
}

std::optional<Peer> PeerLog::first() const {
  const std::lock_guard lock(mutex_);
  return peers_.empty() ? std::nullopt : std::optional(peers_.front());
}

std::shared_ptr<Connection> connect(const RegistryOptions& options, const RepositoryName& name, const Context& context,
                                    PeerLog& peers) {
  auto transport = make_observed_transport(options, *context.progress, peers.observer());
  return std::make_shared<Connection>(
      std::make_shared<ClientContext>(options, std::move(transport), *context.progress, context.stop,
                                      current_environment(), real_clock()),
      name.registry);
}

Probing::Probing(const ProbeOptions& options, const Context& context)
    : options_(options),
      context_(context),
      registry_options_(impatient(context.registry)),
      mark_(random_mark()),
      connection_(connect(registry_options_, options.repository, context, peers_)),
      traces_(*connection_),
      report_{.repository = options.repository} {}

Answer Probing::ask(std::string method, const std::string& path) {
  return ask(Request{std::move(method), url(path)}, scope());
}

Answer Probing::ask(const Request& request, const Scope& scope) {
  return connection_->send_with_retries(request, scope, context_.stop);
}

void Probing::add(Capability about, ProbeAnswer answer, std::string detail, std::string meaning) {
  report_.findings.push_back(
      {std::string(about.name), std::string(about.what), answer, std::move(detail), std::move(meaning)});
}

void Probing::yes(Capability about, std::string detail, std::string meaning) {
  add(about, ProbeAnswer::Yes, std::move(detail), std::move(meaning));
}

void Probing::no(Capability about, std::string detail, std::string meaning) {
  add(about, ProbeAnswer::No, std::move(detail), std::move(meaning));
}

void Probing::unknown(Capability about, std::string detail, std::string meaning) {
  add(about, ProbeAnswer::Unknown, std::move(detail), std::move(meaning));
}

void Probing::not_tried(Capability about, std::string why) { add(about, ProbeAnswer::NotTried, std::move(why), ""); }

void Probing::fail(const Error& error) {
  if (!report_.failure) report_.failure = error;
}

bool Probing::is_possible(Capability about) const {
  const auto found = std::ranges::find(report_.findings, about.name, &ProbeFinding::name);
  return found != report_.findings.end() && found->answer == ProbeAnswer::Yes;
}

void Probing::attempt(Capability about, const std::function<void()>& trial) {
  if (has_failed()) return not_tried(about, "an import fails before");
  try {
    trial();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Interrupted) throw;
    const bool is_refusal = error.code() == ErrorCode::Unauthorized || error.code() == ErrorCode::Denied;
    add(about, is_refusal ? ProbeAnswer::No : ProbeAnswer::Unknown, error.message(), error.hint_text());
    // The network is gone, and would be so for all further trials.
    if (error.code() == ErrorCode::Network) fail(error);
  }
}

std::string answer_words(const Answer& answer) {
  const std::string words = refusal_words(answer);
  return text::cat("answered ", answer.status, words.empty() ? "" : text::cat(" (", words, ")"));
}

}  // namespace ociferry
