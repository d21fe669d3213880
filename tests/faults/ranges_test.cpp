#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "stage.hpp"
#include "support/fake_registry.hpp"
#include "support/process.hpp"

// A large layer that comes in ranges over several connections, and what networks and registries do to these. The
// stream alone would bring all of it, so nothing that befalls a range may end an export or change a byte of it.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const Match kRange{.method = "GET", .path = "/blobs/", .header = "^range: bytes=[0-9]+-[0-9]+$", .listener = 1};

/// What befalls ranges.
struct RangeFall {
  std::string name;
  Fault fault;
};

Fault answered(int status) { return {.answer = registry_error_reply(status, "DENIED", "no")}; }

Fault changed(std::function<void(const HttpRequest&, HttpReply&)> rewrite) { return {.rewrite = std::move(rewrite)}; }

std::vector<RangeFall> range_falls() {
  return {{"a reset in the middle", {.cut_answer = 1'000'000}},
          {"an end in the middle", {.cut_answer = 1'000'000, .cut = Cut::Close}},
          {"silence in the middle", {.cut_answer = 1'000'000, .cut = Cut::Stall}},
          {"a bit that is turned", {.flip = 1'000'000}},
          {"bytes behind its end", {.append = "more"}},
          {"503", answered(503)},
          {"429", answered(429)},
          {"403", answered(403)},
          {"416", answered(416)},
          {"the whole blob", {.drop_headers = {"Range"}}},
          {"another range",
           changed([](const HttpRequest&, HttpReply& reply) { reply.headers.set("Content-Range", "bytes 0-9/10"); })}};
}

/// Shut until somebody opens it.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    opened_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    CHECK(opened_.wait_for(lock, kPatience, [this] { return is_open_; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool is_open_ = false;
};

/// A registry with an image of one large layer, behind a proxy. Its stream of the layer stands still until a range of
/// it was requested, so that there is one each time; then the stream brings what is left.
class Large {
 public:
  explicit Large(const TokenServer* tokens = nullptr)
      : registry_({.token = tokens == nullptr ? std::optional<TokenRealm>{} : tokens->realm()}) {
    options_.response_header_timeout = kPatience;
    options_.stall_timeout = std::chrono::milliseconds{300};
    if (tokens != nullptr) {
      registry_.use_token(tokens->mint({"repository:team/large:pull,push"}));
      options_.username = "robot";
      options_.password = "secret";
    }
    const Image image = make_image({.layers = {{.size = 24 * kMiB, .compression = LayerCompression::None}}});
    layer_ =
        std::ranges::max_element(image.blobs, {}, [](const auto& blob) { return blob.second.size(); })->first.text();
    push_image(registry_, "team/large", image, "v1");
    clean_ = read_text(export_with({}));
  }

  FaultProxy& proxy() { return *proxy_; }

  /// What an export writes while `rules` hold; ranges that these are not for are answered as they should be.
  std::filesystem::path export_with(std::vector<Rule> rules) {
    const auto gate = std::make_shared<Gate>();
    for (Rule& rule : rules) {
      rule.fault.decide = [gate, answer = std::exchange(rule.fault.answer, {})](const HttpRequest&) {
        gate->open();
        return answer;
      };
    }
    rules.push_back({.match = kRange, .fault = {.rewrite = [gate](const auto&, auto&) { gate->open(); }}});
    rules.push_back({.match = {"GET", layer_, "", 1}, .fault = {.decide = [gate](const HttpRequest&) {
                                                        gate->wait();
                                                        return std::optional<HttpReply>{};
                                                      }}});
    proxy_->use(std::move(rules));
    const auto archive = directory_.path() / text::cat(++exports_, ".tar");
    static_cast<void>(export_archive(
        {.sources = {{SourceArgument::Kind::Image, proxy_->host() + "/team/large:v1"}}, .archive = archive},
        {.registry = options_, .jobs = 4}));
    return archive;
  }

  /// True if the archive holds what a clean run writes.
  [[nodiscard]] bool is_clean(const std::filesystem::path& archive) const { return read_text(archive) == clean_; }

  /// The requests for ranges in the last export, by what the proxy answered.
  [[nodiscard]] std::map<int, std::size_t> ranges(int listener = 1) const {
    std::map<int, std::size_t> counts;
    for (const Exchange& one : proxy_->transcript()) {
      const auto range = one.request.headers.find("Range");
      if (one.listener == listener && range && !range->ends_with('-')) ++counts[one.status];
    }
    return counts;
  }

 private:
  testing::RegistryServer registry_;
  TempDirectory directory_ = temp_directory();
  std::string layer_;
  ociferry::RegistryOptions options_ = quick_options();
  std::unique_ptr<FaultProxy> proxy_ = std::make_unique<FaultProxy>(registry_);
  std::size_t exports_ = 0;
  std::string clean_;
};

void check(Large& large, const RangeFall& fall, std::size_t times) {
  CAPTURE(fall.name);
  CAPTURE(times);
  CHECK(large.is_clean(large.export_with({{.match = kRange, .fault = fall.fault, .times = times}})));
  const auto transcript = large.proxy().transcript();
  CHECK(std::ranges::any_of(transcript, [](const Exchange& one) {
    const auto range = one.request.headers.find("Range");
    return one.faulty && range && !range->ends_with('-');
  }));
}

}  // namespace

TEST_CASE("with any fault in the ranges of a layer, the archive is the same as without faults") {
  if (lacks({"docker-registry"})) return;
  Large large;
  CHECK(large.ranges()[206] > 0);
  bool is_once = true;
  for (const RangeFall& fall : range_falls()) check(large, fall, std::exchange(is_once, !is_once) ? 1 : Rule::kAlways);
}

TEST_CASE("the whole fault matrix of ranges ends as it must" * doctest::skip()) {
  if (lacks({"docker-registry"})) return;
  Large large;
  for (const RangeFall& fall : range_falls()) {
    for (const std::size_t times : {std::size_t{1}, Rule::kAlways}) check(large, fall, times);
  }
}

TEST_CASE("ranges follow redirects without credentials, and expired links are renewed") {
  if (lacks({"docker-registry"})) return;
  const TokenServer tokens;
  Large large(&tokens);
  const Rule run_out{.match = {"GET", "/blobs/", "^range: ", 2}, .fault = answered(403), .times = 2};
  CHECK(large.is_clean(large.export_with({run_out, {.match = kRange, .fault = {.redirect = 307}}})));
  CHECK(large.ranges(2)[403] == 2);
  CHECK(large.ranges(2)[206] > 0);
  CHECK(large.ranges(1)[307] >= large.ranges(2)[206] + 2);
  for (const Exchange& one : large.proxy().transcript()) {
    CHECK((one.listener == 1 || !one.request.headers.find("Authorization")));
  }
}

TEST_CASE("a token that expires while a layer comes in ranges is renewed, and the ranges continue") {
  if (lacks({"docker-registry"})) return;
  const TokenServer tokens;
  Large large(&tokens);
  const std::size_t before = tokens.requests().size();
  CHECK(
      large.is_clean(large.export_with({{.match = kRange, .fault = {.drop_headers = {"Authorization"}}, .times = 1}})));
  CHECK(large.ranges()[401] == 1);
  CHECK(large.ranges()[206] > 0);
  CHECK(tokens.requests().size() - before == 2);  // the export's own one, and the one that takes its place
}
