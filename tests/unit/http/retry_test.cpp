#include "http/retry.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "http/limits.hpp"
#include "http/repeat.hpp"
#include "support/fake_clock.hpp"

using namespace ociferry;
using namespace std::chrono_literals;

namespace {

const Origin kOrigin{"https", "reg", 443};

Answer answer_with(int status, Headers headers = {}) {
  return {Response{status, std::move(headers), {}}, Url::parse("https://reg/x"), kOrigin};
}

struct RetryRig {
  testing::FakeClock clock;
  Retrier retrier;
  explicit RetryRig(int retries = 5) : retrier(RetryPolicy{.retries = retries}, clock, silent_progress()) {}
};

}  // namespace

TEST_CASE("pauses double up to a cap, with full jitter") {
  const RetryPolicy policy{.retries = 9, .first_delay = 500ms, .longest_delay = 30s};
  struct Row {
    int repetition;
    double jitter;
    std::chrono::milliseconds delay;
  };
  for (const Row& row : {Row{1, 1.0, 500ms}, Row{2, 1.0, 1s}, Row{3, 1.0, 2s}, Row{6, 1.0, 16s}, Row{7, 1.0, 30s},
                         Row{1000, 1.0, 30s}, Row{3, 0.0, 0ms}, Row{3, 0.5, 1s}}) {
    CAPTURE(row.repetition);
    CHECK(policy.delay(row.repetition, std::nullopt, row.jitter) == row.delay);
  }
}

TEST_CASE("a server's Retry-After is the minimum pause, up to a limit") {
  const RetryPolicy policy;
  CHECK(policy.delay(1, 60s, 0.0) == 60s);
  CHECK(policy.delay(1, 60s, 1.0) == 60s + 500ms);
  CHECK(policy.delay(9, 60s, 1.0) == 61s);
  CHECK(policy.delay(1, 100h, 0.0) == limits::kRetryAfter);
}

TEST_CASE("Retry-After is parsed as seconds or as a date") {
  const auto now = std::chrono::system_clock::from_time_t(784111777);  // Sun, 06 Nov 1994 08:49:37 GMT
  const auto read = [&](const char* value) { return parse_retry_after(value, now); };
  CHECK(read("120") == 120s);
  CHECK(read(" 0 ") == 0s);
  CHECK(read("99999999999999999999999") == limits::kRetryAfter);
  CHECK(read("Sun, 06 Nov 1994 08:50:07 GMT") == 30s);
  CHECK(read("Sunday, 06-Nov-94 08:50:07 GMT") == 30s);
  CHECK(read("Sun Nov  6 08:50:07 1994") == 30s);
  CHECK(read("Sun, 06 Nov 1994 08:00:00 GMT") == 0s);
  CHECK(read("Sun, 06 Nov 2094 08:00:00 GMT") == limits::kRetryAfter);
  CHECK(read("Fri, 31 Dec 9999 23:59:59 GMT") == limits::kRetryAfter);
  CHECK(read("Sat, 01 Jan 1600 00:00:00 GMT") == 0s);
  for (const char* junk : {"", "soon", "-5", "1.5", "12 s", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 25:00:00 GMT"}) {
    CAPTURE(junk);
    CHECK_FALSE(read(junk).has_value());
  }
}

TEST_CASE("only transient statuses are repeated") {
  for (const int status : {408, 425, 429, 499, 500, 502, 503, 504, 522}) CHECK(is_transient_status(status));
  for (const int status : {200, 301, 400, 401, 403, 404, 405, 413, 416, 501, 505})
    CHECK_FALSE(is_transient_status(status));
}

TEST_CASE("an operation is tried once more than the retry count, and returns the last response") {
  RetryRig rig(2);
  int calls = 0;
  const Answer answer = repeat(rig.retrier.attempts(kOrigin), [&] { return ++calls, answer_with(500); }, {});
  CHECK(calls == 3);
  CHECK(answer.status == 500);
  CHECK(answer.attempts == 3);
}

TEST_CASE("a request is repeated after a broken connection; the final error has the count and is not transient") {
  RetryRig rig(2);
  const auto fail = [&]() -> Answer { throw TransportError(TransportError::Kind::Broken, "reset"); };
  try {
    static_cast<void>(repeat(rig.retrier.attempts(kOrigin), fail, {}));
    FAIL("gave an answer");
  } catch (const TransportError&) {
    FAIL("must not be repeated by somebody else");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Network);
    CHECK(error.message() == "reset (gave up after 3 attempts)");
    CHECK_FALSE(error.is_transient());
  }
}

TEST_CASE("a certificate error and a failing sink are not repeated") {
  RetryRig rig;
  int calls = 0;
  const auto bad_certificate = [&]() -> Answer {
    ++calls;
    throw TransportError(TransportError::Kind::Certificate, "expired");
  };
  CHECK_THROWS_AS(static_cast<void>(repeat(rig.retrier.attempts(kOrigin), bad_certificate, {})), TransportError);
  const auto full_disk = [&]() -> Answer {
    ++calls;
    throw Error(ErrorCode::Space, "full").transient();
  };
  CHECK_THROWS_WITH(static_cast<void>(repeat(rig.retrier.attempts(kOrigin), full_disk, {})), "full");
  CHECK(calls == 2);
  CHECK(rig.clock.sleeps().empty());
}

