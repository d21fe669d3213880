#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "rows.hpp"
#include "stream/sha256.hpp"
#include "support/fault_proxy.hpp"
#include "support/temp.hpp"

// Signatures, attestations and bills of materials: what is attached to images goes where they go, and is found there.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kSpdx = "application/spdx+json";

/// A registry without the referrers API needs the list at a tag: whoever attaches keeps it.
Image make_list(const std::vector<Image>& referrers) { return make_index(referrers); }

HttpAnswer get(const RegistryServer& registry, const std::string& repository, const std::string& selector) {
  return registry.request(
      "GET", "/v2/" + repository + "/manifests/" + selector,
      {"Accept: " + std::string(media_type::kOciManifest), "Accept: " + std::string(media_type::kOciIndex)});
}

/// The digests in the list at a subject's tag.
std::vector<std::string> listed(const RegistryServer& registry, const std::string& repository, const Digest& subject) {
  const HttpAnswer answer = get(registry, repository, referrers_tag(subject));
  std::vector<std::string> digests;
  if (answer.status != 200) return digests;
  const Json body = Json::parse(answer.body, "the list");
  for (const Json& entry : *body.find("manifests")->as_array()) digests.push_back(entry.string_at("digest"));
  return digests;
}

/// A bundle with an index, and something attached in each of the ways that there are.
struct AttachedCargo {
  Image child = make_image({.layers = {{.size = 3000, .seed = 5}}});
  Image other = make_image({.platform = {"linux", "arm64", "", ""}});
  Image index = make_index({child, other});
  Image signature = make_signature();
  Image attestation = make_artifact("application/vnd.in-toto+json", "attestation");
  Image sbom_by_tag = make_artifact(kSpdx, "sbom by tag");
  Image sbom = make_artifact(kSpdx, "sbom", index.descriptor);
  Image sbom_of_child = make_artifact(kSpdx, "sbom of child", child.descriptor);
  Image signature_of_sbom = make_artifact("application/vnd.cncf.notary.signature", "signature", sbom.descriptor);
  Reference bundle;

  explicit AttachedCargo(World& world) {
    const Reference app = push_image(world.outside, "apps/multi", index, "v1");
    bundle = world.push_bundle("bundles/b", {app});
    push_tagged(world, "apps/multi", signature, *app.digest, "sig");
    push_tagged(world, "apps/multi", attestation, child.descriptor.digest, "att");
    push_tagged(world, "apps/multi", sbom_by_tag, *app.digest, "sbom");
    push_tagged(world, "bundles/b", signature, *bundle.digest, "sig");
    push_listed(world, index, sbom);
    push_listed(world, child, sbom_of_child);
    push_listed(world, sbom, signature_of_sbom);
  }

  static void push_tagged(World& world, const std::string& repository, const Image& image, const Digest& subject,
                          const std::string& suffix) {
    push_image(world.outside, repository, image, attachment_tag(subject, suffix));
  }
  static void push_listed(World& world, const Image& subject, const Image& referrer) {
    push_image(world.outside, "apps/multi", make_list({referrer}), referrers_tag(subject.descriptor.digest));
  }

  /// All of it is in `repository` with the bytes it had.
  void check_arrived(const RegistryServer& registry, const std::string& repository) const {
    const auto has = [&](const std::string& selector, const Image& image) {
      return get(registry, repository, selector).body == image.manifests.back().bytes;
    };
    CHECK(has(attachment_tag(index.descriptor.digest, "sig"), signature));
    CHECK(has(attachment_tag(*bundle.digest, "sig"), signature));
    CHECK(has(attachment_tag(child.descriptor.digest, "att"), attestation));
    CHECK(has(attachment_tag(index.descriptor.digest, "sbom"), sbom_by_tag));
    for (const auto& [subject, referrer] :
         {std::pair(&index, &sbom), std::pair(&child, &sbom_of_child), std::pair(&sbom, &signature_of_sbom)}) {
      CHECK(listed(registry, repository, subject->descriptor.digest) ==
            std::vector{referrer->descriptor.digest.text()});
      CHECK(has(referrer->descriptor.digest.text(), *referrer));
    }
  }
};

}  // namespace

TEST_CASE("artifacts attached to images, children of indexes and bundles are exported, imported and listed again") {
  if (lacks({"docker-registry"})) return;
  World world;
  const AttachedCargo cargo(world);
  const std::string exported = world.succeed({"export", "-b", world.outside_ref("bundles/b"), "-o", "a.tar"});
  CHECK(exported.find("8 images (1 bundle, 6 referrers)") != std::string::npos);
  world.outside.stop();
  CHECK(world.succeed({"verify", "a.tar"}).find("6 referrers") != std::string::npos);

  const Words import = {"import", "a.tar", "--to-repo", world.inside_repo("all")};
  CHECK(world.succeed(import).find("8 images (1 bundle, 6 referrers)") != std::string::npos);
  cargo.check_arrived(world.inside, "all");
  world.inside.forget_requests();
  CHECK(world.succeed(import).find("Nothing to do") != std::string::npos);
  CHECK(writes(world.inside).empty());
}

