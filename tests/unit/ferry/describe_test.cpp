#include "ferry/describe.hpp"

#include <doctest/doctest.h>

#include "base/text.hpp"
#include "oci/limits.hpp"
#include "oci/tag_names.hpp"
#include "sample_bundles.hpp"
#include "stream/sha256.hpp"
#include "support/error_of.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

using Type = DescribedImage::Type;
using Names = std::vector<std::string>;

DescribedImage look_at(SampleWorld& world, const Reference& bundle, DescribeOptions options = {},
                       const Context& context = {}) {
  options.bundle = bundle;
  return describe_bundle(options, world.opener(), context);
}

std::string_view name_of(Type type) {
  switch (type) {
    case Type::Image: return "image";
    case Type::Bundle: return "bundle";
    case Type::Signature: return "signature";
    case Type::Internal: return "internal";
  }
  return "?";
}

/// "<depth> <type> <repository>" for everything in a description, in its order.
void outline(const DescribedImage& image, std::size_t depth, Names& lines) {
  lines.push_back(text::cat(depth, " ", name_of(image.type), " ", to_string(image.image.name)));
  for (const DescribedImage& child : image.images) outline(child, depth + 1, lines);
}
Names outline(const DescribedImage& image) {
  Names lines;
  outline(image, 0, lines);
  return lines;
}

std::vector<Digest> layers_of(SampleWorld& world, const Reference& image) {
  const auto raw = world.repository(to_string(image.name))->manifest(image.digest->text()).value();
  std::vector<Digest> layers;
  const auto parsed = parse_manifest(raw.bytes, raw.descriptor.media_type);
  for (const Descriptor& layer : std::get<Manifest>(parsed).layers) layers.push_back(layer.digest);
  return layers;
}

void tag_as(SampleWorld& world, const Reference& image, const std::string& tag) {
  const auto repository = world.repository(to_string(image.name));
  repository->put_manifest(repository->manifest(image.digest->text()).value(), tag);
}

/// Has one manifest that its repository would not take.
class With : public ImageSource {
 public:
  With(std::shared_ptr<MemoryTarget> inner, std::string selector, RawManifest manifest)
      : inner_(std::move(inner)), selector_(std::move(selector)), manifest_(std::move(manifest)) {}
  std::optional<RawManifest> manifest(const std::string& selector) override {
    return selector == selector_ ? manifest_ : inner_->manifest(selector);
  }
  std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset, std::stop_token stop) override {
    return inner_->open(blob, offset, std::move(stop));
  }
  bool is_blob(const Descriptor& content) override { return inner_->is_blob(content); }

 private:
  std::shared_ptr<MemoryTarget> inner_;
  std::string selector_;
  RawManifest manifest_;
};

/// An index of children that need not exist; their platforms are JSON objects, or empty for none.
RawManifest index_of(const std::vector<std::pair<Digest, std::string>>& children) {
  std::string bytes = text::cat(R"({"schemaVersion":2,"mediaType":")", media_type::kOciIndex, R"(","manifests":[)");
  for (const auto& [digest, platform] : children) {
    if (bytes.ends_with('}')) bytes += ',';
    bytes += text::cat(R"({"mediaType":")", media_type::kDockerManifest, R"(","size":1,"digest":")", digest.text(), '"',
                       platform.empty() ? "" : R"(,"platform":)" + platform, '}');
  }
  bytes += "]}";
  return {{std::string(media_type::kOciIndex), sha256(bytes), bytes.size()}, bytes};
}

/// A source that refuses one manifest with an error.
class Refusing : public ImageSource {
 public:
  Refusing(std::shared_ptr<ImageSource> inner, std::string selector, ErrorCode code)
      : inner_(std::move(inner)), selector_(std::move(selector)), code_(code) {}
  std::optional<RawManifest> manifest(const std::string& selector) override {
    if (selector == selector_) throw Error(code_, "refused");
    return inner_->manifest(selector);
  }
  std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset, std::stop_token stop) override {
    return inner_->open(blob, offset, std::move(stop));
  }
  bool is_blob(const Descriptor& content) override { return inner_->is_blob(content); }

 private:
  std::shared_ptr<ImageSource> inner_;
  std::string selector_;
  ErrorCode code_;
};

constexpr const char* kAmd64 = R"({"os":"linux","architecture":"amd64"})";
constexpr const char* kArm64 = R"({"os":"linux","architecture":"arm64"})";

}  // namespace

