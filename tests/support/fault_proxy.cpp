#include "support/fault_proxy.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "support/http_client.hpp"

namespace ociferry::testing {

namespace {

/// What belongs to one connection only, or is made anew for the other one (RFC 9110, section 7.6.1).
bool belongs_to_connection(const std::string& name) {
  constexpr std::array<std::string_view, 4> kNames{"Connection", "Expect", "Transfer-Encoding", "Keep-Alive"};
  return std::ranges::any_of(kNames, [&](std::string_view one) { return text::equals_ignoring_case(one, name); });
}

bool is_length(const std::string& name) { return text::equals_ignoring_case(name, "Content-Length"); }

HttpReply reply_from(const HttpAnswer& answer) {
  HttpReply reply{.status = answer.status, .body = answer.body};
  for (const std::string& line : text::split(answer.headers, '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string::npos || belongs_to_connection(line.substr(0, colon))) continue;
    reply.headers.add(line.substr(0, colon), std::string(text::trim(std::string_view(line).substr(colon + 1))));
  }
  return reply;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string chunk(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string size;
  for (std::size_t rest = bytes.size(); rest > 0; rest /= 16) size.insert(size.begin(), kDigits[rest % 16]);
  return bytes.empty() ? "" : text::cat(size, "\r\n", bytes, "\r\n");
}

/// The true length of the body, unless the answer is to lie about it or to be silent.
void set_length(const HttpRequest& request, const Fault& fault, HttpReply& answer) {
  if (fault.chunked) {
    answer.headers.remove("Content-Length");
    return answer.headers.set("Transfer-Encoding", "chunked");
  }
  const bool has_no_body = request.method == "HEAD" || answer.status == 204 || answer.status == 304;
  if (has_no_body && !fault.length_lie) return;
  const auto told = has_no_body ? answer.headers.number("Content-Length").value_or(0) : answer.body.size();
  answer.headers.set("Content-Length", text::cat(static_cast<std::int64_t>(told) + fault.length_lie.value_or(0)));
}

}  // namespace

/// Counts a request from its head to the end of its answer.
class FaultProxy::UnderWay {
 public:
  explicit UnderWay(FaultProxy& proxy) : proxy_(proxy) {
    const std::lock_guard lock(proxy_.mutex_);
    ++proxy_.under_way_;
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;
  ~UnderWay() {
    const std::lock_guard lock(proxy_.mutex_);
    --proxy_.under_way_;
    proxy_.changed_.notify_all();
  }

 private:
  FaultProxy& proxy_;
};

FaultProxy::FaultProxy(const RegistryServer& registry, Intercept intercept)
    : registry_(registry),
      intercept_(std::move(intercept)),
      second_([this](int socket) { serve(socket, 2); }),
      first_([this](int socket) { serve(socket, 1); }) {}

FaultProxy::~FaultProxy() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
}

void FaultProxy::serve_tokens(const TokenServer& tokens) { tokens_ = &tokens; }

void FaultProxy::use(std::vector<Rule> rules) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return under_way_ == 0; });
  rules_.clear();
  for (Rule& rule : rules) {
    ActiveRule active{.rule = std::move(rule), .path = {}, .header = {}};
    active.path = std::regex(active.rule.match.path);
    active.header = std::regex(active.rule.match.header);
    rules_.push_back(std::move(active));
  }
  transcript_.clear();
}

std::vector<Exchange> FaultProxy::transcript() const {
  const std::lock_guard lock(mutex_);
  return transcript_;
}

std::vector<HttpRequest> FaultProxy::requests() const {
  std::vector<HttpRequest> requests;
  for (Exchange& exchange : transcript()) requests.push_back(std::move(exchange.request));
  return requests;
}

std::size_t FaultProxy::count(const std::string& method, const std::string& path_part) const {
  const auto all = requests();
  return static_cast<std::size_t>(std::ranges::count_if(all, [&](const HttpRequest& request) {
    return request.method == method && request.path.find(path_part) != std::string::npos;
  }));
}

void FaultProxy::serve(int socket, int listener) {
  Wire wire(socket);
  for (bool open = true; open;) {
    auto request = wire.read_head();
    open = request && serve_one(wire, *std::move(request), listener);
  }
}

bool FaultProxy::serve_one(Wire& wire, HttpRequest request, int listener) {
  const UnderWay counted(*this);
  const auto fault = fault_for(request, listener);
  const Fault& what = fault ? *fault : Fault{};
  const auto length = static_cast<std::size_t>(request.headers.number("Content-Length").value_or(0));
  const bool stays = !what.answer_early && !what.cut_request;
  const std::size_t wanted = what.answer_early ? 0 : std::min(length, what.cut_request.value_or(length));
  const bool whole = wire.read_body(wanted, request.body);
  const std::size_t index = record(request, listener, fault.has_value());
  if (!whole) return false;
  if (what.cut_request) {
    if (what.cut == Cut::Reset) wire.arm_reset();
    if (what.cut == Cut::Stall) wire.stall();
    return false;
  }
  HttpReply given = answer(request, what, listener);
  if (!given.drop && !what.lose_answer) record_status(index, given.status);
  return reply(wire, request, what, std::move(given)) && stays;
}

