#include "ferry/deliver/attachments.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "ferry/gather/discover.hpp"
#include "ferry/set/archive_contents.hpp"
#include "ferry/set/attachment_kind.hpp"
#include "oci/limits.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"
#include "support/index_json.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A repository as it is seen through a registry with faults.
class Faulty : public ImageSource {
 public:
  explicit Faulty(std::shared_ptr<MemoryTarget> inner) : inner_(std::move(inner)) {}

  std::optional<RawManifest> manifest(const std::string& selector) override {
    if (failing.contains(selector)) throw Error(failing.at(selector), "no access to " + selector);
    return inner_->manifest(selector);
  }
  std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset, std::stop_token stop) override {
    return inner_->open(blob, offset, std::move(stop));
  }
  bool is_blob(const Descriptor& content) override { return inner_->is_blob(content); }
  std::optional<std::vector<Descriptor>> referrers(const Digest& subject) override {
    if (listing_fails) throw Error(*listing_fails, "no list");
    auto found = has_api ? inner_->referrers(subject) : std::nullopt;
    if (found) found->insert(found->end(), also_listed.begin(), also_listed.end());
    return found;
  }
  std::optional<std::vector<std::string>> tags_within(std::size_t most_requests) override {
    return lists_tags ? inner_->tags_within(most_requests) : std::nullopt;
  }

  std::map<std::string, ErrorCode> failing;
  std::optional<ErrorCode> listing_fails;
  std::vector<Descriptor> also_listed;
  bool has_api = true;
  bool lists_tags = true;

 private:
  std::shared_ptr<MemoryTarget> inner_;
};

OpenSource only(const std::shared_ptr<Faulty>& source) {
  return [source](const RepositoryName&) { return source; };
}

ImageSet find(SampleWorld& world, const std::vector<Root>& roots, Referrers which = Referrers::All,
              std::size_t jobs = 3) {
  return discover(roots, world.opener(), {.referrers = which}, {.jobs = jobs});
}

/// What was found to be attached.
std::set<Digest> referrers(const ImageSet& set) {
  std::set<Digest> found;
  for (const SetImage& image : set.images()) {
    if (image.is_referrer) found.insert(image.digest());
  }
  return found;
}

std::string tag_of(const Reference& image, std::string_view suffix) { return attachment_tag(*image.digest, suffix); }

ErrorCode code_of_failure(const std::shared_ptr<Faulty>& source, const Reference& root, Progress& progress) {
  try {
    static_cast<void>(
        discover({root_of(root, kImage)}, only(source), {.referrers = Referrers::All}, {.progress = &progress}));
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::Internal;
}

/// An image with a signature by tag, and something that is attached by `subject` to each of the two.
struct Signed {
  SampleWorld world;
  Reference image = world.image(kApps, "a");
  Reference signature = world.artifact(kApps, "signature", {}, tag_of(image, "sig"));
  Reference sbom = world.artifact(kApps, "sbom", image.digest);
  Reference countersignature = world.artifact(kApps, "countersignature", signature.digest);
};

}  // namespace

TEST_CASE("artifacts attached to images, bundles, children of indexes and other artifacts are found") {
  SampleWorld world;
  const Reference child = world.image("r.example/multi", "child");
  const Reference index = world.index("r.example/multi", {child});
  const Reference bundle = world.bundle("r.example/bundle", {index});
  const std::set<Digest> expected = {
      *world.artifact("r.example/bundle", "1", {}, tag_of(bundle, "sig")).digest,
      *world.artifact("r.example/bundle", "2", bundle.digest).digest,
      *world.artifact("r.example/multi", "3", {}, tag_of(index, "att")).digest,
      *world.artifact("r.example/multi", "4", {}, tag_of(child, "sbom")).digest,
      *world.artifact("r.example/multi", "5", child.digest).digest,
  };
  std::set<Digest> more = expected;
  more.insert(
      *world.artifact("r.example/multi", "6", {}, tag_of(world.artifact("r.example/multi", "5", child.digest), "sig"))
           .digest);
  world.artifact("r.example/multi", "elsewhere", bundle.digest);
  world.artifact("r.example/bundle", "elsewhere", {}, tag_of(index, "sig"));

  const ImageSet set = find(world, {root_of(bundle)});
  CHECK(referrers(set) == more);
  CHECK(set.images().size() == 2 + more.size());
  CHECK_NOTHROW(check_attached(set));
}

