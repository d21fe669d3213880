#include "ferry/gather/asked_ahead.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <iterator>
#include <latch>
#include <mutex>

#include "base/text.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "sample_bundles.hpp"
#include "transfer/parallel.hpp"

// What `discover` asks of registries that are far away, and when.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

using Questions = std::vector<std::string>;

/// Asked with a question, "PATH KIND SELECTOR", before it is answered; may wait or throw.
using OnQuestion = std::function<void(const std::string& question, const std::stop_token& stop)>;

/// A repository that tells what it is asked.
class Telling : public ImageSource {
 public:
  Telling(std::shared_ptr<MemoryTarget> inner, OnQuestion tell) : inner_(std::move(inner)), tell_(std::move(tell)) {}

  std::optional<RawManifest> manifest(const std::string& selector) override { return manifest_until(selector, {}); }
  std::optional<RawManifest> manifest_until(const std::string& selector, std::stop_token stop) override {
    ask("manifest", selector, stop);
    return inner_->manifest(selector);
  }
  std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset, std::stop_token stop) override {
    ask("blob", blob.digest.text(), stop);
    return inner_->open(blob, offset, std::move(stop));
  }
  bool is_blob(const Descriptor& content) override { return inner_->is_blob(content); }
  std::optional<std::vector<Descriptor>> referrers(const Digest& subject) override {
    return referrers_until(subject, {});
  }
  std::optional<std::vector<Descriptor>> referrers_until(const Digest& subject, std::stop_token stop) override {
    ask("referrers", subject.text(), stop);
    return inner_->referrers(subject);
  }
  std::optional<std::vector<std::string>> tags_within(std::size_t most_requests) override {
    ask("tags", "", {});
    return inner_->tags_within(most_requests);
  }
  std::optional<std::vector<std::string>> begin_tags(std::stop_token stop) override {
    ask("tags", "", stop);
    return inner_->tags_within(1);
  }
  [[nodiscard]] std::optional<RepositoryName> home() const override { return inner_->home(); }

 private:
  void ask(const std::string& kind, const std::string& selector, const std::stop_token& stop) {
    tell_(text::cat(inner_->home()->repository, " ", kind, " ", selector), stop);
  }

  std::shared_ptr<MemoryTarget> inner_;
  OnQuestion tell_;
};

enum class Distance { Near, Far };

/// Bundles and images, and the questions about them.
struct Asked {
  SampleWorld world = {};
  OnQuestion on_question = {};
  std::stop_source stop = {};
  std::mutex mutex = {};
  Questions questions = {};
  Warnings warnings = {};

  ImageSet find(const std::vector<Root>& roots, Distance distance, Referrers referrers = Referrers::All) {
    questions.clear();
    const Context context{.progress = &warnings, .stop = stop.get_token()};
    if (distance == Distance::Far) LearnedWorkers::note_answer(context.jobs, LearnedWorkers::kFar);
    const OpenSource open = [this](const RepositoryName& name) -> std::shared_ptr<ImageSource> {
      return std::make_shared<Telling>(world.repository(to_string(name)),
                                       [this](const std::string& question, const std::stop_token& dropped) {
                                         {
                                           const std::lock_guard lock(mutex);
                                           questions.push_back(question);
                                         }
                                         if (on_question) on_question(question, dropped);
                                       });
    };
    ImageSet set = discover(roots, open, {.referrers = referrers}, context);
    std::ranges::sort(questions);
    return set;
  }

  /// The names of what is found and the warnings, or the error.
  std::string outcome(const Root& root, Distance distance) {
    warnings.lines.clear();
    std::string all;
    try {
      const ImageSet set = find({root}, distance);
      for (const SetImage& image : set.images()) all += to_string(image.reference) + "\n";
    } catch (const Error& error) {
      all = text::cat(error_name(error), text::join(error.context(), "\n"));
    }
    std::ranges::sort(warnings.lines);
    return all + text::join(warnings.lines, "\n");
  }

 private:
  static std::string error_name(const Error& error) {
    return text::cat(static_cast<int>(error.code()), " ", error.message(), "\n");
  }
};

