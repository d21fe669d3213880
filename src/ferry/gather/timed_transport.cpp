#include "ferry/gather/timed_transport.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/threads.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

TimedTransport::TimedTransport(std::shared_ptr<Transport> inner, Jobs jobs, Traffic traffic)
    : inner_(std::move(inner)), jobs_(std::move(jobs)), traffic_(traffic) {}

TimedTransport::~TimedTransport() { stop_.request_stop(); }

Response TimedTransport::send(const Request& request, std::stop_token stop) {
  const auto begun = std::chrono::steady_clock::now();
  Response response = inner_->send(request, std::move(stop));
  const bool is_question = request.sink == nullptr && !request.body && !request.sent_by;
  if (!is_question) return response;
  const auto time = std::chrono::steady_clock::now() - begun;
  LearnedWorkers::note_answer(jobs_, time);
  if (traffic_ == Traffic::Many && takes_long(request.url.origin(), time)) open_ahead(request.url.resolve("/v2/"));
  return response;
}

/// True once for a host whose answers take long, from the second one on: for the first one a connection was opened.
bool TimedTransport::takes_long(const Origin& origin, std::chrono::nanoseconds answer) {
  const std::lock_guard lock(mutex_);
  Host& host = hosts_[origin];
  host.shortest = host.answers++ == 0 ? answer : std::min(host.shortest, answer);
  if (host.answers < 2 || host.shortest < LearnedWorkers::kFar) return false;
  return !std::exchange(host.is_opened_ahead, true);
}

void TimedTransport::open_ahead(const Url& root) {
  const std::size_t others = jobs_.number().value_or(kOpenedAhead + 1) - 1;
  for (std::size_t i = 0; i < std::min(others, kOpenedAhead); ++i) {
    std::jthread question = start_thread([this, root] {
      try {
        Request request{"GET", root};
        request.opens_connection = true;
        static_cast<void>(inner_->send(request, stop_.get_token()));
      } catch (const std::exception&) {  // whoever needs the host says why
      }
    });
    const std::lock_guard lock(mutex_);
    if (question.joinable()) questions_.push_back(std::move(question));
  }
}

}  // namespace ociferry
