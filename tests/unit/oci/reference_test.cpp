#include "ociferry/reference.hpp"

#include <doctest/doctest.h>

#include "oci/tag_names.hpp"
#include "support/error_of.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kGivenDigest = "sha256:" + std::string(64, 'a');

std::string full(std::string_view text) { return to_string(Reference::parse(text)); }

}  // namespace

TEST_CASE("references are completed with imgpkg's rules") {
  CHECK(full("nginx") == "index.docker.io/library/nginx");
  CHECK(full("nginx:1.25") == "index.docker.io/library/nginx:1.25");
  CHECK(full("some/app") == "index.docker.io/some/app");
  CHECK(full("localhost/app") == "index.docker.io/localhost/app");
  CHECK(full("localhost:5000/app") == "localhost:5000/app");
  CHECK(full("ghcr.io/a/b/c:v1") == "ghcr.io/a/b/c:v1");
  CHECK(full("docker.io/nginx") == "index.docker.io/library/nginx");
  CHECK(full("docker.io/some/app@" + kGivenDigest) == "index.docker.io/some/app@" + kGivenDigest);
  CHECK(full("index.docker.io/nginx") == "index.docker.io/library/nginx");
  CHECK(full("[::1]:5000/app:x") == "[::1]:5000/app:x");
  CHECK(full("host:5000") == "index.docker.io/library/host:5000");
}

TEST_CASE("a digest takes precedence over a tag, and the default is latest") {
  const Reference both = Reference::parse("r.io/app:v1@" + kGivenDigest);
  CHECK(both.tag == "v1");
  CHECK(both.selector() == kGivenDigest);
  CHECK(to_string(both) == "r.io/app@" + kGivenDigest);
  CHECK(Reference::parse("r.io/app:v1").selector() == "v1");
  CHECK(Reference::parse("r.io/app").selector() == "latest");
  CHECK(to_string(Reference::parse("r.io/a").name) == "r.io/a");
  CHECK(Reference::parse("r.io/app@sha512:" + std::string(128, '0')).digest->algorithm() == "sha512");
}

TEST_CASE("a reference made by digest has no tag") {
  const Digest digest = Digest::parse("sha256:" + std::string(64, 'a'));
  const Reference reference = Reference::by_digest({"r.example:5000", "team/app"}, digest);
  CHECK(reference == Reference{{"r.example:5000", "team/app"}, std::nullopt, digest});
  CHECK(to_string(reference) == "r.example:5000/team/app@" + digest.text());
}

TEST_CASE("malformed references are refused") {
  const std::string bad[] = {"",
                             "/",
                             "/app",
                             "r.io/",
                             "r.io/app/",
                             "r.io//app",
                             "r.io/../app",
                             "r.io/./app",
                             "r.io/App",
                             "r.io/a b",
                             "r.io/app?x=1",
                             "r.io/app#x",
                             "r.io/a%2fb",
                             "r.io/a\nb",
                             "user@r.io/app",
                             "r\\.io/app",
                             "http://r.io/app",
                             "docker://nginx",
                             "r.io/app:",
                             "r.io/app:-x",
                             "r.io/app:a/b:",
                             "r.io/app:" + std::string(129, 'x'),
                             "r.io/" + std::string(256, 'x'),
                             "r.io/app@",
                             "r.io/app@" + kGivenDigest + "@" + kGivenDigest,
                             "r.io/app@sha256:abc"};
  for (const std::string& text : bad) {
    CAPTURE(text);
    CHECK(usage_error([&] { (void)Reference::parse(text); }) != "");
  }
}

TEST_CASE("a repository with a tag or digest is refused") {
  CHECK(to_string(parse_repository("r.io/some/app")) == "r.io/some/app");
  CHECK(usage_error([] { (void)parse_repository("r.io/app:v1"); }) ==
        "'r.io/app:v1' must be a repository, without tag or digest");
  CHECK(usage_error([] { (void)parse_repository("r.io/app@" + kGivenDigest); }) != "");
}

