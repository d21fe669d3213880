#include "oci/json.hpp"
#include "registry/limits.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::registry_error_reply;
using testing::Rig;

namespace {

using Names = std::vector<std::string>;

constexpr std::string_view kList = "GET https://reg.example/v2/team/app/tags/list";

HttpReply page(const std::string& body, const std::string& link = "") {
  HttpReply reply{200, {{"Content-Type", "application/json"}}, body};
  if (!link.empty()) reply.headers.set("Link", link);
  return reply;
}

/// A page with one tag.
HttpReply page_of(const std::string& tag, const std::string& link = "") {
  return page(R"({"name":"team/app","tags":[")" + tag + R"("]})", link);
}

/// Answers every request for a list with `answer`; "PAGE" in its Link becomes the number of the page.
void answer_pages(Rig& rig, std::function<HttpReply(std::size_t number)> answer) {
  rig.registry.intercept = [answer = std::move(answer),
                            number = std::size_t{0}](const HttpRequest& request) mutable -> std::optional<HttpReply> {
    if (!request.path.ends_with("/tags/list")) return std::nullopt;
    return answer(number++);
  };
}

Error failure(Rig& rig) {
  return error_of([&] { static_cast<void>(rig.repository().list_tags()); });
}

}  // namespace

TEST_CASE("all tags are listed, page by page, sorted") {
  Rig rig;
  Names expected;
  for (int i = 10'000; i < 12'345; ++i) {
    expected.push_back("v" + std::to_string(i));
    rig.registry.add_manifest("team/app", "{}", std::string(media_type::kOciManifest), expected.back());
  }
  CHECK(rig.repository().list_tags() == expected);
  CHECK(rig.count(std::string(kList)) == 3);
  CHECK(rig.count(std::string(kList) + "?n=1000") == 1);
  CHECK(rig.count(std::string(kList) + "?last=v10999&n=1000") == 1);
}

TEST_CASE("tags are sorted bytewise without duplicates, for any order of the registry") {
  Rig rig;
  answer_pages(rig, [](std::size_t number) {
    return number == 0 ? page(R"({"tags":["b","B","a10"]})", "</v2/team/app/tags/list?last=x>; rel=\"next\"")
                       : page(R"({"tags":["a9","b"]})");
  });
  CHECK(rig.repository().list_tags() == Names{"B", "a10", "a9", "b"});
}

TEST_CASE("a repository without tags has an empty list; one that does not exist is NotFound") {
  for (const char* body : {R"({"name":"team/app","tags":[]})", R"({"name":"team/app","tags":null})", R"({})"}) {
    CAPTURE(body);
    Rig rig;
    answer_pages(rig, [&](std::size_t) { return page(body); });
    CHECK(rig.repository().list_tags().empty());
  }
  Rig none;
  const Error error = failure(none);
  CHECK(error.code() == ErrorCode::NotFound);
  CHECK(error.message().find("NAME_UNKNOWN") != std::string::npos);
  CHECK(error.hint_text() == "check the registry and the repository");
}

TEST_CASE("refusals keep their error code, and transient failures are repeated") {
  Rig denied;
  denied.answer_first(100, "GET", "/tags/list", registry_error_reply(403, "DENIED"));
  CHECK(failure(denied).code() == ErrorCode::Denied);
  Rig busy;
  busy.registry.add_manifest("team/app", "{}", std::string(media_type::kOciManifest), "v1");
  busy.answer_first(2, "GET", "/tags/list", registry_error_reply(503, "UNAVAILABLE"));
  CHECK(busy.repository().list_tags() == Names{"v1"});
}

