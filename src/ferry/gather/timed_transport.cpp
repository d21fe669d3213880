#include "ferry/gather/timed_transport.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <new>
#include <optional>
#include <utility>

#include "base/threads.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

/// Does `work` after some time, unless it is destroyed earlier; then waits for what has begun. Where the system has no
/// thread or memory for it, the work is not done.
class DelayedWork {
 public:
  DelayedWork(std::chrono::milliseconds time, std::function<void()> work)
      : thread_(start_thread([this, time, work = std::move(work)] {
          std::unique_lock lock(mutex_);
          if (ended_.wait_for(lock, time, [this] { return is_ended_; })) return;
          lock.unlock();
          try {
            work();
          } catch (const std::bad_alloc&) {
          }
        })) {}
  DelayedWork(const DelayedWork&) = delete;
  DelayedWork& operator=(const DelayedWork&) = delete;
  ~DelayedWork() {
    {
      const std::lock_guard lock(mutex_);
      is_ended_ = true;
    }
    ended_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_ended_ = false;
  std::jthread thread_;  // last: it uses the rest
};

}  // namespace

TimedTransport::TimedTransport(std::shared_ptr<Transport> inner, Jobs jobs, Traffic traffic)
    : inner_(std::move(inner)), jobs_(std::move(jobs)), traffic_(traffic) {}

TimedTransport::~TimedTransport() { stop_.request_stop(); }

Response TimedTransport::send(const Request& request, std::stop_token stop) {
  const bool is_question = request.sink == nullptr && !request.body && !request.sent_by;
  if (!is_question) return inner_->send(request, std::move(stop));
  // A server of tokens, or one that only has blobs, gets few requests.
  const bool opens_ahead = traffic_ == Traffic::Many && request.url.path().starts_with("/v2/");
  std::optional<DelayedWork> patience;
  if (opens_ahead && is_first(request.url.origin())) patience.emplace(kPatience, [&] { open_ahead(request.url); });
  const auto begun = std::chrono::steady_clock::now();
  Response response = inner_->send(request, std::move(stop));
  const auto time = std::chrono::steady_clock::now() - begun;
  patience.reset();
  LearnedWorkers::note_answer(jobs_, time);
  if (takes_long(request.url.origin(), time) && opens_ahead) open_ahead(request.url);
  return response;
}

/// True once for a host.
bool TimedTransport::is_first(const Origin& origin) {
  const std::lock_guard lock(mutex_);
  return !std::exchange(hosts_[origin].is_asked, true);
}

/// For a host's first answer a connection was opened, so that says nothing.
bool TimedTransport::takes_long(const Origin& origin, std::chrono::nanoseconds answer) {
  const std::lock_guard lock(mutex_);
  Host& host = hosts_[origin];
  host.shortest = host.answers++ == 0 ? answer : std::min(host.shortest, answer);
  return host.answers >= 2 && host.shortest >= LearnedWorkers::kFar;
}

/// Opens connections to the host of `place`, unless that was done.
void TimedTransport::open_ahead(const Url& place) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(hosts_[place.origin()].is_opened_ahead, true)) return;
  }
  const std::size_t others = jobs_.number().value_or(kOpenedAhead + 1) - 1;
  for (std::size_t i = 0; i < std::min(others, kOpenedAhead); ++i) {
    std::jthread question = start_thread([this, root = place.resolve("/v2/")] {
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
