#include "ferry/gather/timed_transport.hpp"

#include <chrono>

#include "transfer/parallel.hpp"

namespace ociferry {

Response TimedTransport::send(const Request& request, std::stop_token stop) {
  const auto begun = std::chrono::steady_clock::now();
  Response response = inner_->send(request, std::move(stop));
  const bool is_question = request.sink == nullptr && !request.body;
  if (is_question) LearnedWorkers::note_answer(jobs_, std::chrono::steady_clock::now() - begun);
  return response;
}

}  // namespace ociferry
