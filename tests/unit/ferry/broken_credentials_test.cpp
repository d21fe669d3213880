#include <doctest/doctest.h>

#include "ferry/gather/discover.hpp"
#include "ociferry/auth.hpp"
#include "sample_bundles.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A repository that shows its images, but for whose attachments no credentials can be found.
class LosesCredentials : public ImageSource {
 public:
  explicit LosesCredentials(std::shared_ptr<ImageSource> inner) : inner_(std::move(inner)) {}
  std::optional<RawManifest> manifest(const std::string& selector) override { return inner_->manifest(selector); }
  std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset, std::stop_token stop) override {
    return inner_->open(blob, offset, std::move(stop));
  }
  bool is_blob(const Descriptor& content) override { return inner_->is_blob(content); }
  std::optional<std::vector<Descriptor>> referrers(const Digest&) override {
    throw Error(ErrorCode::Unauthorized, "the helper is broken").because(ErrorReason::CredentialsBroken);
  }

 private:
  std::shared_ptr<ImageSource> inner_;
};

}  // namespace

TEST_CASE("a credentials error fails the search for attachments, instead of leaving them out") {
  SampleWorld world;
  const Reference image = world.image("r.example/apps/a", "a");
  const OpenSource open = [&world](const RepositoryName& name) {
    return std::make_shared<LosesCredentials>(world.repository(to_string(name)));
  };
  const std::vector<Root> roots{root_of(image, SourceArgument::Kind::Image)};
  CHECK_THROWS_AS(static_cast<void>(discover(roots, open, {.referrers = Referrers::All}, {})), Error);
  CHECK_NOTHROW(static_cast<void>(discover(roots, open, {.referrers = Referrers::None}, {})));
}
