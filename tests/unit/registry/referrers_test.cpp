#include <algorithm>
#include <set>

#include "oci/json.hpp"
#include "oci/limits.hpp"
#include "oci/tag_names.hpp"
#include "registry/limits.hpp"
#include "stream/sha256.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::registry_error_reply;
using testing::Rig;

namespace {

const Digest kSubject = sha256("subject");
const std::string kRegistry = "https://reg.example/v2/team/app/";
const std::string kTagUrl = kRegistry + "manifests/" + referrers_tag(kSubject);
const std::string kIndex(media_type::kOciIndex);

/// An index without children that is attached to kSubject; different for each `name`.
RawManifest referrer(const std::string& name) {
  const std::string bytes =
      R"({"schemaVersion":2,"mediaType":")" + kIndex +
      R"(","artifactType":"application/x","manifests":[],"subject":{"mediaType":"a/b","digest":")" + kSubject.text() +
      R"(","size":7},"annotations":{"name":")" + name + "\"}}";
  return {{kIndex, sha256(bytes), bytes.size()}, bytes};
}

/// What the list must say of it.
std::string entry(const RawManifest& raw, const std::string& name) {
  return R"({"mediaType":")" + kIndex + R"(","digest":")" + raw.descriptor.digest.text() + R"(","size":)" +
         std::to_string(raw.descriptor.size) + R"(,"annotations":{"name":")" + name +
         R"("},"artifactType":"application/x"})";
}

std::string list_of(const std::vector<std::string>& entries) {
  std::string list = R"({"schemaVersion":2,"mediaType":")" + kIndex + R"(","manifests":[)";
  for (const std::string& one : entries) list += (list.ends_with('[') ? "" : ",") + one;
  return list + "]}";
}

std::set<Digest> digests(const std::optional<std::vector<Descriptor>>& found) {
  std::set<Digest> all;
  for (const Descriptor& one : found.value()) all.insert(one.digest);
  return all;
}

HttpReply list_reply(const std::string& link = "") {
  HttpReply reply{200, {{"Content-Type", kIndex + "; charset=utf-8"}}, list_of({})};
  if (!link.empty()) reply.headers.set("Link", link);
  return reply;
}

}  // namespace

TEST_CASE("referrers are listed page by page") {
  Rig rig;
  rig.registry.referrers_on_page = 2;
  std::set<Digest> expected;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    rig.repository().put_manifest(referrer(name), referrer(name).descriptor.digest.text());
    expected.insert(referrer(name).descriptor.digest);
  }
  CHECK(digests(rig.repository().referrers(kSubject)) == expected);
  CHECK(rig.count("GET " + kRegistry + "referrers/" + kSubject.text()) == 3);
  CHECK(rig.repository().referrers(sha256("nothing"))->empty());
}

TEST_CASE("a registry that returns OCI-Subject gets no list at a tag") {
  Rig rig;
  rig.registry.referrers_on_page = 10;
  rig.repository().put_manifest(referrer("a"), "v1");
  CHECK(rig.count("PUT") == 1);
  CHECK_FALSE(rig.registry.tag("team/app", referrers_tag(kSubject)));
}

TEST_CASE("a registry without the referrers API is asked once for all repositories, for any response") {
  for (const HttpReply& answer : {HttpReply{404}, HttpReply{405}, HttpReply{400}, HttpReply{501},
                                  HttpReply{200, {{"Content-Type", "text/html"}}, "<html>"},
                                  HttpReply{200, {{"Content-Type", "application/json"}}, "{}"}}) {
    CAPTURE(answer.status);
    Rig rig;
    rig.answer_first(100, "GET", "/referrers/", answer);
    CHECK_FALSE(rig.repository().referrers(kSubject));
    CHECK_FALSE(rig.repository().referrers(sha256("other")));
    CHECK_FALSE(rig.repository("team/other").referrers(kSubject));
    CHECK(rig.count("GET https://reg.example/v2/") == (answer.status == 200 && answer.body == "{}" ? 1 : 2));
  }
}

TEST_CASE("an unknown repository does not count as a missing referrers API") {
  Rig rig;
  rig.registry.referrers_on_page = 10;
  rig.answer_first(1, "GET", "/referrers/", registry_error_reply(404, "NAME_UNKNOWN"));
  CHECK_FALSE(rig.repository("none").referrers(kSubject));
  CHECK(rig.repository().referrers(kSubject).has_value());
}

TEST_CASE("a transient failure is repeated, and not taken for a missing API") {
  Rig passing;
  passing.registry.referrers_on_page = 10;
  passing.answer_first(2, "GET", "/referrers/", {503});
  CHECK(passing.repository().referrers(kSubject).has_value());
  for (const int status : {503, 429, 500}) {
    Rig failing;
    failing.answer_first(1000, "GET", "/referrers/", {status});
    CHECK(error_of([&] { static_cast<void>(failing.repository().referrers(kSubject)); }).code() == ErrorCode::Network);
  }
  Rig denied;
  denied.answer_first(1000, "GET", "/referrers/", {403});
  CHECK(error_of([&] { static_cast<void>(denied.repository().referrers(kSubject)); }).code() == ErrorCode::Denied);
}

