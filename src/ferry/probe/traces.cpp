#include "ferry/probe/traces.hpp"

#include <chrono>

#include "base/stop.hpp"
#include "base/text.hpp"
#include "ferry/probe/listing.hpp"
#include "oci/limits.hpp"
#include "registry/refusal_words.hpp"
#include "registry/repository.hpp"

namespace ociferry {

namespace {

constexpr std::chrono::seconds kPatience{10};

bool is_absent(int status) { return status == 404 || status == 410; }

std::string why_not(const Answer& answer) {
  const std::string words = refusal_words(answer);
  return text::cat("answered ", answer.status, words.empty() ? "" : text::cat(" (", words, ")"));
}

}  // namespace

std::size_t Traces::add(Kind kind, std::string what, Url url, Scope scope) {
  traces_.push_back({kind, std::move(what), std::move(url), std::move(scope)});
  return traces_.size() - 1;
}

void Traces::try_to_remove(Trace& trace, const std::stop_token& stop) {
  try {
    const Answer answer = connection_.send(Request{"DELETE", trace.url}, trace.scope, stop);
    trace.is_gone = is_success(answer.status) || is_absent(answer.status);
    if (!trace.is_gone) trace.refusal = text::cat("DELETE ", trace.url.shown(), " ", why_not(answer));
  } catch (const Error& error) {
    const bool is_late = error.code() == ErrorCode::Interrupted;
    trace.refusal = is_late ? text::cat("DELETE ", trace.url.shown(), " had no answer in time") : error.message();
  }
}

bool Traces::remove(std::size_t trace, const std::stop_token& stop) {
  Trace& one = traces_.at(trace);
  if (!one.is_gone) try_to_remove(one, stop);
  throw_if_stopped(stop);
  return one.is_gone;
}

bool Traces::is_there(const Trace& trace, const std::stop_token& stop) {
  if (trace.kind == Kind::Repository) return is_listed(connection_, trace.scope.name, stop);
  const bool is_manifest = trace.kind == Kind::Manifest;
  Request request{is_manifest ? "GET" : "HEAD", trace.url};
  if (is_manifest) {
    request.headers.set("Accept", std::string(kAcceptedManifests));
    request.max_body = limits::kManifestBytes;
  }
  return !is_absent(connection_.send_with_retries(request, trace.scope, stop).status);
}

/// A refused delete may have succeeded: whether content still exists is checked. If that fails, it is reported as left.
void Traces::look_for(Trace& trace, const std::stop_token& stop) {
  const bool is_repository = trace.kind == Kind::Repository;
  if (is_repository) trace.refusal = "no request deletes a repository";
  try {
    trace.is_gone = trace.kind != Kind::Upload && !is_there(trace, stop);
    if (is_repository) trace.refusal = "the registry goes on listing it, and no request deletes a repository";
  } catch (const Error& error) {
    trace.refusal += text::cat("; whether it is still there could not be found out: ", error.message());
  }
}

std::vector<std::string> Traces::clean_up() {
  const StopTimer enough(kPatience);
  for (auto trace = traces_.rbegin(); trace != traces_.rend(); ++trace) {
    if (!trace->is_gone && trace->kind != Kind::Repository) try_to_remove(*trace, enough.token());
  }
  std::vector<std::string> left;
  for (Trace& trace : traces_) {
    if (!trace.is_gone) look_for(trace, enough.token());
    if (trace.is_gone) continue;
    const char* const later =
        trace.kind == Kind::Upload ? "; registries forget unfinished uploads after some days" : "";
    left.push_back(text::cat(trace.what, ": ", trace.refusal, later));
  }
  return left;
}

}  // namespace ociferry
