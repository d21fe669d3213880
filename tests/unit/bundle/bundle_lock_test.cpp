#include <doctest/doctest.h>

#include <string>

#include "base/fd.hpp"
#include "bundle/bundle.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

const std::string kFixtures = std::string(FIXTURES) + "/imgpkg/";
const std::string kHeader = "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: BundleLock\n";
const std::string kImage = "localhost:5000/app@sha256:" + std::string(64, 'a');

std::string fixture(const std::string& name) { return read_file(kFixtures + name, 1 << 20); }

std::string refusal(const std::string& yaml) {
  try {
    (void)BundleLock::parse(yaml);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Hostile);
    return error.message();
  }
  FAIL("was accepted: " << yaml);
  return {};
}

}  // namespace

TEST_CASE("a bundle lock that imgpkg wrote is read and written again with the same bytes") {
  for (const char* name : {"bundle-lock-from-push.yml", "copy-lock-output-lo3.yml", "copy-lock-output-lo6.yml"}) {
    INFO(std::string(name));
    const std::string yaml = fixture(std::string("locks/") + name);
    CHECK(BundleLock::parse(yaml).to_yaml() == yaml);
  }
  const BundleLock lock = BundleLock::parse(fixture("locks/copy-lock-output-lo6.yml"));
  CHECK(lock.tag == "relv2");
  CHECK(to_string(lock.image.name) == "localhost:5601/ci/bl");
}

TEST_CASE("a bundle lock's tag is optional, and text even if it looks like a number") {
  const auto tag = [](const std::string& line) {
    return BundleLock::parse(kHeader + "bundle:\n  image: " + kImage + "\n" + line).tag;
  };
  CHECK_FALSE(tag(""));
  CHECK_FALSE(tag("  tag: \"\"\n"));
  CHECK(tag("  tag: 12\n") == "12");
  const BundleLock lock{parse_digest_reference(kImage), "1.0"};
  CHECK(lock.to_yaml().find("\n  tag: \"1.0\"\n") != std::string::npos);
  CHECK(BundleLock::parse(lock.to_yaml()) == lock);
}

TEST_CASE("a bundle lock that says too little, too much or something else is refused") {
  CHECK(refusal("") ==
        "Validating bundle lock: Validating apiVersion: Unknown version (known: imgpkg.carvel.dev/v1alpha1)");
  CHECK(refusal("apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\n") ==
        "Validating bundle lock: Validating kind: Unknown kind (known: BundleLock)");
  CHECK(refusal(kHeader) == "Validating bundle lock: Expected ref to be in digest form, got ''");
  CHECK(refusal(kHeader + "bundle: {image: \"a:v1\"}") ==
        "Validating bundle lock: Expected ref to be in digest form, got 'a:v1'");
  CHECK(refusal(kHeader + "bundle: {image: a, size: 1}") == "Unmarshaling bundle lock: bundle: unknown field \"size\"");
  CHECK(refusal(kHeader + "images: []") == "Unmarshaling bundle lock: unknown field \"images\"");
  CHECK(refusal(kHeader + "bundle: text") == "Unmarshaling bundle lock: bundle: expected a mapping");
}

TEST_CASE("an image is a bundle if its configuration has the label, whatever its value") {
  CHECK(is_bundle_config(parse_image_config(fixture("bundle-outer/config.json"))));
  CHECK_FALSE(is_bundle_config(parse_image_config(fixture("image-plain-push/config.json"))));
  CHECK(is_bundle_config({{}, {{std::string(kBundleLabel), ""}}}));
  CHECK_FALSE(is_bundle_config({{}, {{"dev.carvel.imgpkg", "true"}}}));
}