/// Lets the questions of each set wait for each other, which ends only if they are asked side by side.
class Meetings {
 public:
  explicit Meetings(std::vector<Questions> sets) : sets_(std::move(sets)), arrived_(sets_.size()) {}

  void operator()(const std::string& question) {
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      if (std::ranges::find(sets_[i], question) == sets_[i].end()) continue;
      std::unique_lock lock(mutex_);
      ++arrived_[i];
      changed_.notify_all();
      const bool is_met = changed_.wait_for(lock, kLong, [&] { return arrived_[i] >= sets_[i].size(); });
      met_ += is_met ? 1 : 0;
    }
  }
  /// All questions of all sets have met.
  [[nodiscard]] bool are_over() const {
    std::size_t all = 0;
    for (const Questions& set : sets_) all += set.size();
    return met_ == all;
  }

 private:
  static constexpr std::chrono::seconds kLong{60};

  std::vector<Questions> sets_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::size_t> arrived_;
  std::atomic<std::size_t> met_{0};
};

std::string manifest_at(const std::string& path, const Reference& image) {
  return text::cat(path, " manifest ", image.digest->text());
}

/// The blobs of an image: its configuration, then its layers.
Questions blobs_of(Asked& asked, const Reference& image) {
  const auto raw = asked.world.repository(to_string(image.name))->manifest(image.digest->text());
  const auto manifest = std::get<Manifest>(parse_manifest(raw->bytes, raw->descriptor.media_type));
  Questions all{text::cat(image.name.repository, " blob ", manifest.config->digest.text())};
  for (const Descriptor& layer : manifest.layers) {
    all.push_back(text::cat(image.name.repository, " blob ", layer.digest.text()));
  }
  return all;
}

std::string about(const Reference& image, const std::string& kind, const std::string& selector) {
  return text::cat(image.name.repository, " ", kind, " ", selector);
}

/// What is asked of far registries and not of near ones; these are asked nothing else.
Questions only_far(Asked& asked, const std::vector<Root>& roots) {
  static_cast<void>(asked.find(roots, Distance::Near));
  const Questions near = asked.questions;
  static_cast<void>(asked.find(roots, Distance::Far));
  CHECK(std::ranges::includes(asked.questions, near));
  Questions more;
  std::ranges::set_difference(asked.questions, near, std::back_inserter(more));
  return more;
}

}  // namespace

TEST_CASE("what a far bundle and its only image need is asked side by side") {
  Asked asked;
  const Reference image = asked.world.image("r.example/apps/a", "a");
  const Reference bundle = asked.world.bundle("r.example/bundle", {image});
  Questions of_bundle = blobs_of(asked, bundle);
  REQUIRE(of_bundle.size() == 2);
  of_bundle.push_back(about(bundle, "manifest", locations_tag(*bundle.digest)));
  of_bundle.push_back(about(bundle, "tags", ""));
  of_bundle.push_back(about(bundle, "referrers", bundle.digest->text()));
  const Questions of_image{blobs_of(asked, image).front(), about(image, "tags", ""),
                           about(image, "referrers", image.digest->text())};
  Meetings meetings({of_bundle, {manifest_at("bundle", image), manifest_at("apps/a", image)}, of_image});
  asked.on_question = [&](const std::string& question, const std::stop_token&) { meetings(question); };
  CHECK(asked.find({root_of(bundle)}, Distance::Far).images().size() == 2);
  CHECK(meetings.are_over());
}

TEST_CASE("the first of several images is asked for in both places side by side, the others are not") {
  Asked asked;
  const std::vector<Reference> images{asked.world.image("r.example/apps/a", "a"),
                                      asked.world.image("r.example/apps/b", "b"),
                                      asked.world.image("r.example/apps/c", "c")};
  const Reference bundle = asked.world.bundle("r.example/bundle", images);
  Meetings meetings({{manifest_at("bundle", images[0]), manifest_at("apps/a", images[0])}});
  asked.on_question = [&](const std::string& question, const std::stop_token&) { meetings(question); };
  CHECK(asked.find({root_of(bundle)}, Distance::Far).images().size() == 4);
  CHECK(meetings.are_over());
  asked.on_question = {};
  const Questions far = asked.questions;
  static_cast<void>(asked.find({root_of(bundle)}, Distance::Near));
  CHECK(far == asked.questions);
}

