#include "ferry/set/image_names.hpp"

#include <doctest/doctest.h>

#include "ferry/set/removal.hpp"
#include "sample_bundles.hpp"
#include "support/contains.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// The nested sample, and an image with two tags.
struct NamedSample {
  SampleWorld world = {};
  Reference image = world.image(kApps, "a");
  Reference inner = world.bundle("r.example/inner", {image});
  Reference tool = world.image("r.example:5000/tools/tool", "tool");
  ImageSet set = discover({root_of(inner, SourceArgument::Kind::Bundle, "v1"), root_of(tool, kImage, "v1"),
                           root_of(tool, kImage, "cafe12")},
                          world.opener(), {}, {});

  [[nodiscard]] Digest meant(std::string_view text) const { return image_meant(set, text).digest(); }
  [[nodiscard]] std::string refusal(std::string_view text) const {
    try {
      static_cast<void>(meant(text));
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Usage);
      return error.message() + "\n" + error.hint_text();
    }
    return "";
  }
};

}  // namespace

TEST_CASE("an image is found by its reference, tag or digest, or by an unambiguous part of these") {
  const NamedSample sample;
  const std::string digest = sample.tool.digest->text();
  for (const std::string& text :
       {std::string("r.example:5000/tools/tool"), std::string("r.example:5000/tools/tool:v1"),
        "r.example:5000/tools/tool@" + digest, digest, digest.substr(0, 15), digest.substr(7, 4), std::string("cafe12"),
        std::string("tool"), std::string("tools/tool:v1"), "tool@" + digest.substr(0, 12)}) {
    INFO(text);
    CHECK(sample.meant(text) == *sample.tool.digest);
  }
  CHECK(sample.meant("apps/a") == *sample.image.digest);
  CHECK(sample.meant("inner") == *sample.inner.digest);
}

TEST_CASE("a name that matches none or several is refused with the existing names") {
  const NamedSample sample;
  CHECK(contains(sample.refusal("v1"), "'v1' is several images:\n  - "));
  CHECK(contains(sample.refusal("toool:v1"), "did you mean 'r.example:5000/tools/tool:v1'?"));
  CHECK(contains(sample.refusal("inn"), "did you mean 'r.example/inner:v1'?"));
  CHECK(contains(sample.refusal("ool"), "the archive has no 'ool'"));
  for (const char* text : {"", "tool:v2", "other/tool", "sha256:", "sha256:0", "tool@", "tool@sha256:", ":v1", "/", "@",
                           "localhost/x", "abc"}) {
    INFO(text);
    CHECK_FALSE(sample.refusal(text).empty());
  }
}

TEST_CASE("a name is removed with everything that only it needs") {
  const NamedSample sample;
  const Removal one_tag = without_images(sample.set, {"cafe12"});
  CHECK(one_tag.gone.empty());
  CHECK(one_tag.rest.find(*sample.tool.digest)->tags == std::set<std::string>{"v1"});
  const Removal bundle = without_images(sample.set, {"inner:v1"});
  CHECK(bundle.gone.size() == 2);
  CHECK(bundle.rest.images().size() == 1);
  CHECK_THROWS_AS(static_cast<void>(without_images(sample.set, {"apps/a"})), Error);
  CHECK_THROWS_AS(static_cast<void>(without_images(sample.set, {"inner", "tool"})), Error);
}