TEST_CASE("cosign signatures alone: the .sig tags of the images themselves, as imgpkg copies them") {
  SampleWorld world;
  const Reference child = world.image(kApps, "child");
  const Reference index = world.index(kApps, {child});
  const Reference signature = world.artifact(kApps, "1", {}, tag_of(index, "sig"));
  world.artifact(kApps, "2", {}, tag_of(index, "att"));
  world.artifact(kApps, "3", {}, tag_of(child, "sig"));
  world.artifact(kApps, "4", {}, tag_of(signature, "sig"));
  world.artifact(kApps, "5", index.digest);
  const ImageSet set = find(world, {root_of(index, kImage)}, Referrers::CosignSignatures);
  CHECK(referrers(set) == std::set{*signature.digest});
  CHECK(set.images().back().tags == std::set{tag_of(index, "sig")});
}

TEST_CASE("attached artifacts are searched for on request only") {
  Signed sample;
  const ImageSet set = find(sample.world, {root_of(sample.image, kImage)}, Referrers::None);
  CHECK(set.images().size() == 1);
  const auto operations = sample.world.repository(kApps)->operations();
  CHECK(std::ranges::count_if(operations, [](const auto& line) { return line.starts_with("get "); }) == 1);
}

TEST_CASE("an archive with attached images does not depend on the number of jobs") {
  Signed sample;
  const auto index = [&](std::size_t jobs) {
    const ImageSet set = find(sample.world, {root_of(sample.image, kImage)}, Referrers::All, jobs);
    return testing::index_of(archive_contents(set, {}).items);
  };
  CHECK(index(1) == index(8));
  CHECK(index(1).find("\"dev.ociferry.role\":\"referrer\"") != std::string::npos);
}

TEST_CASE("without the referrers API the tag that stands in for it is read") {
  Signed sample;
  const auto repository = sample.world.repository(kApps);
  const auto source = std::make_shared<Faulty>(repository);
  source->has_api = false;
  const auto find_all = [&] {
    return discover({root_of(sample.image, kImage)}, only(source), {.referrers = Referrers::All}, {});
  };
  CHECK(referrers(find_all()) == std::set{*sample.signature.digest});
  const Reference list = sample.world.index(kApps, {sample.sbom});
  repository->put_manifest(repository->manifest(list.digest->text()).value(), referrers_tag(*sample.image.digest));
  for (const bool lists_tags : {true, false}) {
    source->lists_tags = lists_tags;
    CHECK(referrers(find_all()) == std::set{*sample.signature.digest, *sample.sbom.digest});
  }
  repository->put_manifest(repository->manifest(sample.sbom.digest->text()).value(),
                           referrers_tag(*sample.image.digest));
  CHECK(referrers(find_all()) == std::set{*sample.signature.digest});
}

TEST_CASE("attachment tags that form a cycle end the search") {
  SampleWorld world;
  const Reference a = world.image(kApps, "a");
  const Reference b = world.artifact(kApps, "b", {}, tag_of(a, "sig"));
  const auto repository = world.repository(kApps);
  repository->put_manifest(repository->manifest(a.digest->text()).value(), tag_of(b, "sig"));
  repository->put_manifest(repository->manifest(b.digest->text()).value(), tag_of(b, "att"));
  const ImageSet set = find(world, {root_of(a, kImage)});
  REQUIRE(set.images().size() == 2);
  CHECK_FALSE(set.images()[0].is_referrer);
  CHECK(set.images()[0].tags == std::set{tag_of(b, "sig")});
  CHECK(set.images()[1].tags == std::set{tag_of(a, "sig"), tag_of(b, "att")});
}