TEST_CASE("a list of referrers with a cycle, a link to another host or an early end is an error") {
  const auto failure = [](const HttpReply& first, const HttpReply& later) {
    Rig rig;
    rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
      if (request.path.find("/referrers/") == std::string::npos) return std::nullopt;
      return request.parameters.empty() ? first : later;
    };
    return error_of([&] { static_cast<void>(rig.repository().referrers(kSubject)); });
  };
  const HttpReply to_second = list_reply("<?page=2>; rel=\"next\"");
  CHECK(failure(to_second, to_second).code() == ErrorCode::Hostile);
  CHECK(failure(list_reply("<https://evil.example/x>; rel=\"next\""), {}).code() == ErrorCode::Hostile);
  CHECK(failure(to_second, {404}).code() == ErrorCode::NotFound);
  CHECK(failure(to_second, {200, {{"Content-Type", "text/html"}}, "<html>"}).code() == ErrorCode::Network);
  HttpReply malformed = list_reply();
  malformed.body = "{";
  CHECK(failure(malformed, {}).code() == ErrorCode::Hostile);
}

TEST_CASE("without the API a list is kept at the subject's tag, and not written again if complete") {
  Rig rig;
  const RawManifest a = referrer("a");
  const RawManifest b = referrer("b");
  std::vector<std::string> entries;
  for (const auto& [raw, name] : {std::pair(a, "a"), std::pair(b, "b")}) {
    rig.repository().put_manifest(raw, raw.descriptor.digest.text());
    entries.push_back(entry(raw, name));
    // By digest, so that it does not matter who comes first.
    std::ranges::sort(entries);
    CHECK(rig.repository().manifest(referrers_tag(kSubject))->bytes == list_of(entries));
  }
  CHECK(rig.count("PUT " + kTagUrl) == 2);
  rig.repository().put_manifest(b, "v1");
  CHECK(rig.count("PUT " + kTagUrl) == 2);
}

TEST_CASE("entries of others in the list at the tag are kept") {
  Rig rig;
  const RawManifest other = referrer("other");
  rig.registry.add_manifest("team/app", other.bytes, kIndex);
  const std::string theirs = R"({"mediaType":")" + kIndex + R"(","digest":")" + other.descriptor.digest.text() +
                             R"(","size":)" + std::to_string(other.bytes.size()) + R"(,"x":[1]})";
  const std::string list = R"({"schemaVersion":2,"manifests":[)" + theirs + R"(],"annotations":{"by":"them"}})";
  rig.registry.add_manifest("team/app", list, kIndex, referrers_tag(kSubject));
  rig.repository().put_manifest(referrer("mine"), "v1");
  const std::string merged = rig.repository().manifest(referrers_tag(kSubject))->bytes;
  CHECK(merged.find(theirs) != std::string::npos);
  CHECK(merged.find(entry(referrer("mine"), "mine")) != std::string::npos);
  CHECK(merged.find(R"("annotations":{"by":"them"})") != std::string::npos);
}

TEST_CASE("a list that another writer overwrote is written again, a limited number of times") {
  for (const int times : {1, limits::kReferrersTagWrites}) {
    CAPTURE(times);
    Rig rig;
    const RawManifest mine = referrer("mine");
    // Another writer, who read the list before: ours is overwritten as soon as it is there.
    const RawManifest theirs = referrer("theirs");
    rig.registry.add_manifest("team/app", theirs.bytes, kIndex);
    rig.registry.intercept = [&, left = times](const HttpRequest& request) mutable -> std::optional<HttpReply> {
      const bool puts_list = request.method == "PUT" && request.path.ends_with(referrers_tag(kSubject));
      if (!puts_list || left-- <= 0) return std::nullopt;
      rig.registry.add_manifest("team/app", list_of({entry(theirs, "theirs")}), kIndex, referrers_tag(kSubject));
      return HttpReply{201};
    };
    if (times == limits::kReferrersTagWrites) {
      CHECK(error_of([&] { rig.repository().put_manifest(mine, "v1"); }).code() == ErrorCode::Unstable);
    } else {
      rig.repository().put_manifest(mine, "v1");
      const std::string list = rig.repository().manifest(referrers_tag(kSubject))->bytes;
      CHECK(list.find(mine.descriptor.digest.text()) != std::string::npos);
      CHECK(list.find(theirs.descriptor.digest.text()) != std::string::npos);
    }
  }
}

TEST_CASE("a tag that is not a list is left alone") {
  Rig rig;
  const std::string image =
      R"({"schemaVersion":2,"config":{"mediaType":"a/b","digest":")" + kSubject.text() + R"(","size":1},"layers":[]})";
  rig.registry.add_manifest("team/app", image, std::string(media_type::kOciManifest), referrers_tag(kSubject));
  const Error error = error_of([&] { rig.repository().put_manifest(referrer("a"), "v1"); });
  CHECK(error.code() == ErrorCode::Refused);
  CHECK(rig.registry.tag("team/app", referrers_tag(kSubject)) == sha256(image));
}

