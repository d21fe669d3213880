#include "registry/registry_error.hpp"
#include "registry/limits.hpp"

#include <doctest/doctest.h>

using namespace ociferry;

namespace {

Answer answer(int status, std::string body, std::string type = "application/json") {
  const Url url = Url::parse("https://reg:5000/v2/x/manifests/v1?sig=secret");
  return {Response{status, {{"Content-Type", std::move(type)}}, std::move(body)}, url, url.origin()};
}

}  // namespace

TEST_CASE("an error names method, URL without query, status, the registry's words and the attempts") {
  Answer busy = answer(503, R"({"errors":[{"code":"UNAVAILABLE","message":"try later"},{"code":"X"}]})");
  busy.attempts = 6;
  const Error error = response_error("GET", busy, ErrorCode::Refused);
  CHECK(error.code() == ErrorCode::Network);
  CHECK(error.message() ==
        "GET https://reg:5000/v2/x/manifests/v1: answered 503 (UNAVAILABLE: try later; X), after 6 attempts");
}

TEST_CASE("each status has its error code") {
  const auto code = [](int status) { return response_error("PUT", answer(status, ""), ErrorCode::Refused).code(); };
  CHECK(code(401) == ErrorCode::Unauthorized);
  CHECK(code(403) == ErrorCode::Denied);
  CHECK(code(404) == ErrorCode::NotFound);
  CHECK(code(429) == ErrorCode::Network);
  CHECK(code(500) == ErrorCode::Network);
  CHECK(code(413) == ErrorCode::Refused);
  CHECK(code(400) == ErrorCode::Refused);
}

TEST_CASE("hints name the next step") {
  const auto hint = [](int status) {
    return response_error("PUT", answer(status, ""), ErrorCode::Refused).hint_text();
  };
  CHECK(hint(401).find("ociferry login reg:5000") != std::string::npos);
  CHECK(hint(413).find("client_max_body_size") != std::string::npos);
  CHECK(hint(500).empty());
  const auto page_hint = [](int status) {
    return response_error("PUT", answer(status, "<html>", "text/html"), ErrorCode::Refused).hint_text();
  };
  for (const int status : {400, 403}) CHECK(page_hint(status).find("stand before reg:5000") != std::string::npos);
  for (const int status : {404, 502}) CHECK(page_hint(status).empty());
  Answer moved = answer(301, "");
  moved.headers.set("Location", "https://new.example/v2/x/manifests/v1?token=secret");
  CHECK(response_error("PUT", moved, ErrorCode::Refused).hint_text() ==
        "the registry sends us to https://new.example: give that name instead");
  moved.headers.set("Location", "https://[");
  CHECK(response_error("PUT", moved, ErrorCode::Refused).hint_text().empty());
}

TEST_CASE("a server's message is truncated and escaped") {
  const std::string evil = "\\u001b[31m" + std::string(5000, 'x');
  const Error error = response_error("GET", answer(400, R"({"errors":[{"code":"C","message":")" + evil + R"("}]})"),
                                     ErrorCode::Refused);
  CHECK(error.message().find('\x1b') == std::string::npos);
  CHECK(error.message().size() < limits::kErrorTextShown + 200);
  const Error text =
      response_error("GET", answer(400, "plain\nwords\n", "text/plain; charset=utf-8"), ErrorCode::Refused);
  CHECK(text.message().find("(plain\\u{a}words)") != std::string::npos);
}

TEST_CASE("a body that is not from a registry is not shown") {
  for (const char* body : {"<html>oops</html>", "[]", "{}", R"({"errors":{}})", R"({"errors":[]})", "{"}) {
    CAPTURE(body);
    CHECK(parse_registry_errors(body).empty());
    CHECK(response_error("GET", answer(500, body, "text/html"), ErrorCode::Refused).message() ==
          "GET https://reg:5000/v2/x/manifests/v1: answered 500");
  }
}

TEST_CASE("a known error code is found among several") {
  const Answer both = answer(400, R"({"errors":[{"code":"A"},{"code":"MANIFEST_BLOB_UNKNOWN"}]})");
  CHECK(names_error(both, "MANIFEST_BLOB_UNKNOWN"));
  CHECK_FALSE(names_error(both, "MANIFEST_UNKNOWN"));
}