TEST_CASE("a link to the next page may have any form within the registry") {
  for (const char* link : {"</v2/team/app/tags/list?last=a>; rel=\"next\"", "</v2/team/app/tags/list?last=a>;rel=next",
                           "<https://reg.example/v2/team/app/tags/list?last=a>; rel=\"next\"",
                           "<http://reg.example/v2/team/app/tags/list?last=a>; rel=\"next\"",
                           "<list?last=a>; title=\"a, \\\"b\\\"; c\"; REL=\"NEXT\"", "<?last=a>",
                           "<list?last=z>; rel=prev, <list?last=a>; rel=\"last next\""}) {
    CAPTURE(link);
    Rig rig;
    answer_pages(rig, [&](std::size_t number) { return number == 0 ? page_of("a", link) : page_of("b"); });
    CHECK(rig.repository().list_tags() == Names{"a", "b"});
    CHECK(rig.transport->lines().back() == std::string(kList) + "?last=a");
  }
}

TEST_CASE("a list with a malformed link, a link to another host or a cycle is refused") {
  struct Row {
    const char* link;
    const char* says;
  };
  for (const Row& row : {Row{"<https://evil.example/v2/team/app/tags/list?last=a>; rel=\"next\"", "another server"},
                         Row{"<https://reg.example:8443/v2/team/app/tags/list?last=a>; rel=\"next\"", "another server"},
                         Row{"<//evil.example/x>; rel=\"next\"", "another server"},
                         Row{"/v2/team/app/tags/list?last=a; rel=\"next\"", "malformed Link"},
                         Row{"</v2/team/app/tags/list?last=a; rel=\"next\"", "malformed Link"},
                         Row{"</v2/x>; rel=\"next", "malformed Link"}, Row{"</v2/x> rel=next", "malformed Link"},
                         Row{"</v2/team/app/tags/list?n=1000>; rel=\"next\"", "links back"}}) {
    CAPTURE(row.link);
    Rig rig;
    answer_pages(rig, [&](std::size_t) { return page_of("a", row.link); });
    const Error error = failure(rig);
    CHECK(error.code() == ErrorCode::Hostile);
    CHECK(error.message().find(row.says) != std::string::npos);
    CHECK(rig.count(std::string(kList)) == 1);
  }
}

TEST_CASE("a malformed link is shown without its secrets") {
  Rig rig;
  answer_pages(rig, [](std::size_t) { return page_of("a", "</v2/x?last=a&token=topsecret> rel=next"); });
  const std::string message = failure(rig).message();
  CHECK(message.find("malformed Link header: </v2/x?last=a") != std::string::npos);
  CHECK(message.find("topsecret") == std::string::npos);
}

TEST_CASE("an endless list is refused after the maximum number of pages") {
  Rig rig;
  answer_pages(rig, [](std::size_t number) {
    return page_of("a", "</v2/team/app/tags/list?last=" + std::to_string(number) + ">; rel=\"next\"");
  });
  CHECK(failure(rig).message().find("more than 10000 pages") != std::string::npos);
  CHECK(rig.count(std::string(kList)) == limits::kTagPages);
}

TEST_CASE("a malformed list of tags is refused") {
  for (const char* body : {"<html>",
                           R"(["v1"])"
                           "x",
                           R"({"tags":"v1"})"}) {
    CAPTURE(body);
    Rig rig;
    answer_pages(rig, [&](std::size_t) { return page(body); });
    CHECK(failure(rig).code() == ErrorCode::Hostile);
  }
}

TEST_CASE("a web page in place of a list is reported as such") {
  Rig rig;
  answer_pages(rig, [](std::size_t) { return HttpReply{200, {{"Content-Type", "text/html"}}, "<html>Log in"}; });
  CHECK(failure(rig).code() == ErrorCode::Network);
  CHECK(failure(rig).message().find("answered with a web page") != std::string::npos);
}

TEST_CASE("an invalid tag is listed, too") {
  Rig rig;
  answer_pages(rig,
               [](std::size_t) { return page("{\"tags\":[\"v1\",1,null,\"../../other\",\"\",\"\\u001b[31m\"]}"); });
  CHECK(rig.repository().list_tags() == Names{"", "\x1b[31m", "../../other", "1", "null", "v1"});
}