TEST_CASE("lock files name images by sha256 digest; a tag before it is dropped") {
  CHECK(to_string(parse_digest_reference("nginx:1@" + kGivenDigest)) ==
        "index.docker.io/library/nginx@" + kGivenDigest);
  CHECK_FALSE(parse_digest_reference("nginx:1@" + kGivenDigest).tag.has_value());
  for (const std::string& text : {std::string("nginx:v1"), std::string("nginx"), "nginx@sha256:" + std::string(64, 'A'),
                                  "nginx@sha512:" + std::string(128, 'a'), std::string("nginx@sha256:abc")}) {
    CHECK(usage_error([&] { (void)parse_digest_reference(text); }) ==
          "Expected ref to be in digest form, got '" + text + "'");
  }
  CHECK(usage_error([] { (void)parse_digest_reference("http://r.io/app@" + kGivenDigest); }) != "");
}

TEST_CASE("tags follow the distribution specification") {
  for (const std::string& tag : {std::string("v1"), std::string("_x"), std::string("A.b-c_9"), std::string(128, 'x')}) {
    CHECK(is_valid_tag(tag));
  }
  for (const std::string& tag : {std::string(), std::string(".x"), std::string("-x"), std::string("a/b"),
                                 std::string("a b"), std::string("a:b"), std::string("é"), std::string(129, 'x')}) {
    CHECK_FALSE(is_valid_tag(tag));
  }
}

TEST_CASE("images and locations have tags made of a digest") {
  const Digest digest = Digest::parse(kGivenDigest);
  CHECK(image_tag(digest) == "sha256-" + std::string(64, 'a') + ".imgpkg");
  CHECK(locations_tag(digest) == "sha256-" + std::string(64, 'a') + ".image-locations.imgpkg");
  CHECK(is_valid_tag(locations_tag(digest)));
}

TEST_CASE("a tag made of a long digest has its first 64 digits") {
  const Digest digest = Digest::parse("sha512:" + std::string(64, 'a') + std::string(64, 'b'));
  CHECK(image_tag(digest) == "sha512-" + std::string(64, 'a') + ".imgpkg");
  CHECK(locations_tag(digest) == "sha512-" + std::string(64, 'a') + ".image-locations.imgpkg");
  CHECK(is_valid_tag(repository_tag({{"r.example", std::string(200, 'x')}, std::nullopt, digest})));
}

TEST_CASE("a tag made of a repository has the end of its path, within the length of a tag") {
  const Digest digest = Digest::parse(kGivenDigest);
  const std::string usual = "sha256-" + std::string(64, 'a') + ".imgpkg";
  const std::string long_name(60, 'x');
  struct {
    std::string path;
    std::string begin;
  } const rows[] = {
      {"apps/simple-app", "apps-simple-app-"},
      {"simple-app", "simple-app-"},
      {"library/nginx", "library-nginx-"},
      {"a/b_c/d.e", "a-b_c-d.e-"},
      {"_x/y", "_x-y-"},
      {"-.x/y", "x-y-"},
      {"...", ""},
      {"", ""},
      {"team@home/ap+p", "teamhome-app-"},
      {"\u00e4pfel/b\u00e4ume", "pfel-bume-"},
      {long_name, std::string(49, 'x') + "-"},
      {"a/" + std::string(49, 'y'), std::string(49, 'y') + "-"},
      {"a/" + std::string(48, 'y'), std::string(48, 'y') + "-"},
      {std::string(20, 'a') + "/..-" + std::string(46, 'z'), std::string(46, 'z') + "-"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.path);
    const std::string tag = repository_tag({{"r.example:5000", row.path}, std::nullopt, digest});
    CHECK(tag == row.begin + usual);
    CHECK(is_valid_tag(tag));
  }
}

TEST_CASE("an attachment tag is parsed into the image's digest") {
  const Digest digest = Digest::parse(kGivenDigest);
  CHECK(attachment_subject(attachment_tag(digest, "sig")) == digest);
  CHECK(attachment_subject(attachment_tag(digest, "sbom")) == digest);
  CHECK_FALSE(attachment_subject(image_tag(digest)));
  CHECK_FALSE(attachment_subject(locations_tag(digest)));
  CHECK_FALSE(attachment_subject("sha256-12.sig"));
  CHECK_FALSE(attachment_subject("v1.sig"));
  CHECK_FALSE(attachment_subject(""));
}
