#include "transfer/foreseen.hpp"

#include <doctest/doctest.h>

#include <future>
#include <string>
#include <thread>

#include "ociferry/error.hpp"
#include "store/memory_target.hpp"
#include "stream/sha256.hpp"
#include "transfer/caching_source.hpp"

using namespace ociferry;

namespace {

/// A repository that counts the questions it is asked, with a list of tags that takes more than one request.
class Counting : public MemoryTarget {
 public:
  std::optional<RawManifest> manifest(const std::string& selector) override {
    ++manifests;
    return MemoryTarget::manifest(selector);
  }
  std::optional<std::vector<Descriptor>> referrers(const Digest& subject) override {
    ++referrers_lists;
    return has_api ? MemoryTarget::referrers(subject) : std::nullopt;
  }
  std::optional<std::vector<std::string>> tags_within(std::size_t most_requests) override {
    ++tag_lists;
    if (most_requests < pages) return std::nullopt;
    return std::vector<std::string>{"v1"};
  }
  std::optional<std::vector<std::string>> more_tags_within(std::size_t most_requests) override {
    ++continued;
    if (most_requests < pages) return std::nullopt;
    return std::vector<std::string>{"v1", "v2"};
  }

  std::size_t pages = 1;
  bool has_api = true;
  int manifests = 0;
  int referrers_lists = 0;
  int tag_lists = 0;
  int continued = 0;
};

struct Repository {
  std::shared_ptr<Counting> inner = std::make_shared<Counting>();
  CachingSource source{inner, std::make_shared<CacheBudget>(100)};
};

}  // namespace

TEST_CASE("a question that was foreseen is asked once, by whoever runs it first") {
  Foreseen<std::string, int> foreseen;
  int asked = 0;
  const Question question = foreseen.add("a", [&asked] { return ++asked; });
  CHECK_FALSE(foreseen.add("a", [] { return 7; }));
  CHECK(question());
  CHECK_FALSE(question());
  CHECK(foreseen.take("a") == 1);
  CHECK_FALSE(foreseen.take("a"));
  CHECK_FALSE(foreseen.take("b"));

  const Question late = foreseen.add("a", [&asked] { return ++asked; });
  CHECK(foreseen.take("a") == 2);  // nobody had asked yet
  CHECK_FALSE(late());
  CHECK(asked == 2);
}

TEST_CASE("the error of a question that was foreseen is thrown to who needs the answer") {
  Foreseen<int, int> foreseen;
  const Question question = foreseen.add(1, []() -> int { throw Error(ErrorCode::Denied, "not for you"); });
  CHECK(question());
  CHECK_THROWS_WITH_AS(static_cast<void>(foreseen.take(1)), "not for you", Error);
}

TEST_CASE("who needs an answer waits for the thread that is asking") {
  Foreseen<int, int> foreseen;
  std::promise<void> is_asking;
  std::promise<void> may_answer;
  const Question question = foreseen.add(1, [&] {
    is_asking.set_value();
    may_answer.get_future().wait();
    return 5;
  });
  const std::jthread asking([&question] { question(); });
  is_asking.get_future().wait();
  std::optional<int> answer;
  {
    const std::jthread needing([&] { answer = foreseen.take(1); });
    may_answer.set_value();
  }
  CHECK(answer == 5);
}

TEST_CASE("a question that was dropped is not asked, one whose answer was taken cannot be dropped") {
  Foreseen<int, int> foreseen;
  const Question question = foreseen.add(1, [] { return 5; });
  CHECK(foreseen.drop(1));
  CHECK_FALSE(question());
  CHECK_FALSE(foreseen.take(1));
  static_cast<void>(foreseen.add(1, [] { return 6; }));
  CHECK(foreseen.take(1) == 6);
  CHECK_FALSE(foreseen.drop(1));
}

TEST_CASE("a source asks each question that was foreseen once, and others as ever") {
  Repository repository;
  CachingSource& source = repository.source;
  const Digest subject = sha256("subject");
  CHECK(source.foresee_manifest("v1")());
  CHECK_FALSE(source.manifest("v1"));
  CHECK(repository.inner->manifests == 1);
  CHECK_FALSE(source.manifest("v1"));
  CHECK(repository.inner->manifests == 2);

  CHECK_FALSE(source.lists_referrers());
  CHECK(source.foresee_referrers(subject)());
  CHECK(source.referrers(subject)->empty());
  CHECK(source.lists_referrers());
  CHECK(repository.inner->referrers_lists == 1);

  CHECK(source.foresee_tags()());
  CHECK(source.tags_within(3)->size() == 1);
  CHECK(repository.inner->tag_lists == 1);
  CHECK(repository.inner->continued == 0);

  static_cast<void>(source.foresee_manifest("v2"));
  CHECK(source.drop_manifest("v2"));
  CHECK_FALSE(source.drop_manifest("v2"));
  CHECK(repository.inner->manifests == 2);
}

TEST_CASE("a registry without lists of referrers is known to have none") {
  Repository repository;
  repository.inner->has_api = false;
  CHECK_FALSE(repository.source.referrers(sha256("subject")));
  CHECK_FALSE(repository.source.lists_referrers());
}

TEST_CASE("a list of tags that was foreseen is continued, not begun again, if more requests are wanted") {
  Repository repository;
  repository.inner->pages = 2;
  CHECK(repository.source.foresee_tags()());
  SUBCASE("with one request there is none") { CHECK_FALSE(repository.source.tags_within(1)); }
  SUBCASE("with more there is one") {
    CHECK(repository.source.tags_within(2)->size() == 2);
    CHECK(repository.inner->continued == 1);
  }
  CHECK(repository.inner->tag_lists == 1);
}

TEST_CASE("a blob that was foreseen is fetched once, is kept, and is not larger than the limit") {
  Repository repository;
  CachingSource& source = repository.source;
  const Descriptor blob = repository.inner->add_blob("content", "type");
  CHECK_FALSE(source.foresee_read_blob(blob, 6, {}));
  CHECK(source.foresee_read_blob(blob, 7, {})());
  CHECK(source.read_blob(blob, 7, {}) == "content");
  CHECK(source.read_blob(blob, 7, {}) == "content");
  CHECK_FALSE(source.foresee_read_blob(blob, 7, {}));
  CHECK(repository.inner->operations() == std::vector<std::string>{"open " + blob.digest.text()});
}
