#include "ferry/gather/timed_transport.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include "stream/memory.hpp"
#include "transfer/parallel.hpp"

using namespace ociferry;

namespace {

/// Answers after `distance`, and counts what it is asked.
class Answering : public Transport {
 public:
  explicit Answering(std::chrono::milliseconds distance) : distance_(distance) {}

  Response send(const Request& request, std::stop_token stop) override {
    if (request.opens_connection) {
      CHECK(request.url.text() == "https://far.example/v2/");
      CHECK(request.method == "GET");
      ++opened;
      throw TransportError(TransportError::Kind::Connect, "nobody is told");
    }
    std::unique_lock lock(mutex_);
    std::condition_variable_any().wait_for(lock, stop, distance_, [] { return false; });
    return {.status = 200, .headers = {}, .body = {}};
  }

  std::atomic<std::size_t> opened{0};

 private:
  std::chrono::milliseconds distance_;
  std::mutex mutex_;
};

/// Gives its first answer only after others have been asked for.
class Waiting : public Transport {
 public:
  explicit Waiting(std::size_t others) : others_(others) {}

  Response send(const Request& request, std::stop_token) override {
    std::unique_lock lock(mutex_);
    if (request.opens_connection) {
      ++opened_;
      changed_.notify_all();
    } else {
      CHECK(changed_.wait_for(lock, std::chrono::seconds{30}, [this] { return opened_ == others_; }));
    }
    return {.status = 200, .headers = {}, .body = {}};
  }

 private:
  std::size_t others_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t opened_ = 0;
};

constexpr std::chrono::milliseconds kFarAway = LearnedWorkers::kFar + std::chrono::milliseconds{5};

Request question() { return {"GET", Url::parse("https://far.example/v2/app/manifests/v1?a=b")}; }

}  // namespace

TEST_CASE("connections to a far host are opened ahead once, after its second answer") {
  const auto inner = std::make_shared<Answering>(kFarAway);
  const Jobs jobs;
  {
    TimedTransport transport(inner, jobs, Traffic::Many);
    static_cast<void>(transport.send(question(), {}));
    CHECK(inner->opened == 0);
    for (int i = 0; i < 3; ++i) static_cast<void>(transport.send(question(), {}));
  }
  CHECK(inner->opened == TimedTransport::kOpenedAhead);
  CHECK(LearnedWorkers::is_far(jobs));
  for (const std::size_t fixed : {1U, 2U}) {
    inner->opened = 0;
    {
      TimedTransport transport(inner, fixed, Traffic::Many);
      for (int i = 0; i < 2; ++i) static_cast<void>(transport.send(question(), {}));
    }
    CHECK(inner->opened == fixed - 1);
  }
}

TEST_CASE("connections are opened ahead while the first answer is awaited") {
  const auto inner = std::make_shared<Waiting>(TimedTransport::kOpenedAhead);
  TimedTransport transport(inner, Jobs{}, Traffic::Many);
  for (int i = 0; i < 3; ++i) CHECK(transport.send(question(), {}).status == 200);
}

TEST_CASE("no connection is opened ahead for few requests, near hosts, bodies, tokens, or where servers send us") {
  const auto far = std::make_shared<Answering>(kFarAway);
  const auto near = std::make_shared<Answering>(std::chrono::milliseconds{0});
  const Jobs jobs;
  {
    TimedTransport few(far, jobs, Traffic::Few);
    for (int i = 0; i < 2; ++i) static_cast<void>(few.send(question(), {}));
    CHECK(LearnedWorkers::is_far(jobs));
    TimedTransport many(far, jobs, Traffic::Many);
    StringSink sink(0);
    Request blob = question();
    blob.sink = &sink;
    Request upload = question();
    upload.body = RequestBody{0, [] { return std::make_unique<StringSource>(""); }};
    Request elsewhere = question();
    elsewhere.sent_by = "far.example";
    Request token = question();
    token.url = Url::parse("https://far.example/token?scope=a");
    for (const Request& request : {blob, blob, upload, upload, elsewhere, elsewhere, token, token}) {
      static_cast<void>(many.send(request, {}));
    }
    TimedTransport close_by(near, jobs, Traffic::Many);
    for (int i = 0; i < 20; ++i) static_cast<void>(close_by.send(question(), {}));
  }
  CHECK(far->opened == 0);
  CHECK(near->opened == 0);
  CHECK_FALSE(LearnedWorkers::is_far(jobs));
}