std::optional<Fault> FaultProxy::fault_for(const HttpRequest& request, int listener) {
  const auto has_header = [&](const std::regex& wanted) {
    return std::ranges::any_of(request.headers, [&](const auto& field) {
      return std::regex_search(text::cat(text::lower(field.first), ": ", field.second), wanted);
    });
  };
  const std::lock_guard lock(mutex_);
  for (ActiveRule& active : rules_) {
    const Match& match = active.rule.match;
    const bool fits = (match.method.empty() || match.method == request.method) &&
                      (match.listener == 0 || match.listener == listener) &&
                      std::regex_search(request.target, active.path) &&
                      (match.header.empty() || has_header(active.header));
    if (!fits) continue;
    const std::size_t number = active.seen++;
    if (number >= active.rule.skip && number - active.rule.skip < active.rule.times) return active.rule.fault;
  }
  return std::nullopt;
}

std::size_t FaultProxy::record(const HttpRequest& request, int listener, bool faulty) {
  const std::lock_guard lock(mutex_);
  transcript_.push_back({.request = request, .listener = listener, .faulty = faulty});
  return transcript_.size() - 1;
}

void FaultProxy::record_status(std::size_t index, int status) {
  const std::lock_guard lock(mutex_);
  transcript_.at(index).status = status;
}

HttpReply FaultProxy::answer(const HttpRequest& request, const Fault& fault, int listener) {
  wait(fault.delay);
  if (fault.answer) return *fault.answer;
  if (fault.decide) {
    if (auto decided = fault.decide(request)) return *std::move(decided);
  }
  if (fault.redirect) {
    return {.status = *fault.redirect, .headers = {{"Location", "http://" + elsewhere() + request.target}}};
  }
  if (intercept_) {
    if (auto own = intercept_(request)) return *std::move(own);
  }
  if (fault.forget_session) static_cast<void>(registry_.request("DELETE", request.target));
  HttpRequest passed = request;
  for (const std::string& name : fault.drop_headers) passed.headers.remove(name);
  HttpReply answer = pass_on(passed, listener);
  if (fault.rewrite) fault.rewrite(request, answer);
  for (const auto& [name, value] : fault.set_headers) {
    answer.headers.remove(name);
    if (!value.empty()) answer.headers.add(name, value);
  }
  if (fault.flip && *fault.flip < answer.body.size()) {
    char& byte = answer.body[*fault.flip];
    byte = static_cast<char>(byte ^ 1);
  }
  answer.body += fault.append;
  return answer;
}

HttpReply FaultProxy::pass_on(const HttpRequest& request, int listener) const {
  std::vector<std::string> headers;
  for (const auto& [name, value] : request.headers) {
    const bool own = listener == 2 && text::equals_ignoring_case(name, "Authorization");
    if (!belongs_to_connection(name) && !is_length(name) && !own) headers.push_back(text::cat(name, ": ", value));
  }
  if (listener == 2) {
    const HttpAnswer stored = registry_.request(request.method, request.target, headers, request.body);
    return stored.status == 0 ? HttpReply{.drop = true} : reply_from(stored);
  }
  const bool is_token = tokens_ != nullptr && request.path == "/token";
  const std::string url =
      is_token ? replaced(request.target, "/token", tokens_->realm().url) : text::cat(registry_.url(), request.target);
  const HttpAnswer answer = perform(
      {.method = request.method, .url = url, .headers = headers, .body = request.body, .any_certificate = true});
  if (answer.status == 0) return {.drop = true};
  HttpReply reply = reply_from(answer);
  if (const auto challenge = reply.headers.find("WWW-Authenticate"); challenge && tokens_ != nullptr) {
    reply.headers.set("WWW-Authenticate", replaced(*challenge, tokens_->realm().url, "http://" + host() + "/token"));
  }
  return reply;
}

bool FaultProxy::reply(Wire& wire, const HttpRequest& request, const Fault& fault, HttpReply answer) {
  if (answer.drop || fault.lose_answer) {
    if (fault.lose_answer && fault.cut == Cut::Reset) wire.arm_reset();
    if (fault.lose_answer && fault.cut == Cut::Stall) wire.stall();
    return false;
  }
  set_length(request, fault, answer);
  const std::string_view body = request.method == "HEAD" ? std::string_view() : std::string_view(answer.body);
  const std::size_t end = std::min(body.size(), fault.cut_answer.value_or(body.size()));
  const std::size_t slice = fault.slice == 0 ? std::max<std::size_t>(end, 1) : fault.slice;
  bool open = wire.send(head_of(answer));
  for (std::size_t at = 0; open && at < end; at += slice) {
    if (at > 0) wait(fault.slice_pause);
    const std::string_view piece = body.substr(at, std::min(slice, end - at));
    open = fault.chunked ? wire.send(chunk(piece)) : wire.send(piece);
  }
  if (fault.cut_answer) {
    if (fault.cut == Cut::Reset) wire.arm_reset();
    if (fault.cut == Cut::Stall) wire.stall();
    return false;
  }
  if (fault.chunked && request.method != "HEAD") open = open && wire.send("0\r\n\r\n");
  return open && !fault.length_lie;
}

void FaultProxy::wait(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [this] { return ending_; });
}

bool is(const Exchange& exchange, const std::string& method, const std::string& target_part) {
  return exchange.request.method == method && exchange.request.target.find(target_part) != std::string::npos;
}

}  // namespace ociferry::testing
