#include <doctest/doctest.h>

#include "bundle/bundle.hpp"
#include "bundle/yaml.hpp"
#include "oci/limits.hpp"
#include "oci/manifest.hpp"
#include "store/memory_target.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "support/rig.hpp"
#include "transfer/caching_source.hpp"

// What manifests, lock files and lists did to other programs, by the names under which it became known.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

std::string descriptor(const std::string& digest, const std::string& size = "2", const std::string& more = "") {
  return R"({"mediaType":"application/x","digest":")" + digest + R"(","size":)" + size + more + "}";
}

std::string manifest_of(const std::string& config, const std::string& layers) {
  return R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" + config +
         R"(,"layers":[)" + layers + "]}";
}

const std::string kDigest = sha256("{}").text();

}  // namespace

TEST_CASE("CVE-2021-41190: a body that can be read as an index and as an image is refused") {
  const std::string both = R"({"schemaVersion":2,"manifests":[],"layers":[],"config":)" + descriptor(kDigest) + "}";
  for (const std::string_view type : {media_type::kOciManifest, media_type::kOciIndex, std::string_view()}) {
    CHECK(code_of([&] { (void)parse_manifest(both, type); }) == ErrorCode::Hostile);
  }
  const std::string image = manifest_of(descriptor(kDigest), "");
  CHECK(code_of([&] { (void)parse_manifest(image, media_type::kOciIndex); }) == ErrorCode::Hostile);
}

TEST_CASE("CVE-2021-41190: keys that occur twice are refused") {
  CHECK(code_of([] { (void)parse_manifest(R"({"schemaVersion":2,"manifests":[],"manifests":[]})", ""); }) ==
        ErrorCode::Hostile);
}

TEST_CASE("GHSA-qv35-3gw6-8q4j: a manifest requested by digest is refused if its bytes differ") {
  Rig rig;
  const std::string real = manifest_of(descriptor(kDigest), "");
  const Digest pinned = sha256(real);
  rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.path.find("/manifests/") == std::string::npos) return std::nullopt;
    return HttpReply{
        200,
        {{"Docker-Content-Digest", pinned.text()}, {"Content-Type", std::string(media_type::kOciManifest)}},
        real + " "};
  };
  CHECK(code_of([&] { (void)rig.repository().manifest(pinned.text()); }) == ErrorCode::Corrupt);
}

TEST_CASE("GHSA-f36w-mj3v-6jqv: a size in a descriptor reserves no memory") {
  const auto target = std::make_shared<MemoryTarget>();
  Descriptor blob = target->add_blob("{}", "application/x");
  blob.size = std::uint64_t{1} << 62;
  CachingSource source(target, std::make_shared<CacheBudget>(1 << 20));
  CHECK(code_of([&] { (void)source.read_blob(blob, limits::kConfigBytes, {}); }) == ErrorCode::Hostile);
  Rig rig;
  rig.registry.add_blob("team/app", "{}");
  StringSink sink(100);
  CHECK(code_of([&] { rig.repository().fetch(blob, sink, {}); }) == ErrorCode::Corrupt);
  for (const char* size : {"-1", "1e99", "9223372036854775808", "2.5", "\"2\""}) {
    const std::string manifest = manifest_of(descriptor(kDigest, size), "");
    CHECK(code_of([&] { (void)parse_manifest(manifest, ""); }) == ErrorCode::Hostile);
  }
}

TEST_CASE("CVE-2020-1702: reading a manifest stops at the size limit") {
  Rig rig;
  rig.answer_first(1, "GET", "/manifests/", {200, {}, std::string(limits::kManifestBytes + 1, ' ')});
  CHECK(code_of([&] { (void)rig.repository().manifest("v1"); }) == ErrorCode::Hostile);
}

TEST_CASE("CVE-2019-11253: YAML with aliases is refused at the first anchor") {
  std::string bomb = "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\na: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char name = 'b'; name < 'z'; ++name) {
    const std::string last(1, static_cast<char>(name - 1));
    bomb += std::string(1, name) + ": &" + name + " [*" + last;
    for (int i = 0; i < 8; ++i) bomb += ",*" + last;
    bomb += "]\n";
  }
  CHECK(code_of([&] { (void)ImagesLock::parse(bomb); }) == ErrorCode::Hostile);
  CHECK(code_of([&] { (void)BundleLock::parse(bomb); }) == ErrorCode::Hostile);
}

TEST_CASE("CVE-2024-3727: a malformed digest is refused before a path or URL is made of it") {
  const std::vector<std::string> bad{"sha256:../../../../etc/passwd",
                                     "../../etc/passwd",
                                     "sha256:",
                                     "sha256:" + std::string(63, 'a') + "/",
                                     "sha256:" + std::string(64, 'A'),
                                     "md5:" + std::string(32, 'a'),
                                     "sha256:" + std::string(64, 'a') + "?x"};
  for (const std::string& digest : bad) {
    CAPTURE(digest);
    CHECK_FALSE(Digest::try_parse(digest).has_value());
    const std::string manifest = manifest_of(descriptor(digest), "");
    CHECK(code_of([&] { (void)parse_manifest(manifest, ""); }) == ErrorCode::Hostile);
    const std::string index = R"({"schemaVersion":2,"manifests":[)" + descriptor(digest) + "]}";
    CHECK(code_of([&] { (void)parse_image_index(index, "index.json"); }) == ErrorCode::Hostile);
    const std::string lock =
        "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- image: reg.example/a@" + digest + "\n";
    CHECK_THROWS_AS((void)ImagesLock::parse(lock), Error);
  }
}

TEST_CASE("a descriptor's embedded data is never used instead of the blob") {
  const auto target = std::make_shared<MemoryTarget>();
  const Descriptor real = target->add_blob("real", "application/x");
  const auto parsed = parse_manifest(
      manifest_of(descriptor(kDigest), descriptor(real.digest.text(), "4", R"(,"data":"ZXZpbA==")")), "");
  CachingSource source(target, std::make_shared<CacheBudget>(1 << 20));
  CHECK(source.read_blob(std::get<Manifest>(parsed).layers.front(), 100, {}) == "real");
}

TEST_CASE("oras-go#1215: a list of referrers that leads to itself is an error, not a loop") {
  Rig rig;
  rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.path.find("/referrers/") == std::string::npos) return std::nullopt;
    return HttpReply{200,
                     {{"Content-Type", std::string(media_type::kOciIndex)},
                      {"Link", "<" + request.path + "?page=again>; rel=\"next\""}},
                     R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]})"};
  };
  CHECK_THROWS_AS((void)rig.repository().referrers(sha256("subject")), Error);
  CHECK(rig.transport->lines().size() < 10);
}