TEST_CASE("a list above the size of a manifest is refused") {
  Rig rig;
  const std::string padding = R"({"schemaVersion":2,"manifests":[],"annotations":{"x":")" +
                              std::string(limits::kManifestBytes - 100, 'x') + "\"}}";
  rig.registry.add_manifest("team/app", padding, kIndex, referrers_tag(kSubject));
  CHECK(error_of([&] { rig.repository().put_manifest(referrer("a"), "v1"); }).code() == ErrorCode::Refused);
}

TEST_CASE("tags are listed only if few requests are enough") {
  Rig rig;
  for (int i = 0; i < 2500; ++i) {
    rig.registry.add_manifest("team/app", "{}", std::string(media_type::kOciManifest), "v" + std::to_string(i));
  }
  CHECK(rig.repository().tags_within(3)->size() == 2500);
  CHECK_FALSE(rig.repository().tags_within(2));
  CHECK(rig.repository("none").tags_within(2)->empty());
  rig.answer_first(1, "GET", "/tags/list", {405});
  CHECK_FALSE(rig.repository().tags_within(3));
}

TEST_CASE("a list of tags that needs more requests than were allowed goes on where it ended") {
  Rig rig;
  for (int i = 0; i < 2500; ++i) {
    rig.registry.add_manifest("team/app", "{}", std::string(media_type::kOciManifest), "v" + std::to_string(i));
  }
  const auto lists = [&] { return rig.count("GET " + kRegistry + "tags/list"); };
  CHECK_FALSE(rig.repository().more_tags_within(3));  // nothing was begun
  CHECK(lists() == 0);
  CHECK_FALSE(rig.repository().begin_tags({}));
  CHECK(rig.repository().more_tags_within(3)->size() == 2500);
  CHECK(lists() == 3);
  CHECK_FALSE(rig.repository().begin_tags({}));
  CHECK_FALSE(rig.repository().more_tags_within(1));  // no more than that one
  CHECK_FALSE(rig.repository().more_tags_within(3));  // and what was read is forgotten
  CHECK(lists() == 4);
  rig.answer_first(1, "GET", "/tags/list", {405});
  CHECK_FALSE(rig.repository().begin_tags({}));
  CHECK_FALSE(rig.repository().more_tags_within(3));  // it failed
  CHECK(lists() == 5);
}

TEST_CASE("a question for a manifest ends with its own stop token and with the client's") {
  Rig rig;
  CHECK_FALSE(rig.repository().manifest_until("v1", {}));
  std::stop_source stop;
  CHECK_FALSE(rig.repository().manifest_until("v1", stop.get_token()));
  SUBCASE("its own") { stop.request_stop(); }
  SUBCASE("the client's") { rig.stop.request_stop(); }
  const Error error = error_of([&] { static_cast<void>(rig.repository().manifest_until("v1", stop.get_token())); });
  CHECK(error.code() == ErrorCode::Interrupted);
  CHECK(rig.count("GET " + kRegistry + "manifests/v1") == 2);
}

TEST_CASE("questions for lists end with their own stop token") {
  Rig rig;
  std::stop_source stop;
  stop.request_stop();
  const Digest subject = sha256("subject");
  CHECK(error_of([&] { static_cast<void>(rig.repository().referrers_until(kSubject, stop.get_token())); }).code() ==
        ErrorCode::Interrupted);
  CHECK(error_of([&] { static_cast<void>(rig.repository().begin_tags(stop.get_token())); }).code() ==
        ErrorCode::Interrupted);
  CHECK_FALSE(rig.repository().referrers(kSubject));  // what was given up says nothing about the registry
}

TEST_CASE("a registry that returns the subject at the list's tag has no list yet") {
  Rig rig;
  const std::string bytes = R"({"schemaVersion":2,"mediaType":")" + kIndex + R"(","manifests":[{"mediaType":")" +
                            std::string(media_type::kOciManifest) + R"(","digest":")" + kSubject.text() +
                            R"(","size":7}]})";
  const Digest subject = rig.registry.add_manifest("team/app", bytes, kIndex);
  const std::string attached = R"({"schemaVersion":2,"mediaType":")" + kIndex +
                               R"(","manifests":[],"subject":{"mediaType":")" + kIndex + R"(","digest":")" +
                               subject.text() + R"(","size":)" + std::to_string(bytes.size()) + "}}";
  const RawManifest raw{{kIndex, sha256(attached), attached.size()}, attached};
  rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    const bool asks = request.method == "GET" && request.path.ends_with(referrers_tag(subject));
    if (!asks || rig.registry.tag("team/app", referrers_tag(subject))) return std::nullopt;
    return HttpReply{200, {{"Content-Type", kIndex}}, bytes};
  };
  rig.repository().put_manifest(raw, raw.descriptor.digest.text());
  const auto list = rig.repository().manifest(referrers_tag(subject)).value();
  const auto listed = std::get<ImageIndex>(parse_manifest(list.bytes, kIndex)).manifests;
  REQUIRE(listed.size() == 1);
  CHECK(listed.front().digest == raw.descriptor.digest);
}
