#include <doctest/doctest.h>

#include <algorithm>

#include "bundle/bundle.hpp"
#include "imgpkg_images.hpp"
#include "oci/json.hpp"
#include "oci/tag_names.hpp"
#include "rows.hpp"
#include "support/contains.hpp"
#include "support/fault_proxy.hpp"
#include "support/golden.hpp"
#include "support/temp.hpp"

// What describe shows, compared with what imgpkg printed about the same bundle.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// Where imgpkg's registry was when the fixtures were made.
const std::string kImgpkgHost = "localhost:5601";

std::string with_host(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// The registry of the fixtures, with what imgpkg copied in art/dst.
struct Copied {
  World world;
  Copied() { push_imgpkg_copy(world.inside, "art/dst"); }

  /// What `describe` prints with these options, as if the registry were at imgpkg's place.
  std::string describe(const Words& options) {
    Words arguments = {"describe", "-b", world.inside_repo("art/dst") + ":v1"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return with_host(world.succeed(arguments), world.inside.host(), kImgpkgHost);
  }
};

/// The items of a description: imgpkg's have no order of their own.
std::vector<std::string> items_of(const std::string& text, const std::string& indent) {
  const std::string begin = "\n" + indent + "- Image: ";
  std::vector<std::string> items;
  for (auto at = text.find(begin); at != std::string::npos;) {
    const auto next = text.find(begin, at + 1);
    items.push_back(text.substr(at + 1, std::min(next, text.size() - 1) - at - 1));
    at = next;
  }
  std::ranges::sort(items);
  return items;
}

std::string fixture(const std::string& name) {
  return read_text(std::filesystem::path(FIXTURES) / "imgpkg/describe" / name);
}

std::filesystem::path describe_golden(const std::string& name) {
  return std::filesystem::path(FIXTURES) / "golden/describe" / name;
}

/// An image with cosign's tag for `signed_image`, in the same repository.
Reference push_signature(const RegistryServer& registry, const Reference& signed_image) {
  return push_image(registry, signed_image.name.repository, make_image({.layers = {{.size = 100, .seed = 77}}}),
                    attachment_tag(*signed_image.digest, "sig"));
}

}  // namespace

TEST_CASE("describe -o yaml is imgpkg's, byte for byte") {
  if (lacks({"docker-registry"})) return;
  Copied copied;
  CHECK(copied.describe({"-o", "yaml"}) == fixture("outer.yaml"));
  CHECK(copied.describe({"--output-type=yaml", "--concurrency", "1"}) == fixture("outer.yaml"));
}

TEST_CASE("describe prints imgpkg's text, with the items in the order of the lock file") {
  if (lacks({"docker-registry"})) return;
  Copied copied;
  const std::string text = copied.describe({});
  const std::string theirs = fixture("outer.txt");
  CHECK(items_of(text, "  ").size() == 5);
  CHECK(items_of(text, "  ") == items_of(theirs, "  "));
  CHECK(text.substr(0, text.find("  - ")) == theirs.substr(0, theirs.find("  - ")));
  check_golden(describe_golden("outer.txt"), text);
  CHECK(copied.describe({"-o", "text", "--cosign-artifacts", "--layers=true"}) == text);
}

TEST_CASE("describe --json gives the tree; as imgpkg the text's lines, or the YAML after its digest, as blocks") {
  if (lacks({"docker-registry"})) return;
  Copied copied;
  check_golden(describe_golden("outer-own.json"), copied.describe({"--json"}));
  const auto as_imgpkg = [&](const Words& more) {
    Words words = {"describe", "-b", copied.world.inside_repo("art/dst") + ":v1", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return with_host(run_as(Name::Imgpkg, copied.world, words).out, copied.world.inside.host(), kImgpkgHost);
  };
  check_golden(describe_golden("outer.json"), as_imgpkg({}) + "\n");
  const Json json = Json::parse(as_imgpkg({"-o", "yaml"}), "describe --json");
  const Json::Array& blocks = *json.find("Blocks")->as_array();
  REQUIRE(blocks.size() == 2);
  CHECK(*blocks[0].as_string() + *blocks[1].as_string() == fixture("outer.yaml"));
}

TEST_CASE("describe sends requests only to the registry that has everything, and none for images' layers") {
  if (lacks({"docker-registry"})) return;
  Copied copied;
  copied.world.inside.forget_requests();
  copied.describe({});
  const auto requests = copied.world.inside.requests();
  CHECK(writes(copied.world.inside).empty());
  for (const Descriptor& layer : layers_of(imgpkg_image("image-simple-app-docker"))) {
    CHECK(std::ranges::none_of(requests, [&](const auto& one) { return contains(one.path, layer.digest.text()); }));
  }
}

TEST_CASE("describe without layers or signatures shows and asks for none") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  push_signature(world.outside, app);
  world.push_bundle("bundles/one", {app});
  const std::string reference = world.outside_ref("bundles/one");
  CHECK(contains(world.succeed({"describe", "-b", reference}), "Digest: "));
  world.outside.forget_requests();
  const std::string bare =
      world.succeed({"describe", "-b", reference, "--layers=false", "--cosign-artifacts=false", "-o", "yaml"});
  CHECK_FALSE(contains(bare, "layers:"));
  CHECK_FALSE(contains(bare, "Signature"));
  const auto requests = world.outside.requests();
  CHECK(std::ranges::none_of(requests, [](const LoggedRequest& one) { return one.path.ends_with(".sig"); }));
}

TEST_CASE("describe shows the signatures of a bundle and of its images, wherever those are") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  const Reference bundle = world.push_bundle("bundles/one", {app});
  const Reference of_app = push_signature(world.outside, app);
  push_signature(world.outside, bundle);
  const std::string text = world.succeed({"describe", "-b", world.outside_ref("bundles/one")});
  for (const Reference& signed_image : {app, bundle}) {
    CHECK(contains(text, "  - Image: " + to_string(signed_image.name) + "@" + of_app.digest->text() +
                             "\n    Type: Signature\n    Layers:\n"));
    CHECK(contains(text, "      tag: " + attachment_tag(*signed_image.digest, "sig") + "\n"));
  }
}