TEST_CASE("inspect shows attached artifacts below their subjects") {
  if (lacks({"docker-registry"})) return;
  World world;
  const AttachedCargo cargo(world);
  world.succeed({"export", "-b", world.outside_ref("bundles/b"), "-o", "a.tar"});
  const std::string text = world.succeed({"inspect", "a.tar"});
  CHECK(text.find("8 images (1 bundle, 6 referrers)") != std::string::npos);
  const std::string multi = world.outside.host() + "/apps/multi@";
  CHECK(text.find("\n  index " + multi) != std::string::npos);
  CHECK(text.find("\n    sbom " + multi + cargo.sbom.descriptor.digest.text()) != std::string::npos);
  CHECK(text.find("\n      signature " + multi + cargo.signature_of_sbom.descriptor.digest.text()) !=
        std::string::npos);
  CHECK(text.find(" of " + cargo.child.descriptor.digest.text()) != std::string::npos);
  const Json json = Json::parse(world.succeed({"inspect", "a.tar", "--json"}), "inspect");
  std::size_t referrers = 0;
  for (const Json& image : *json.find("images")->as_array()) {
    if (*image.find("referrer")->as_bool()) ++referrers;
    if (image.string_at("digest") != cargo.signature.descriptor.digest.text()) continue;
    CHECK(image.string_at("kind") == "signature");
    CHECK(image.find("subjects")->as_array()->size() == 2);
  }
  CHECK(referrers == 6);
}

TEST_CASE("export and copy leave referrers out with --with-referrers=false, and if called as imgpkg") {
  if (lacks({"docker-registry"})) return;
  World world;
  const AttachedCargo cargo(world);
  world.succeed({"export", "-b", world.outside_ref("bundles/b"), "-o", "a.tar", "--with-referrers=false"});
  CHECK(world.succeed({"inspect", "a.tar"}).find("2 images (1 bundle)") != std::string::npos);
  const Words copy = {"copy", "-b", world.outside_ref("bundles/b"), "--to-repo"};
  const auto has_none = [&](const std::string& repository) {
    const auto tags = World::tags(world.inside, repository);
    CHECK_FALSE(tags.empty());
    for (const std::string& tag : tags) CHECK_FALSE(attachment_subject(tag));
  };
  Words without = copy;
  without.insert(without.end(), {world.inside_repo("plain"), "--with-referrers=false"});
  CHECK(world.succeed(without).find("referrer") == std::string::npos);
  has_none("plain");
  Words as_imgpkg = copy;
  as_imgpkg.push_back(world.inside_repo("imgpkg"));
  world.outside.forget_requests();
  const Outcome outcome = run_as(Name::Imgpkg, world, as_imgpkg);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.empty());
  has_none("imgpkg");
  for (const LoggedRequest& request : world.outside.requests()) {
    CHECK(request.path.find("tags/list") == std::string::npos);
    CHECK(request.path.find(".sig") == std::string::npos);
    CHECK(request.path.find("referrers") == std::string::npos);
  }
}

TEST_CASE("copy takes all attached artifacts to a repository and to a file, or cosign signatures only") {
  if (lacks({"docker-registry"})) return;
  World world;
  const AttachedCargo cargo(world);
  const std::string bundle = world.outside_ref("bundles/b");
  world.succeed({"copy", "-b", bundle, "--to-repo", world.inside_repo("all")});
  cargo.check_arrived(world.inside, "all");
  world.succeed({"copy", "-b", bundle, "--to-tar", "a.tar"});
  world.succeed({"copy", "--tar", "a.tar", "--to-repo", world.inside_repo("from-tar")});
  cargo.check_arrived(world.inside, "from-tar");
  world.succeed({"copy", "-b", bundle, "--to-repo", world.inside_repo("signed"), "--cosign-signatures",
                 "--with-referrers=false"});
  std::vector<std::string> attached;
  std::ranges::copy_if(World::tags(world.inside, "signed"), std::back_inserter(attached),
                       [](const std::string& tag) { return attachment_subject(tag).has_value(); });
  std::vector<std::string> expected = {attachment_tag(cargo.index.descriptor.digest, "sig"),
                                       attachment_tag(*cargo.bundle.digest, "sig")};
  std::ranges::sort(expected);
  CHECK(attached == expected);
}

TEST_CASE("a single image with a subject is listed as attached to it, beside what others attached") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Image image = make_image();
  const Image sbom = make_artifact(kSpdx, "sbom", image.descriptor);
  const Image theirs = make_artifact(kSpdx, "theirs", image.descriptor);
  push_image(world.outside, "sboms", sbom, "v1");
  push_image(world.inside, "all", image, "v1");
  push_image(world.inside, "all", make_list({theirs}), referrers_tag(image.descriptor.digest));
  const Words copy = {"copy", "-i", world.outside_ref("sboms"), "--to-repo", world.inside_repo("all")};
  world.succeed(copy);
  std::vector<std::string> expected = {sbom.descriptor.digest.text(), theirs.descriptor.digest.text()};
  std::ranges::sort(expected);
  CHECK(listed(world.inside, "all", image.descriptor.digest) == expected);
  world.inside.forget_requests();
  world.succeed(copy);
  CHECK(writes(world.inside).empty());
}

TEST_CASE("a registry that denies access to signatures is one warning, and one that fails is an error") {
  if (lacks({"docker-registry"})) return;
  World world;
  const AttachedCargo cargo(world);
  std::atomic<int> status = 403;
  const FaultProxy front(world.outside, [&](const HttpRequest& request) -> std::optional<HttpReply> {
    const bool is_attached = request.path.find(".s") != std::string::npos || request.path.ends_with(".att") ||
                             request.path.ends_with("/tags/list") ||
                             request.path.find("/referrers/") != std::string::npos;
    if (!is_attached) return std::nullopt;
    return HttpReply{status};
  });
  const std::string image = front.host() + "/apps/multi:v1";
  const Words copy = {
      "copy", "-i", image, "--to-repo", world.inside_repo("all"), "--cosign-signatures", "--registry-retry-count", "0"};
  for (const int refusal : {401, 403}) {
    status = refusal;
    const Outcome outcome = world.ociferry.run(copy, {});
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.find("Warning: ") != std::string::npos);
    CHECK(outcome.err.find("signatures") == outcome.err.rfind("signatures and other attachments"));
  }
  status = 503;
  world.fail(23, copy);
}