TEST_CASE("a description has the lock's order, and nested bundles in full at each occurrence") {
  SampleWorld world;
  const Reference a = world.image("r.example/apps/a", "a");
  const Reference b = world.image("s.example/apps/b", "b");
  const Reference inner = world.bundle("r.example/inner", {b, a});
  const Reference middle = world.bundle("r.example/middle", {inner});
  const Reference outer = world.bundle("r.example/outer", {middle, a, inner});
  const Names expected = {"0 bundle r.example/outer", "1 bundle r.example/middle", "2 bundle r.example/inner",
                          "3 image s.example/apps/b", "3 image r.example/apps/a",  "1 image r.example/apps/a",
                          "1 bundle r.example/inner", "2 image s.example/apps/b",  "2 image r.example/apps/a"};
  for (const std::size_t jobs : {1U, 8U}) CHECK(outline(look_at(world, outer, {}, {.jobs = jobs})) == expected);
  const DescribedImage description = look_at(world, outer);
  CHECK(description.image == outer);
  CHECK(description.origin == outer);
  CHECK(description.images[1].layers == layers_of(world, a));
}

TEST_CASE("a bundle requested by tag is described by its digest") {
  SampleWorld world;
  const Reference bundle = world.bundle("r.example/bundle", {});
  tag_as(world, bundle, "v1");
  const DescribedImage description = look_at(world, {bundle.name, "v1", std::nullopt});
  CHECK(description.image == bundle);
  CHECK(description.origin == bundle);
  CHECK(description.images.empty());
}

TEST_CASE("'image' is the present place, and 'origin' the lock's reference") {
  SampleWorld world;
  const Reference original{parse_repository("far.example/apps/a"), std::nullopt,
                           world.image("near.example/bundle", "a").digest};
  const Reference bundle = world.bundle("near.example/bundle", {original});
  const DescribedImage description = look_at(world, bundle);
  REQUIRE(description.images.size() == 1);
  CHECK(to_string(description.images[0].image.name) == "near.example/bundle");
  CHECK(description.images[0].origin == original);
}

TEST_CASE("a locations image is listed as internal, and used only if it matches") {
  SampleWorld world;
  const Reference original{parse_repository("far.example/apps/a"), std::nullopt,
                           world.image("near.example/moved", "a").digest};
  const Reference bundle = world.bundle("near.example/bundle", {original});
  const std::string yaml =
      "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLocation\nimages:\n  - image: " + to_string(original) +
      "\n    repository: moved\n    bundle: false\n";
  world.locations(bundle, yaml);
  const DescribedImage description = look_at(world, bundle);
  CHECK(outline(description) ==
        Names{"0 bundle near.example/bundle", "1 image near.example/moved", "1 internal near.example/bundle"});
  CHECK(description.images[1].origin == description.images[1].image);
  CHECK(description.images[1].layers.size() == 1);

  world.locations(bundle, "not: locations");
  world.image("near.example/bundle", "a");
  Warnings warnings;
  CHECK(outline(look_at(world, bundle, {}, {.progress = &warnings})) ==
        Names{"0 bundle near.example/bundle", "1 image near.example/bundle", "1 internal near.example/bundle"});
  CHECK(warnings.lines.size() == 1);
}

TEST_CASE("signatures of a bundle and of its images are listed beside the images, with their tag") {
  SampleWorld world;
  const Reference a = world.image("r.example/apps/a", "a");
  const Reference b = world.image("r.example/apps/b", "b");
  const Reference bundle = world.bundle("r.example/bundle", {a, b});
  tag_as(world, world.image("r.example/apps/b", "signature"), attachment_tag(*b.digest, "sig"));
  tag_as(world, world.image("r.example/bundle", "its signature"), attachment_tag(*bundle.digest, "sig"));
  const DescribedImage description = look_at(world, bundle);
  CHECK(outline(description) == Names{"0 bundle r.example/bundle", "1 image r.example/apps/a",
                                      "1 image r.example/apps/b", "1 signature r.example/bundle",
                                      "1 signature r.example/apps/b"});
  CHECK(description.images[3].annotations.at("tag") == attachment_tag(*b.digest, "sig"));
  CHECK(look_at(world, bundle, {.cosign_artifacts = false}).images.size() == 2);
}

TEST_CASE("a signature that may not be read is left out, and any other failure is an error") {
  SampleWorld world;
  const Reference a = world.image("r.example/apps/a", "a");
  const Reference bundle = world.bundle("r.example/bundle", {a});
  const auto with = [&](ErrorCode code) {
    const OpenSource open = [&world, &a, code](const RepositoryName& name) -> std::shared_ptr<ImageSource> {
      return std::make_shared<Refusing>(world.repository(to_string(name)), attachment_tag(*a.digest, "sig"), code);
    };
    return describe_bundle({.bundle = bundle}, open, {});
  };
  for (const ErrorCode code : {ErrorCode::Unauthorized, ErrorCode::Denied}) CHECK(with(code).images.size() == 1);
  const Error error = error_of([&] { static_cast<void>(with(ErrorCode::Network)); });
  CHECK(error.code() == ErrorCode::Network);
  CHECK(error.context().back() == "describing " + to_string(a));
}