TEST_CASE("describe leaves out signatures that it may not read, and fails if the registry does") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  world.push_bundle("apps/app", {app});
  push_signature(world.outside, app);
  const auto describe = [&](int status) {
    const FaultProxy front(world.outside, [status](const HttpRequest& request) -> std::optional<HttpReply> {
      if (status == 200 || !request.path.ends_with(".sig")) return std::nullopt;
      return HttpReply{.status = status};
    });
    return world.ociferry.run({"describe", "-b", front.host() + "/apps/app:v1", "--registry-retry-count", "0"});
  };
  CHECK(contains(describe(200).out, "Type: Signature"));
  for (const int status : {401, 403, 404}) {
    const Outcome outcome = describe(status);
    CAPTURE(status);
    CHECK(outcome.exit_code == 0);
    CHECK(contains(outcome.out, app.digest->text()));
    CHECK_FALSE(contains(outcome.out, "Type: Signature"));
  }
  CHECK(describe(503).exit_code == 23);
}

TEST_CASE("describe prints annotations escaped, so that none can pass for other output") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  world.write_bundle("files", {});
  write_text(world.path("files/.imgpkg/images.yml"),
             "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- image: " +
                 to_string(Reference{app.name, {}, app.digest}) +
                 "\n  annotations:\n    sale: 50% off %s %n\n    forged: \"x\\n    Type: Internal\\e[2J\"\n");
  const std::string reference = world.outside_ref("bundles/odd");
  world.succeed({"push", "-b", reference, "-f", "files"});
  const std::string text = world.succeed({"describe", "-b", reference});
  CHECK(contains(text, "      forged: x\\u{a}    Type: Internal\\u{1b}[2J\n      sale: 50% off %s %n\n"));
  const std::string yaml = world.succeed({"describe", "-b", reference, "-o", "yaml"});
  CHECK(contains(yaml, "        forged: \"x\\n    Type: Internal\\e[2J\"\n        sale: 50% off %s %n\n"));
}

TEST_CASE("describe reads bundles of every make, by tag or digest, relocated or not") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  const Reference multi =
      push_image(world.outside, "apps/multi", make_index({make_image({.platform = {"linux", "arm64", "", ""}})}), "v1");
  const Reference bundle = world.push_bundle("bundles/one", {app, multi});
  const std::string by_tag = world.succeed({"describe", "-b", world.outside_ref("bundles/one"), "-o", "yaml"});
  CHECK(by_tag == world.succeed({"describe", "--bundle", to_string(bundle), "-o", "yaml"}));
  CHECK(contains(by_tag, "    image: " + to_string(Reference{multi.name, {}, multi.digest}) +
                             "\n      imageType: Image\n      origin: "));

  world.succeed({"copy", "-b", world.outside_ref("bundles/one"), "--to-repo", world.inside_repo("dest")});
  world.outside.stop();
  const std::string moved = world.succeed({"describe", "-b", world.inside_repo("dest") + ":v1", "-o", "yaml"});
  CHECK(contains(moved, "image: " + world.inside_repo("dest") + "@" + app.digest->text()));
  CHECK(contains(moved, "origin: " + to_string(Reference{app.name, {}, app.digest})));
  CHECK(contains(moved, "imageType: Internal"));
}

TEST_CASE("describe refuses wrong arguments, and says what is missing") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  const Reference gone{app.name, {}, Digest::parse("sha256:" + std::string(64, '0'))};
  world.push_bundle("bundles/broken", {app, gone});
  const std::string broken = world.outside_ref("bundles/broken");
  struct Row {
    Words arguments;
    int exit_code;
    std::string says;
  };
  for (const Row& row :
       {Row{{"describe"}, 1, "--bundle"}, Row{{"describe", "-b", ""}, 1, "--bundle"},
        Row{{"describe", "-b", broken, "-o", "json"}, 1, "can only have the following values [text, yaml]"},
        Row{{"describe", "-b", broken, "--concurrency", "0"}, 1, "at least 1"},
        Row{{"describe", "-b", "http://" + broken}, 1, "Error: "},
        Row{{"describe", "-b", world.outside_ref("apps/app")}, 1, "Only bundles can be described, and "},
        Row{{"describe", "-b", world.outside_ref("apps/none")}, 22, "MANIFEST_UNKNOWN"},
        Row{{"describe", "-b", broken}, 22, "describing " + to_string(gone)}}) {
    CAPTURE(row.says);
    CHECK(contains(world.fail(row.exit_code, row.arguments), row.says));
  }
}