TEST_CASE("the children of a far index are asked for side by side") {
  Asked asked;
  std::vector<Reference> children;
  Questions expected;
  for (const char* const content : {"a", "b", "c"}) {
    children.push_back(asked.world.image(kApps, content));
    expected.push_back(about(children.back(), "manifest", children.back().digest->text()));
  }
  const Reference index = asked.world.index(kApps, children);
  Meetings meetings({expected});
  asked.on_question = [&](const std::string& question, const std::stop_token&) { meetings(question); };
  CHECK(asked.find({root_of(index, kImage)}, Distance::Far, Referrers::None).images().size() == 1);
  CHECK(meetings.are_over());
}

TEST_CASE("a far registry is asked what a near one is asked, and for one image more at most") {
  Asked asked;
  const Reference signed_image = asked.world.image("r.example/apps/a", "a");
  asked.world.artifact("r.example/apps/a", "sbom", signed_image.digest);
  asked.world.artifact("r.example/apps/a", "signature", {}, attachment_tag(*signed_image.digest, "sig"));
  const Reference sibling = asked.world.image("r.example/apps/a", "b");
  const Reference index = asked.world.index(
      "r.example/apps/c", {asked.world.image("r.example/apps/c", "c"), asked.world.image("r.example/apps/c", "b")});
  const Reference inner = asked.world.bundle("r.example/inner", {sibling});
  const Reference elsewhere = asked.world.image("s.example/apps/d", "d");
  const Reference outer = asked.world.bundle("r.example/outer", {inner, signed_image, index, elsewhere});
  const Reference moved = asked.world.bundle("r.example/moved", {signed_image});
  asked.world.image("r.example/moved", "a");
  for (const Root& root : {root_of(outer), root_of(inner), root_of(index, kImage)}) {
    for (const Referrers which : {Referrers::All, Referrers::CosignSignatures, Referrers::None}) {
      static_cast<void>(asked.find({root}, Distance::Near, which));
      const Questions near = asked.questions;
      static_cast<void>(asked.find({root}, Distance::Far, which));
      CHECK(text::join(asked.questions, "\n") == text::join(near, "\n"));
    }
  }
  // What is asked in vain: an image at its own place, which is beside its bundle, or known as another root.
  for (const auto& [roots, in_vain] : std::vector<std::pair<std::vector<Root>, std::string>>{
           {{root_of(moved)}, manifest_at("apps/a", signed_image)},
           {{root_of(outer), root_of(inner)}, manifest_at("inner", inner)}}) {
    const Questions more = only_far(asked, roots);
    CHECK((more.empty() || more == Questions{in_vain}));
  }
}

TEST_CASE("whatever question fails, the outcome is that of a near registry") {
  Asked asked;
  const Reference first = asked.world.image("r.example/apps/a", "a");
  const Reference second = asked.world.image("r.example/apps/b", "b");
  std::vector<Root> roots{root_of(asked.world.bundle("r.example/one", {first})),
                          root_of(asked.world.bundle("r.example/several", {first, second})),
                          root_of(first)};  // which is no bundle
  asked.world.image("r.example/beside", "a");
  roots.push_back(root_of(asked.world.bundle("r.example/beside", {first})));
  const Reference bundle = asked.world.bundle("r.example/located", {second});
  asked.world.locations(bundle, "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLocation\nimages: []\n");
  roots.push_back(root_of(bundle));
  for (const Root& root : roots) {
    asked.on_question = {};
    static_cast<void>(asked.outcome(root, Distance::Far));
    const Questions questions = asked.questions;
    for (const std::string& failing : questions) {
      for (const ErrorCode code : {ErrorCode::Denied, ErrorCode::NotFound, ErrorCode::Network, ErrorCode::Hostile}) {
        asked.on_question = [&](const std::string& question, const std::stop_token&) {
          if (question == failing) throw Error(code, "no answer to " + question);
        };
        CAPTURE(failing);
        CHECK(asked.outcome(root, Distance::Near) == asked.outcome(root, Distance::Far));
      }
    }
  }
}