TEST_CASE("signatures and locations that are not images are shown without layers, and a warning says so") {
  SampleWorld world;
  const Reference bundle = world.bundle("r.example/bundle", {});
  const std::string bytes = R"({"schemaVersion":1})";
  const RawManifest junk{{std::string(media_type::kDockerManifest), sha256(bytes), bytes.size()}, bytes};
  for (const std::string& tag : {attachment_tag(*bundle.digest, "sig"), locations_tag(*bundle.digest)}) {
    CAPTURE(tag);
    const OpenSource open = [&](const RepositoryName& name) -> std::shared_ptr<ImageSource> {
      return std::make_shared<With>(world.repository(to_string(name)), tag, junk);
    };
    Warnings warnings;
    const DescribedImage description = describe_bundle({.bundle = bundle}, open, {.progress = &warnings});
    REQUIRE(description.images.size() == 1);
    CHECK(description.images[0].layers.empty());
    REQUIRE_FALSE(warnings.lines.empty());
    CHECK(warnings.lines.back().find(junk.descriptor.digest.text()) != std::string::npos);
  }
}

TEST_CASE("an index has the layers of its linux/amd64 child, or none if there is no such child") {
  SampleWorld world;
  const auto repository = world.repository("r.example/multi");
  const Reference amd = world.image("r.example/multi", "amd64");
  const Reference arm = world.image("r.example/multi", "arm64");
  const Digest missing = sha256("missing");
  const auto layers = [&](const RawManifest& index) {
    const Reference listed{parse_repository("r.example/multi"), std::nullopt, index.descriptor.digest};
    const Reference bundle = world.bundle("r.example/bundle", {listed});
    const OpenSource open = [&](const RepositoryName& name) -> std::shared_ptr<ImageSource> {
      if (name.repository != "multi") return world.repository(to_string(name));
      return std::make_shared<With>(repository, index.descriptor.digest.text(), index);
    };
    return describe_bundle({.bundle = bundle}, open, {}).images.at(0).layers;
  };
  CHECK(layers(index_of({{*arm.digest, kArm64}, {*amd.digest, kAmd64}})) == layers_of(world, amd));
  CHECK(layers(index_of({{missing, kArm64}, {*amd.digest, kAmd64}})) == layers_of(world, amd));
  CHECK(layers(index_of({{*arm.digest, ""}})) == layers_of(world, arm));
  CHECK(layers(index_of({{*arm.digest, kArm64}})).empty());
  CHECK(layers(index_of({{missing, kAmd64}})).empty());
  CHECK(layers(index_of({})).empty());
}

TEST_CASE("layers are left out on request") {
  SampleWorld world;
  const Reference bundle = world.bundle("r.example/bundle", {world.image("r.example/apps/a", "a")});
  const DescribedImage description = look_at(world, bundle, {.layers = false});
  CHECK(description.layers.empty());
  CHECK(description.images.at(0).layers.empty());
}

TEST_CASE("an image that a lock lists twice is described once") {
  SampleWorld world;
  const Reference a = world.image("r.example/apps/a", "a");
  const Reference same = world.image("r.example/apps/b", "a");
  const DescribedImage description = look_at(world, world.bundle("r.example/bundle", {same, a, same}));
  REQUIRE(description.images.size() == 1);
  CHECK(description.images[0].origin == same);
}

TEST_CASE("only bundles can be described") {
  SampleWorld world;
  const Reference a = world.image("r.example/apps/a", "a");
  const Error error = error_of([&] { static_cast<void>(look_at(world, a)); });
  CHECK(error.code() == ErrorCode::Usage);
  CHECK(error.message() == "Only bundles can be described, and " + to_string(a) + " is not a bundle");
}

TEST_CASE("an image that is missing everywhere, and bundles nested too deep, are errors") {
  SampleWorld world;
  const Reference nowhere{parse_repository("r.example/apps/gone"), std::nullopt, sha256("gone")};
  const Reference bundle = world.bundle("r.example/bundle", {nowhere});
  CHECK(error_of([&] { static_cast<void>(look_at(world, bundle)); }).code() == ErrorCode::NotFound);
  Reference deep = world.bundle("r.example/deep", {});
  for (std::size_t i = 0; i < limits::kGraphDepth; ++i) deep = world.bundle("r.example/deep", {deep});
  CHECK(look_at(world, deep).images.size() == 1);
  const Reference deeper = world.bundle("r.example/deep", {deep});
  CHECK(error_of([&] { static_cast<void>(look_at(world, deeper)); }).code() == ErrorCode::Hostile);
}

TEST_CASE("bundles that list each other many times have a limit") {
  SampleWorld world;
  std::vector<Reference> level = {world.image("r.example/apps/a", "a")};
  for (int depth = 0; depth < 7; ++depth) {
    std::vector<Reference> next;
    for (int i = 0; i < 8; ++i) {
      std::vector<Reference> images = level;
      images.push_back(world.image("r.example/apps/a", text::cat(depth, " ", i)));
      next.push_back(world.bundle("r.example/wide", images));
    }
    level = next;
  }
  const Error error = error_of([&] { static_cast<void>(look_at(world, level[0])); });
  CHECK(error.code() == ErrorCode::Hostile);
  CHECK(error.message().find("entries") != std::string::npos);
}
