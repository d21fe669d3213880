#include "ferry/probe/traces.hpp"

#include <chrono>
#include <thread>

#include "base/text.hpp"
#include "registry/refusal_words.hpp"

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
    if (!trace.is_gone) trace.refusal = why_not(answer);
  } catch (const Error& error) {
    trace.refusal = error.code() == ErrorCode::Interrupted ? "no answer in time" : error.message();
  }
}

bool Traces::remove(std::size_t trace, const std::stop_token& stop) {
  Trace& one = traces_.at(trace);
  if (!one.is_gone) try_to_remove(one, stop);
  if (stop.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
  return one.is_gone;
}

std::vector<std::string> Traces::clean_up() {
  std::stop_source enough;
  const std::jthread timer([&enough](const std::stop_token& done) {
    try {
      real_clock().sleep_until(std::chrono::steady_clock::now() + kPatience, done);
      enough.request_stop();
    } catch (const Error&) {
      return;  // all is deleted
    }
  });
  for (auto trace = traces_.rbegin(); trace != traces_.rend(); ++trace) {
    if (!trace->is_gone) try_to_remove(*trace, enough.get_token());
  }
  std::vector<std::string> left;
  for (const Trace& trace : traces_) {
    if (trace.is_gone) continue;
    const char* const later =
        trace.kind == Kind::Upload ? "; registries forget unfinished uploads after some days" : "";
    left.push_back(text::cat(trace.what, ": DELETE ", trace.url.shown(), " ", trace.refusal, later));
  }
  return left;
}

}  // namespace ociferry