TEST_CASE("the place of an image that proves to be beside its bundle is not waited for") {
  Asked asked;
  const Reference a = asked.world.image("r.example/apps/a", "a");
  const Reference b = asked.world.image("r.example/apps/b", "b");
  std::vector<Reference> images{a};
  SUBCASE("the only one") {}
  SUBCASE("the first of several") { images.push_back(b); }
  const Reference bundle = asked.world.bundle("r.example/bundle", images);
  asked.world.image("r.example/bundle", "a");
  asked.world.image("r.example/bundle", "b");
  // The place answers when nobody needs the answer any more; the bundle's repository, when that is being asked.
  Meetings meetings({{manifest_at("bundle", a), manifest_at("apps/a", a)}});
  std::atomic<int> dropped{0};
  asked.on_question = [&](const std::string& question, const std::stop_token& stop) {
    if (dropped == 0) meetings(question);
    if (question != manifest_at("apps/a", a)) return;
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait(lock, stop, [] { return false; });
    ++dropped;
    throw Error(ErrorCode::Interrupted, "dropped");
  };
  CHECK(asked.find({root_of(bundle)}, Distance::Far).images().size() == images.size() + 1);
  CHECK(dropped == 1);
  CHECK(asked.warnings.lines.empty());
}

TEST_CASE("an error does not wait for answers that are not needed any more") {
  Asked asked;
  const Reference bundle = asked.world.bundle("r.example/bundle", {asked.world.image("r.example/apps/a", "a")});
  std::atomic<int> given_up{0};
  std::latch begun(1);
  std::once_flag once;
  asked.on_question = [&](const std::string& question, const std::stop_token& dropped) {
    if (question.find(" blob ") != std::string::npos) begun.wait();  // the configuration, which leads to the error
    if (question.find(" tags ") == std::string::npos && question.find(" referrers ") == std::string::npos) return;
    std::call_once(once, [&] { begun.count_down(); });
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait_for(lock, dropped, std::chrono::seconds{60}, [] { return false; });
    given_up += dropped.stop_requested() ? 1 : 0;
    throw Error(ErrorCode::Interrupted, "given up");
  };
  const Error error =
      error_of([&] { static_cast<void>(asked.find({root_of(bundle, SourceArgument::Kind::Image)}, Distance::Far)); });
  CHECK(error.message() == "Expected bundle flag when copying a bundle");
  const auto hung = std::ranges::count_if(asked.questions, [](const std::string& question) {
    return question.find(" tags ") != std::string::npos || question.find(" referrers ") != std::string::npos;
  });
  CHECK(hung > 0);
  CHECK(given_up == hung);
}

TEST_CASE("another registry is not asked before it must be") {
  Asked asked;
  const Reference image = asked.world.image("s.example/apps/a", "a");
  const Reference bundle = asked.world.bundle("r.example/bundle", {image});
  asked.world.image("r.example/bundle", "a");
  CHECK(asked.find({root_of(bundle)}, Distance::Far).images().size() == 2);
  CHECK(std::ranges::count(asked.questions, manifest_at("apps/a", image)) == 0);
}

TEST_CASE("an interruption ends what is asked ahead") {
  Asked asked;
  const Reference bundle = asked.world.bundle("r.example/bundle", {asked.world.image("r.example/apps/a", "a")});
  asked.on_question = [&](const std::string& question, const std::stop_token&) {
    if (question == about(bundle, "tags", "")) asked.stop.request_stop();
    if (asked.stop.stop_requested()) throw Error(ErrorCode::Interrupted, "stopped");
  };
  try {
    static_cast<void>(asked.find({root_of(bundle)}, Distance::Far));
    FAIL("it was not interrupted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Interrupted);
  }
}
