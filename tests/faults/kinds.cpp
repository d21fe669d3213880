#include "kinds.hpp"

#include "stream/go_gzip.hpp"
#include "stream/memory.hpp"
#include "support/fake_registry.hpp"

namespace ociferry::testing {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMiddle = 300;
constexpr std::size_t kChunk = 400;                       ///< the rig's layers are a few kilobytes
const std::string kSends = "^(PUT|PATCH)";                ///< with a body; asking tells what became of it
const std::string kAsks = "^(token|ping|HEAD|GET|POST)";  ///< all others
const std::string kReads = "^(token|GET)";                ///< with an answer that is worth cutting

Fall status(int code, Expected once, Expected always, std::vector<int> exit_codes = {}, Headers headers = {}) {
  HttpReply reply = registry_error_reply(code, "UNKNOWN", "the rig says so");
  for (const auto& [name, value] : headers) reply.headers.add(name, value);
  std::string name = "status " + std::to_string(code);
  for (const auto& [field, value] : headers) name += " " + field + ": " + value;
  return {name, {{.answer = reply}}, once, always, std::move(exit_codes)};
}

Fall passing(int code, Headers headers = {}) {
  return status(code, Expected::Success, Expected::Failure, {23}, std::move(headers));
}

Fall final_answer(int code) { return status(code, Expected::Either, Expected::Either); }

Fall cut(const std::string& name, Fault fault, const std::string& kinds, bool slow = false) {
  return {name, {std::move(fault)}, Expected::Success, Expected::Failure, {23}, kinds, slow};
}

Fall harmless(const std::string& name, Fault fault, const std::string& kinds = "") {
  return {name, {std::move(fault)}, Expected::Success, Expected::Success, {}, kinds};
}

void add_cuts(std::vector<Fall>& all) {
  for (const auto& [how, name] : {std::pair{Cut::Reset, "reset"}, std::pair{Cut::Close, "closed"}}) {
    const std::string word = name;
    all.push_back(cut(word + " before the request's body", {.cut_request = 0, .cut = how}, ""));
    all.push_back(cut(word + " in the request's body", {.cut_request = kMiddle, .cut = how}, kSends));
    all.push_back(cut(word + " before the answer", {.lose_answer = true, .cut = how}, kAsks));
    all.push_back(harmless(word + " before the answer", {.lose_answer = true, .cut = how}, "^PUT"));
    all.push_back(cut(word + " before the answer", {.lose_answer = true, .cut = how}, "^PATCH"));
    all.push_back(cut(word + " before the answer's body", {.cut_answer = 0, .cut = how}, kReads));
    all.push_back(cut(word + " after a byte of the answer's body", {.cut_answer = 1, .cut = how}, kReads));
    all.push_back(cut(word + " in the answer's body", {.cut_answer = kMiddle, .cut = how}, kReads));
  }
  all.push_back(cut("stalled in the request's body", {.cut_request = kMiddle, .cut = Cut::Stall}, kSends, true));
  all.push_back(cut("stalled before the answer", {.lose_answer = true, .cut = Cut::Stall}, kAsks, true));
  all.push_back(harmless("stalled before the answer", {.lose_answer = true, .cut = Cut::Stall}, "^PUT"));
  all.back().slow = true;
  all.push_back(cut("stalled in the answer's body", {.cut_answer = kMiddle, .cut = Cut::Stall}, kReads, true));
}

void add_bodies(std::vector<Fall>& all) {
  const std::string manifests_and_blobs = "^GET (manifest|blob)";
  all.push_back(cut("a length that is too long", {.length_lie = 10}, kReads));
  all.back().always = Expected::Either;  // of a blob everything arrives, as its size tells
  all.push_back({"a length that is too short",
                 {{.length_lie = -10}},
                 Expected::Success,
                 Expected::Failure,
                 {},
                 manifests_and_blobs});
  all.push_back(harmless("no length", {.chunked = true}, kReads));
  all.push_back(cut("no length, and cut", {.cut_answer = kMiddle, .cut = Cut::Close, .chunked = true}, kReads));
  all.push_back(
      {"bytes behind the end", {{.append = "more"}}, Expected::Success, Expected::Failure, {10}, manifests_and_blobs});
  all.push_back(
      {"a first byte changed", {{.flip = 0}}, Expected::Success, Expected::Failure, {10}, manifests_and_blobs});
  all.push_back(
      {"a byte changed", {{.flip = kMiddle}}, Expected::Success, Expected::Failure, {10}, manifests_and_blobs});
  all.push_back(harmless("in slices", {.slice = 4000, .slice_pause = milliseconds{2}}, kReads));
  all.push_back(harmless("late", {.delay = milliseconds{20}}));
  // A download that goes on after a break, and a server that does not give what Range asked for.
  const Fault broken{.cut_answer = kMiddle};
  const auto resumed = [&](const std::string& name, Fault then) {
    all.push_back({"broken; then " + name,
                   {broken, std::move(then), Fault{}},
                   Expected::Success,
                   Expected::Success,
                   {},
                   "^GET blob"});
  };
  resumed("all from the beginning", {.rewrite = [](const HttpRequest&, HttpReply& reply) {
            if (reply.status == 206) reply = {.status = 500, .body = "no ranges here"};
          }});
  resumed("another range", {.set_headers = {{"Content-Range", "bytes 0-10/40000"}}});
  resumed("no range named", {.set_headers = {{"Content-Range", ""}}});
  resumed("broken again", {.cut_answer = 1});
}

void compress(const HttpRequest&, HttpReply& reply) {
  if (reply.status != 200) return;
  StringSink out(2 * reply.body.size() + 1'000);
  GoGzipSink gzip(out);
  gzip.write(as_bytes(reply.body));
  gzip.finish();
  reply.body = std::move(out.content);
  reply.headers.set("Content-Encoding", "gzip");
}

void add_headers(std::vector<Fall>& all) {
  const std::string other = "sha256:" + std::string(64, 'a');
  all.push_back({"another Docker-Content-Digest",
                 {{.set_headers = {{"Docker-Content-Digest", other}}}},
                 Expected::Either,
                 Expected::Either,
                 {10, 25},
                 "manifest|PUT"});
  all.push_back(harmless("no Docker-Content-Digest", {.set_headers = {{"Docker-Content-Digest", ""}}}));
  all.push_back({"another Content-Type",
                 {{.set_headers = {{"Content-Type", "application/octet-stream"}}}},
                 Expected::Success,
                 Expected::Success,
                 {},
                 "manifest|blob"});
  all.push_back({"Content-Encoding",
                 {{.set_headers = {{"Content-Encoding", "gzip"}}}},
                 Expected::Success,
                 Expected::Success,
                 {},
                 "^GET"});
  all.push_back({"compressed on the way",
                 {{.rewrite = compress}},
                 Expected::Success,
                 Expected::Failure,
                 {10},
                 "^GET (manifest|blob)"});
  all.push_back({"a web page",
                 {{.answer = HttpReply{.headers = {{"Content-Type", "text/html"}}, .body = "<html>Log in"}}},
                 Expected::Either,
                 Expected::Failure,
                 {},
                 "^(ping|GET|token)"});
  all.push_back({"large headers",
                 {{.set_headers = {{"X-Junk", std::string(90'000, 'x')}}}},
                 Expected::Success,
                 Expected::Success,
                 {},
                 ""});
  all.push_back({"an error with escapes and no end",
                 {{.answer = HttpReply{.status = 400,
                                       .headers = {{"Content-Type", "text/plain"}},
                                       .body = "\x1b[2J\x1b]0;owned\a" + std::string(1'000'000, 'x')}}},
                 Expected::Either,
                 Expected::Either,
                 {},
                 ""});
}

void add_places(std::vector<Fall>& all) {
  for (const int code : {307, 308}) {
    all.push_back(harmless("redirect " + std::to_string(code), {.redirect = code}, "^(GET|HEAD|PUT blob|PATCH)"));
  }
  all.push_back(harmless("redirect 302", {.redirect = 302}, "^(GET|HEAD)"));
  const auto leading_to = [&](const std::string& name, const std::string& place) {
    const auto lead = [place](const HttpRequest& request) -> std::optional<HttpReply> {
      return HttpReply{.status = 307, .headers = {{"Location", place.empty() ? request.target : place}}};
    };
    all.push_back({name, {{.decide = lead}}, Expected::Either, Expected::Failure, {13, 22, 23, 24}, ""});
  };
  leading_to("redirect to itself", "");
  leading_to("redirect to a link-local address", "http://169.254.169.254/latest/meta-data");
  leading_to("redirect to nonsense", "http://");
  const auto location = [&](const std::string& name, const std::function<std::string(const std::string&)>& change,
                            Expected always) {
    const auto rewrite = [change](const HttpRequest&, HttpReply& reply) {
      if (const auto old = reply.headers.find("Location")) reply.headers.set("Location", change(*old));
    };
    all.push_back({"Location " + name, {{.rewrite = rewrite}}, Expected::Either, always, {24, 13}, "^POST"});
  };
  const auto path_of = [](const std::string& url) { return url.substr(url.find("/v2/")); };
  location("without a host", path_of, Expected::Success);
  location(
      "without a scheme", [](const std::string& url) { return url.substr(url.find("//")); }, Expected::Success);
  location(
      "missing", [](const std::string&) { return std::string("http://"); }, Expected::Failure);
  all.push_back({"forgotten session",
                 {{.forget_session = true}},
                 Expected::Success,
                 Expected::Failure,
                 {24},
                 "^(PUT blob|PATCH)"});
  all.push_back(harmless("Range lies", {.set_headers = {{"Range", "0--1"}}}, "^(POST|PUT|PATCH)"));
  all.push_back(harmless("Range lags", {.set_headers = {{"Range", "0-0"}}}, "^PATCH"));
}

std::vector<Fall> make_falls() {
  std::vector<Fall> all;
  add_cuts(all);
  add_bodies(all);
  add_headers(all);
  add_places(all);
  for (const int code : {408, 425, 499, 500, 502, 503, 504, 522}) all.push_back(passing(code));
  all.push_back(passing(429));
  all.push_back(passing(429, {{"Retry-After", "soon"}}));
  all.push_back(passing(429, {{"Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"}}));
  for (const int code : {429, 503}) {
    all.push_back(passing(code, {{"Retry-After", "1"}}));
    all.back().slow = true;
  }
  for (const int code : {400, 403, 404, 405, 413, 416, 501}) all.push_back(final_answer(code));
  all.push_back(status(401, Expected::Either, Expected::Either, {20}));
  return all;
}

}  // namespace

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> kAll{
      {"token", {"GET", "^/token"}, false, true},
      {"ping", {"GET", "^/v2/$"}, false, true},
      {"HEAD manifest", {"HEAD", "/manifests/"}},
      {"HEAD blob", {"HEAD", "/blobs/"}},
      {"GET manifest", {"GET", "/manifests/"}, false, true, true},
      {"GET blob", {"GET", "/blobs/"}, false, true, true},
      {"POST", {"POST", "/blobs/uploads/"}},
      {"PUT blob", {"PUT", "/blobs/uploads/"}, true},
      {"PUT manifest", {"PUT", "/manifests/sha256[-:]"}, true},
      {"PUT tag", {"PUT", "/manifests/v1$"}, true},
      {"PATCH", {"PATCH", "/blobs/uploads/"}, true, false, false, kChunk},
  };
  return kAll;
}

const std::vector<Fall>& falls() {
  static const std::vector<Fall> kAll = make_falls();
  return kAll;
}

}  // namespace ociferry::testing