TEST_CASE("an image in two repositories has the artifacts of both; the first one's tag wins") {
  SampleWorld world;
  const Reference one = world.image("a.example/apps/x", "same");
  const Reference two = world.image("b.example/apps/x", "same");
  REQUIRE(one.digest == two.digest);
  const Reference signature = world.artifact("a.example/apps/x", "one", {}, tag_of(one, "sig"));
  world.artifact("b.example/apps/x", "two", {}, tag_of(one, "sig"));
  const Reference sbom = world.artifact("b.example/apps/x", "sbom", one.digest);
  for (const auto& roots : {std::vector{one, two}, std::vector{two, one}}) {
    Warnings warnings;
    const ImageSet set = discover({root_of(roots[0], kImage), root_of(roots[1], kImage)}, world.opener(),
                                  {.referrers = Referrers::All}, {.progress = &warnings});
    CHECK(referrers(set) == std::set{*signature.digest, *sbom.digest});
    CHECK(warnings.lines.size() == 1);
  }
}

TEST_CASE("artifacts attached to artifacts are followed to a depth limit") {
  for (const std::size_t levels : {limits::kGraphDepth, limits::kGraphDepth + 1}) {
    SampleWorld world;
    const Reference image = world.image(kApps, "image");
    Reference last = image;
    for (std::size_t i = 0; i < levels; ++i) last = world.artifact(kApps, std::to_string(i), last.digest);
    if (levels > limits::kGraphDepth) {
      CHECK_THROWS_AS(static_cast<void>(find(world, {root_of(image, kImage)})), Error);
    } else {
      const ImageSet set = find(world, {root_of(image, kImage)});
      CHECK(referrers(set).size() == levels);
      CHECK_NOTHROW(check_attached(set));
    }
  }
}

TEST_CASE("artifacts that are attached to each other only are attached to no image") {
  SampleWorld world;
  const Reference image = world.image(kApps, "image");
  const Reference one = world.artifact(kApps, "one");
  const Reference two = world.artifact(kApps, "two");
  Graph graph;
  const auto source = world.repository(kApps);
  for (const Reference& each : {image, one, two}) {
    graph.add(fetch_tree(*source, source->manifest(each.digest->text()).value()), source);
  }
  const auto set = [&](const Reference& subject_of_one) {
    return ImageSet({{.reference = image, .is_root = true},
                     {.reference = one, .tags = {tag_of(subject_of_one, "sig")}, .is_referrer = true},
                     {.reference = two, .tags = {tag_of(one, "sig")}, .is_referrer = true}},
                    graph);
  };
  CHECK_THROWS_AS(check_attached(set(two)), Error);
  CHECK_NOTHROW(check_attached(set(image)));
}

TEST_CASE("a repository that denies access to attached artifacts is skipped with one warning") {
  for (const ErrorCode refusal : {ErrorCode::Unauthorized, ErrorCode::Denied}) {
    Signed sample;
    const auto source = std::make_shared<Faulty>(sample.world.repository(kApps));
    source->lists_tags = false;
    source->listing_fails = refusal;
    for (const std::string_view suffix : kAttachmentSuffixes) source->failing[tag_of(sample.image, suffix)] = refusal;
    Warnings warnings;
    const ImageSet set =
        discover({root_of(sample.image, kImage)}, only(source), {.referrers = Referrers::All}, {.progress = &warnings});
    CHECK(set.images().size() == 1);
    REQUIRE(warnings.lines.size() == 1);
    CHECK(warnings.lines[0].find(kApps) != std::string::npos);
  }
}

TEST_CASE("a transient failure is not taken for absence") {
  Signed sample;
  const auto source = std::make_shared<Faulty>(sample.world.repository(kApps));
  Warnings warnings;
  source->failing[tag_of(sample.image, "sig")] = ErrorCode::Network;
  CHECK(code_of_failure(source, sample.image, warnings) == ErrorCode::Network);
  source->failing.clear();
  source->listing_fails = ErrorCode::Network;
  CHECK(code_of_failure(source, sample.image, warnings) == ErrorCode::Network);
  CHECK(warnings.lines.empty());
}

