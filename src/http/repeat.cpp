#include "http/repeat.hpp"

#include "base/text.hpp"

namespace ociferry {

Error gave_up(const TransportError& last, int attempts) {
  std::string message = last.message();
  if (attempts > 1) message += text::cat(" (gave up after ", attempts, " attempts)");
  Error error(ErrorCode::Network, std::move(message));
  for (const std::string& context : last.context()) error.while_doing(context);
  if (!last.hint_text().empty()) error.hint(last.hint_text());
  return error;
}

Answer repeat(Retrier::Attempts attempts, const std::function<Answer()>& once, std::stop_token stop) {
  for (;;) {
    attempts.begin(stop);
    try {
      Answer answer = once();
      answer.attempts = attempts.made();
      if (!is_transient_status(answer.status)) return answer;
      const std::string why = text::cat(answer.url.shown(), " answered ", answer.status);
      if (!attempts.again(why, &answer, stop)) return answer;
    } catch (const TransportError& error) {
      if (!error.is_transient()) throw;
      if (!attempts.again(error.message(), nullptr, stop)) throw gave_up(error, attempts.made());
    }
  }
}

}  // namespace ociferry
