#include <doctest/doctest.h>

#include <string>

#include "base/text.hpp"
#include "bundle/bundle.hpp"
#include "lock_checks.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kBundleLockHeader = "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: BundleLock\n";
const std::string kLockedBundle = "localhost:5000/app@sha256:" + std::string(64, 'a');

std::string bundle_lock_refusal(const std::string& yaml) {
  return refusal_by([&] { static_cast<void>(BundleLock::parse(yaml)); });
}

}  // namespace

TEST_CASE("a bundle lock that imgpkg wrote is read and written again with the same bytes") {
  for (const char* name : {"bundle-lock-from-push.yml", "copy-lock-output-lo3.yml", "copy-lock-output-lo6.yml"}) {
    INFO(std::string(name));
    const std::string yaml = imgpkg_fixture(std::string("locks/") + name);
    CHECK(BundleLock::parse(yaml).to_yaml() == yaml);
  }
  const BundleLock lock = BundleLock::parse(imgpkg_fixture("locks/copy-lock-output-lo6.yml"));
  CHECK(lock.tag == "relv2");
  CHECK(to_string(lock.image.name) == "localhost:5601/ci/bl");
}

TEST_CASE("a bundle lock's tag is optional, and text even if it looks like a number") {
  const auto tag = [](const std::string& line) {
    return BundleLock::parse(kBundleLockHeader + "bundle:\n  image: " + kLockedBundle + "\n" + line).tag;
  };
  CHECK_FALSE(tag(""));
  CHECK_FALSE(tag("  tag: \"\"\n"));
  CHECK(tag("  tag: 12\n") == "12");
  const BundleLock lock{parse_digest_reference(kLockedBundle), "1.0"};
  CHECK(lock.to_yaml().find("\n  tag: \"1.0\"\n") != std::string::npos);
  CHECK(BundleLock::parse(lock.to_yaml()) == lock);
}

TEST_CASE("a bundle lock with missing, unknown or wrong fields is refused") {
  CHECK(bundle_lock_refusal("") ==
        "Validating bundle lock: Validating apiVersion: Unknown version (known: imgpkg.carvel.dev/v1alpha1)");
  CHECK(bundle_lock_refusal("apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\n") ==
        "Validating bundle lock: Validating kind: Unknown kind (known: BundleLock)");
  CHECK(bundle_lock_refusal(kBundleLockHeader) == "Validating bundle lock: Expected ref to be in digest form, got ''");
  CHECK(bundle_lock_refusal(kBundleLockHeader + "bundle: {image: \"a:v1\"}") ==
        "Validating bundle lock: Expected ref to be in digest form, got 'a:v1'");
  CHECK(bundle_lock_refusal(kBundleLockHeader + "bundle: {image: a, size: 1}") ==
        "Unmarshaling bundle lock: bundle: unknown field \"size\"");
  CHECK(bundle_lock_refusal(kBundleLockHeader + "images: []") == "Unmarshaling bundle lock: unknown field \"images\"");
  CHECK(bundle_lock_refusal(kBundleLockHeader + "bundle: text") ==
        "Unmarshaling bundle lock: bundle: expected a mapping");
}

TEST_CASE("an image is a bundle if its configuration has the label, with any value") {
  CHECK(is_bundle_config(imgpkg_fixture("bundle-outer/config.json")));
  CHECK_FALSE(is_bundle_config(imgpkg_fixture("image-plain-push/config.json")));
  CHECK(is_bundle_config(R"({"config":{"Labels":{"dev.carvel.imgpkg.bundle":""}}})"));
  CHECK_FALSE(is_bundle_config(R"({"config":{"Labels":{"dev.carvel.imgpkg":"true"}}})"));
  // Found before parsing, but not where labels are; or hidden from who does not parse.
  CHECK_FALSE(is_bundle_config(R"({"history":[{"created_by":"dev.carvel.imgpkg.bundle"}]})"));
  CHECK_FALSE(is_bundle_config(R"({"config":{"Labels":{"dev.carvel.imgpkg.bundle":"")"));
  CHECK_FALSE(is_bundle_config(R"({"created_by":"a \u0026\u0026 b \u00)"));
  for (const std::string_view key : {R"(\u0064ev.carvel.imgpkg.bundle)", R"(dev\u002ecarvel.imgpkg.bundle)",
                                     R"(dev\u002Ecarvel.imgpkg.bundle)", R"(dev.ca\u0072vel.imgpkg.bundle)"}) {
    CHECK(is_bundle_config(text::cat(R"({"config":{"Labels":{")", key, R"(":"true"}}})")));
  }
}