TEST_CASE("a listed artifact that is gone, of another type or without the subject is left out with a warning") {
  Signed sample;
  const auto source = std::make_shared<Faulty>(sample.world.repository(kApps));
  const Digest gone = Digest::parse("sha256:" + std::string(64, 'e'));
  const Reference liar = sample.world.artifact(kApps, "liar", sample.sbom.digest);
  source->also_listed = {{std::string(media_type::kOciManifest), gone, 1},
                         {"application/vnd.example.other.v1+json", gone, 1},
                         {std::string(media_type::kOciManifest), *liar.digest, 1}};
  Warnings warnings;
  const ImageSet set = discover({root_of(sample.image, kImage)}, only(source), {.referrers = Referrers::All},
                                {.jobs = 1, .progress = &warnings});
  // The liar is attached to the bill of materials, as it says; what is listed elsewhere does not count.
  CHECK(referrers(set) ==
        std::set{*sample.signature.digest, *sample.sbom.digest, *sample.countersignature.digest, *liar.digest});
  const auto told = [&](const std::string& words) {
    return std::ranges::any_of(warnings.lines, [&](const auto& line) { return line.find(words) != std::string::npos; });
  };
  CHECK(told("listed but missing"));
  CHECK(told("neither an image nor an index"));
  CHECK(told("its own subject is another one"));
}

TEST_CASE("a malformed artifact is left out with a warning") {
  Signed sample;
  const auto source = std::make_shared<Faulty>(sample.world.repository(kApps));
  source->failing = {{tag_of(sample.image, "sig"), ErrorCode::Hostile},
                     {sample.sbom.digest->text(), ErrorCode::Hostile}};
  Warnings warnings;
  const ImageSet set = discover({root_of(sample.image, kImage)}, only(source), {.referrers = Referrers::All},
                                {.jobs = 1, .progress = &warnings});
  CHECK(referrers(set).empty());
  CHECK(std::ranges::count_if(warnings.lines, [](const std::string& line) {
          return line.starts_with("left out, because it cannot be read: ");
        }) == 2);
}

TEST_CASE("tags are listed once instead of requested one by one, if the repository lists them") {
  SampleWorld world;
  std::vector<Reference> images;
  for (const char* content : {"a", "b", "c"}) images.push_back(world.image(kApps, content));
  const Reference index = world.index(kApps, images);
  const auto source = std::make_shared<Faulty>(world.repository(kApps));
  const auto questions = [&] {
    const std::size_t before = world.repository(kApps)->operations().size();
    static_cast<void>(discover({root_of(index, kImage)}, only(source), {.referrers = Referrers::All}, {}));
    return world.repository(kApps)->operations().size() - before;
  };
  const std::size_t with_list = questions();
  source->lists_tags = false;
  CHECK(questions() == with_list + 4 * kAttachmentSuffixes.size());
}

TEST_CASE("the kind of an artifact is detected by its tag, else by its type") {
  const auto kind = [](const std::string& artifact_type, const std::string& layer_type,
                       std::map<std::string, std::string> annotations = {}) {
    const Digest digest = Digest::parse("sha256:" + std::string(64, 'a'));
    return attachment_kind({}, Manifest{.media_type = std::string(media_type::kOciManifest),
                                        .config = Descriptor{"application/vnd.oci.empty.v1+json", digest, 2},
                                        .layers = {{layer_type, digest, 2}},
                                        .artifact_type = artifact_type,
                                        .annotations = std::move(annotations)});
  };
  const std::string bundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
  CHECK(kind("", "application/vnd.dev.cosign.simplesigning.v1+json") == "signature");
  CHECK(kind("application/vnd.cncf.notary.signature", "application/jose+json") == "signature");
  CHECK(kind(bundle, bundle) == "signature");
  CHECK(kind(bundle, bundle, {{"dev.sigstore.bundle.predicateType", "https://sigstore.dev/cosign/sign/v1"}}) ==
        "signature");
  CHECK(kind(bundle, bundle, {{"dev.sigstore.bundle.predicateType", "https://slsa.dev/provenance/v1"}}) ==
        "attestation");
  CHECK(kind("", "application/vnd.in-toto+json") == "attestation");
  CHECK(kind("application/spdx+json", "text/plain") == "sbom");
  CHECK(kind("application/vnd.cyclonedx+json", "text/plain") == "sbom");
  CHECK(kind("application/x-helm-notes", "text/plain") == "application/x-helm-notes");
  const std::string tag = "sha256-" + std::string(64, 'b');
  CHECK(attachment_kind({tag + ".att"}, ImageIndex{}) == "attestation");
  CHECK(attachment_kind({tag + ".sbom"}, ImageIndex{}) == "sbom");
  CHECK(attachment_kind({tag + ".sig"}, ImageIndex{}) == "signature");
}
