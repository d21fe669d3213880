#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/ferry.hpp"
#include "quirks.hpp"
#include "stage.hpp"
#include "stream/sha256.hpp"
#include "support/fake_registry.hpp"
#include "support/process.hpp"

// Signed images and images of OCI types on their way into and out of registries that have ways of their own with them.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A signed image with a referrer, in a registry and in an archive; and a proxy before the same registry.
struct Scene {
  RegistryServer registry;
  FaultProxy proxy{registry};
  TempDirectory directory = temp_directory();
  Context context{.registry = quick_options()};
  Reference image;
  Digest signature = sha256("");
  Digest referrer = sha256("");

  Scene() {
    const Image plain = make_image();
    image = push_image(registry, "src/app", plain, "v1");
    const LayerRecipe layer{.seed = 7,
                            .compression = LayerCompression::None,
                            .media_type = "application/vnd.dev.cosign.simplesigning.v1+json"};
    signature =
        *push_image(registry, "src/app", make_image({.layers = {layer}}), attachment_tag(*image.digest, "sig")).digest;
    Json body = Json::parse(plain.manifests.back().bytes, "manifest");
    Json::Object members = *body.as_object();
    members.emplace_back("subject", Json::Object{{"mediaType", plain.descriptor.media_type},
                                                 {"digest", image.digest->text()},
                                                 {"size", plain.descriptor.size}});
    const std::string bytes = Json(std::move(members)).dump();
    referrer = sha256(bytes);
    put("manifests/" + referrer.text(), media_type::kOciManifest, bytes);
    const std::string list =
        Json(Json::Object{{"schemaVersion", 2},
                          {"mediaType", media_type::kOciIndex},
                          {"manifests", Json::Array{Json::Object{{"mediaType", media_type::kOciManifest},
                                                                 {"digest", referrer.text()},
                                                                 {"size", bytes.size()}}}}})
            .dump();
    put("manifests/" + referrers_tag(*image.digest), media_type::kOciIndex, list);
  }

  void put(const std::string& path, std::string_view type, const std::string& body) const {
    const HttpAnswer answer = registry.request("PUT", "/v2/src/app/" + path, {text::cat("Content-Type: ", type)}, body);
    REQUIRE(answer.status == 201);
  }
  [[nodiscard]] std::string archive() const { return (directory.path() / "a.tar").string(); }
  void export_from(const std::string& host, Referrers which = Referrers::All) const {
    const SourceArgument source{SourceArgument::Kind::Image, text::cat(host, "/src/app:v1")};
    static_cast<void>(
        export_archive({.sources = {source}, .gather = {.referrers = which}, .archive = archive()}, context));
  }
  TransferReport import_to(const std::string& repository) const {
    return import_archive({.archives = {archive()}, .relocate = {.to = {proxy.host(), repository}}}, context);
  }
  [[nodiscard]] std::set<std::string> listed_at(const std::string& repository) const {
    const HttpAnswer answer =
        registry.request("GET", text::cat("/v2/", repository, "/manifests/", referrers_tag(*image.digest)),
                         {text::cat("Accept: ", media_type::kOciIndex)});
    std::set<std::string> digests;
    for (const Descriptor& one : parse_image_index(answer.body, "list").manifests) digests.insert(one.digest.text());
    return digests;
  }
};

}  // namespace

TEST_CASE("Harbor: under a policy that blocks unsigned images, a signed one is imported and another refused") {
  if (lacks({"docker-registry"})) return;
  Scene scene;
  scene.export_from(scene.registry.host());
  scene.proxy.use(quirks::signed_only(scene.registry));
  // The referrer is no signature and has none: nobody may read it there.
  try {
    scene.import_to("signed/app");
    FAIL("did not fail");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Denied);
    CHECK(error.message().find("PROJECTPOLICYVIOLATION: The image is not signed by cosign.") != std::string::npos);
    CHECK(error.hint_text().find("signed or scanned") != std::string::npos);
  }
  scene.export_from(scene.registry.host(), Referrers::CosignSignatures);
  CHECK(scene.import_to("signed/two").manifests_written > 0);
  CHECK(scene.import_to("signed/two").manifests_written == 0);
}

TEST_CASE("GitLab: the subject itself at the tag of the list is not a list") {
  if (lacks({"docker-registry"})) return;
  Scene scene;
  scene.export_from(scene.registry.host());
  scene.proxy.use(quirks::dashed_digests(scene.registry));
  scene.import_to("dashed/app");
  CHECK(scene.listed_at("dashed/app") == std::set{scene.referrer.text()});
  scene.export_from(scene.proxy.host());
}

TEST_CASE("Nexus: a manifest's bytes decide its type, even if it comes as Docker's or as JSON") {
  if (lacks({"docker-registry"})) return;
  Scene scene;
  for (const std::string& type : {std::string(media_type::kDockerManifest), std::string("application/json")}) {
    CAPTURE(type);
    scene.proxy.use(quirks::wrong_content_types(type));
    scene.export_from(scene.proxy.host());
    scene.proxy.use({});
    scene.import_to(text::cat("typed/", type == "application/json" ? "json" : "docker"));
  }
}

TEST_CASE("lagging replicas are waited for, and nothing is put twice") {
  if (lacks({"docker-registry"})) return;
  Scene scene;
  scene.export_from(scene.registry.host(), Referrers::CosignSignatures);
  scene.proxy.use(quirks::replicas_behind());
  scene.import_to("behind/app");
  const auto all = scene.proxy.transcript();
  std::map<std::string, int> puts;
  for (const Exchange& one : all) {
    if (is(one, "PUT", "/manifests/")) ++puts[one.request.path];
  }
  CHECK(std::ranges::any_of(all, [](const Exchange& one) { return one.status == 404 && one.faulty; }));
  CHECK(std::ranges::all_of(puts, [](const auto& one) { return one.second == 1; }));
}
