#include "http/redact.hpp"

#include <doctest/doctest.h>

#include <mutex>
#include <vector>

#include "http/exchange_log.hpp"

using namespace ociferry;

TEST_CASE("only harmless headers are shown") {
  struct Row {
    std::string name;
    std::string value;
    std::string shown;
  };
  const std::vector<Row> rows{
      {"Content-Type", "application/json; charset=utf-8", "application/json; charset=utf-8"},
      {"content-length", "12", "12"},
      {"Authorization", "Basic bWU6cGFzcw==", "Basic [not shown]"},
      {"authorization", "Bearer abc.def.ghi", "Bearer [not shown]"},
      {"Authorization", "abc", "[not shown]"},
      {"Cookie", "a=b", "[not shown]"},
      {"Set-Cookie", "session=abc; Path=/", "[not shown]"},
      {"Proxy-Authorization", "Basic abc", "[not shown]"},
      {"X-Amz-Security-Token", "abc", "[not shown]"},
      {"X-Something-New", "abc", "[not shown]"},
      {"Location", "/v2/a/blobs/uploads/1?_state=abc&digest=sha256:1",
       "/v2/a/blobs/uploads/1?_state=[not shown]&digest=sha256:1"},
      {"Location", "https://me:pw@s3.example/x?X-Amz-Signature=abc&X-Amz-Credential=def",
       "https://[not shown]@s3.example/x?X-Amz-Signature=[not shown]&X-Amz-Credential=[not shown]"},
      {"Location", "https://blob.example/x?sv=1&sig=abc", "https://blob.example/x?sv=[not shown]&sig=[not shown]"},
      {"Link", R"(</v2/a/tags/list?last=v1&n=10>; rel="next")", R"(</v2/a/tags/list?last=v1&n=10>; rel="next")"},
      {"WWW-Authenticate", R"(Bearer realm="https://auth.example/token?key=abc",scope="repository:a:pull")",
       R"(Bearer realm="https://auth.example/token?key=[not shown]",scope="repository:a:pull")"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(shown_header(row.name, row.value) == row.shown);
  }
}

TEST_CASE("only harmless query parameters are shown") {
  CHECK(shown_query("service=reg&scope=repository:a:pull") == "service=reg&scope=repository:a:pull");
  CHECK(shown_query("n=100&last=v1&token=abc") == "n=100&last=v1&token=[not shown]");
  CHECK(shown_query("abcdef") == "[not shown]");
  CHECK(shown_query("SIG=abc&Digest=sha256%3A1") == "SIG=[not shown]&Digest=sha256%3A1");
  CHECK(shown_query("").empty());
}

TEST_CASE("texts of servers lose what looks like a secret, and nothing else") {
  struct Row {
    std::string text;
    std::string shown;
  };
  const std::vector<Row> rows{
      {"manifest unknown; see the log", "manifest unknown; see the log"},
      {"basic authentication is required", "basic authentication is required"},
      {"no basic auth credentials", "no basic auth credentials"},
      {"scope=repository:a:pull is wrong", "scope=repository:a:pull is wrong"},
      {"header was Authorization: Basic bWU6cGFzcw==", "header was Authorization: [not shown]"},
      {"Cookie: a=b; c=d", "Cookie: [not shown]"},
      {"got 'Bearer abc.DEF.ghi'", "got 'Bearer [not shown]'"},
      {"at https://me:pw@reg.example/x", "at https://[not shown]@reg.example/x"},
      {"https://a.example https://u@b.example", "https://a.example https://[not shown]@b.example"},
      {"GET /x?token=abc&n=1 failed", "GET /x?token=[not shown]&n=1 failed"},
      {"X-Amz-Signature=abc&x-goog-signature=def.", "X-Amz-Signature=[not shown]&x-goog-signature=[not shown]"},
      {"sig=abc, access_token=\"def\"", "sig=[not shown], access_token=[not shown]\""},
      {"password=abc", "password=[not shown]"},
      {"broken=", "broken="},
      {"", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    CHECK(without_secrets(row.text) == row.shown);
  }
}

TEST_CASE("an exchange is logged with its headers, numbered, without secrets") {
  struct Lines : Progress {
    std::vector<std::string> lines = {};
    void debug(std::string_view line) override { lines.emplace_back(line); }
  } progress;
  const ExchangeLog log(progress, 7);
  Request request{"PUT",
                  Url::parse("https://reg.example/v2/a/blobs/uploads/1?_state=secret&digest=sha256:1"),
                  {{"Authorization", "Bearer secret"}, {"Content-Type", "text/plain"}}};
  request.body = RequestBody{12, {}};
  log.request(request, "ociferry/1", "http://proxy:3128");
  log.response({201, {{"Location", "/v2/a/blobs/sha256:1"}, {"Set-Cookie", "secret"}}, ""},
               std::chrono::milliseconds(5));
  log.failure("reset", std::chrono::milliseconds(6));
  CHECK(progress.lines ==
        std::vector<std::string>{
            "http 7 > PUT https://reg.example/v2/a/blobs/uploads/1?_state=[not shown]&digest=sha256:1",
            "http 7 > through the proxy http://proxy:3128",
            "http 7 > User-Agent: ociferry/1",
            "http 7 > Authorization: Bearer [not shown]",
            "http 7 > Content-Type: text/plain",
            "http 7 > Content-Length: 12",
            "http 7 < 201 in 5 ms",
            "http 7 < Location: /v2/a/blobs/sha256:1",
            "http 7 < Set-Cookie: [not shown]",
            "http 7 < failed after 6 ms: reset",
        });
}