TEST_CASE("Retry-After pauses all requests to the host, and no others") {
  RetryRig rig(1);
  int calls = 0;
  const auto busy_once = [&] { return ++calls == 1 ? answer_with(429, {{"Retry-After", "60"}}) : answer_with(200); };
  const auto begun = rig.clock.now();
  auto bystander = rig.retrier.attempts(kOrigin);
  auto stranger = rig.retrier.attempts({"https", "elsewhere", 443});
  // What another thread sees between the answer and the end of the pause.
  const Answer answer = repeat(rig.retrier.attempts(kOrigin), busy_once, {});
  CHECK(answer.status == 200);
  CHECK(rig.clock.now() - begun >= 60s);
  rig.clock.pass(-30s);
  stranger.begin({});
  CHECK(rig.clock.sleeps().size() == 1);
  bystander.begin({});
  CHECK(rig.clock.sleeps().size() == 2);
}

TEST_CASE("every pause before a retry is reported, with its reason and whether the server requested it") {
  struct Told : Progress {
    std::vector<std::string> waits;
    void wait(const Wait& wait) override {
      waits.push_back(std::string(wait.peer) + (wait.requested ? " asks: " : ": ") + std::string(wait.reason));
      if (wait.requested) CHECK(wait.time >= 60s);
    }
  } told;
  testing::FakeClock clock;
  Retrier retrier(RetryPolicy{.retries = 5}, clock, told);
  int calls = 0;
  const auto twice = [&] {
    ++calls;
    if (calls == 1) return answer_with(429, {{"Retry-After", "60"}});
    return answer_with(calls == 2 ? 500 : 200);
  };
  CHECK(repeat(retrier.attempts(kOrigin), twice, {}).status == 200);
  CHECK(told.waits == std::vector<std::string>{"https://reg asks: https://reg/x answered 429",
                                               "https://reg: https://reg/x answered 500"});
}

TEST_CASE("requests with Retry-After are repeated beyond the retry count, until a deadline") {
  RetryRig rig(1);
  int calls = 0;
  const auto always_busy = [&] { return ++calls, answer_with(429, {{"Retry-After", "100"}}); };
  const Answer answer = repeat(rig.retrier.attempts(kOrigin), always_busy, {});
  CHECK(answer.status == 429);
  CHECK(calls == 10);  // pauses of 100 s and a little for 15 minutes, one repetition from the budget
}

TEST_CASE("the retry count may be 0") {
  RetryRig rig(0);
  int calls = 0;
  const Answer answer = repeat(rig.retrier.attempts(kOrigin),
                               [&] {
                                 return ++calls, answer_with(503, {{"Retry-After", "1"}});
                               },
                               {});
  CHECK(answer.status == 503);
  CHECK(calls == 1);
}

TEST_CASE("waiting ends at a stop request") {
  std::stop_source stop;
  stop.request_stop();
  try {
    real_clock().sleep_until(std::chrono::steady_clock::now() + 1h, stop.get_token());
    FAIL("waited");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Interrupted);
  }
}

TEST_CASE("429 without Retry-After pauses longer each time, and counts as a failure only after the deadline") {
  testing::FakeClock clock;
  Retrier retrier(RetryPolicy{.retries = 1, .first_delay = 100ms, .longest_delay = 1s, .rate_limit_wait = 60s}, clock,
                  silent_progress());
  int calls = 0;
  const Answer late = repeat(retrier.attempts(kOrigin), [&] { return answer_with(++calls <= 20 ? 429 : 200); }, {});
  CHECK(late.status == 200);
  CHECK(calls == 21);
  const auto begun = clock.now();
  const Answer never = repeat(retrier.attempts(kOrigin), [&] { return answer_with(429); }, {});
  CHECK(never.status == 429);
  CHECK(clock.now() - begun > 58s);
  CHECK(clock.now() - begun <= 62s);
}

TEST_CASE("a server that limits the rate gets fewer concurrent requests, reads and writes counted apart") {
  RetryRig rig(3);
  using Lane = Retrier::Lane;
  std::vector<std::unique_ptr<Retrier::Attempts>> reads;
  for (int i = 0; i < 4; ++i) {
    reads.push_back(std::make_unique<Retrier::Attempts>(rig.retrier.attempts(kOrigin, Lane::Read)));
    reads.back()->begin({});
  }
  const Response busy{503, {{"Retry-After", "1"}}, {}};
  CHECK(reads.back()->again("busy", &busy, {}));  // half of four may be under way now, and three are
  std::stop_source stop;
  std::atomic<bool> entered{false};
  std::jthread waiting([&] {
    auto more = rig.retrier.attempts(kOrigin, Lane::Read);
    more.begin(stop.get_token());
    entered = true;
  });
  auto write = rig.retrier.attempts(kOrigin, Lane::Write);
  write.begin({});
  auto token = rig.retrier.attempts(kOrigin);
  token.begin({});
  CHECK_FALSE(entered);
  reads[0].reset();
  CHECK_FALSE(entered);
  reads[1].reset();
  waiting.join();
  CHECK(entered);
}

TEST_CASE("waiting for the limit of concurrent requests can be interrupted") {
  RetryRig rig(3);
  auto first = rig.retrier.attempts(kOrigin, Retrier::Lane::Read);
  auto second = rig.retrier.attempts(kOrigin, Retrier::Lane::Read);
  auto third = rig.retrier.attempts(kOrigin, Retrier::Lane::Read);
  for (auto* one : {&first, &second, &third}) one->begin({});
  const Response busy{429, {}, {}};
  CHECK(third.again("busy", &busy, {}));
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(third.begin(stop.get_token()), Error);
}
