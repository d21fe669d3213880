#include "transfer/blob_copy.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <set>
#include <string>

#include "base/sizes.hpp"
#include "ociferry/error.hpp"
#include "store/memory_target.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "support/error_of.hpp"
#include "transfer/parallel.hpp"
#include "transfer/worker_count.hpp"

using namespace ociferry;

namespace {

/// Gives wrong bytes the first time, as a bad cable would.
class OnceDamaged : public BlobSource {
 public:
  OnceDamaged(std::string content, std::optional<RepositoryName> home)
      : content_(std::move(content)), home_(std::move(home)) {}
  std::unique_ptr<ByteSource> open(const Descriptor&, std::uint64_t, std::stop_token) override {
    return std::make_unique<StringSource>(attempts++ == 0 ? std::string(content_.size(), '?') : content_);
  }
  std::optional<RepositoryName> home() const override { return home_; }
  std::atomic<int> attempts{0};

 private:
  std::string content_;
  std::optional<RepositoryName> home_;
};

Descriptor descriptor(const std::string& content) {
  return {.media_type = "layer", .digest = sha256(content), .size = content.size()};
}

}  // namespace

TEST_CASE("each blob is copied once, and existing ones are not copied") {
  const auto source = std::make_shared<MemoryTarget>(RepositoryName{"registry.example", "a/b"});
  MemoryTarget target;
  std::vector<Graph::BlobNode> nodes;
  for (const char* content : {"one", "three", "twelve"}) nodes.push_back({source->add_blob(content, "layer"), source});
  target.add_blob("three", "layer");
  const BlobCounts counts = copy_blobs({&nodes[0], &nodes[1], &nodes[2]}, target, 1, silent_progress(), {});
  CHECK(counts.written == 2);
  CHECK(counts.existed == 1);
  CHECK(counts.bytes_written == 9);
  // The largest goes first, so that the end of a long run is not one slow blob.
  CHECK(target.operations() == std::vector<std::string>{"blob " + nodes[2].descriptor.digest.text(),
                                                        "blob " + nodes[0].descriptor.digest.text()});
}

TEST_CASE("small blobs of registries are copied between large ones") {
  const auto source = std::make_shared<MemoryTarget>(RepositoryName{"registry.example", "a/b"});
  MemoryTarget target;
  std::vector<Graph::BlobNode> nodes;
  for (const std::size_t size : {1U, 2U, 3U, 200'000U, 4U, 5U, 300'000U}) {
    nodes.push_back({source->add_blob(std::string(size, 'x'), "layer"), source});
  }
  std::vector<const Graph::BlobNode*> blobs;
  for (const auto& node : nodes) blobs.push_back(&node);
  copy_blobs(blobs, target, 1, silent_progress(), {});
  std::vector<std::string> expected;
  for (const std::size_t i : {6U, 5U, 4U, 3U, 2U, 1U, 0U})
    expected.push_back("blob " + nodes[i].descriptor.digest.text());
  CHECK(target.operations() == expected);
}

TEST_CASE("blobs that a source lacks are reported together, with a hint for the kind of source") {
  for (const bool is_registry : {true, false}) {
    const auto source = std::make_shared<MemoryTarget>(
        is_registry ? std::optional(RepositoryName{"registry.example", "a/b"}) : std::nullopt);
    const Graph::BlobNode there{source->add_blob("there", "layer"), source};
    const Graph::BlobNode lost{descriptor("lost"), source};
    const Graph::BlobNode gone{descriptor("gone"), source};
    MemoryTarget target;
    try {
      copy_blobs({&lost, &there, &gone}, target, 1, silent_progress(), {});
      FAIL("something is missing");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Incomplete);
      CHECK(error.message().find("2 blobs are missing") != std::string::npos);
      CHECK(error.message().find(gone.descriptor.digest.text()) != std::string::npos);
      CHECK((error.hint_text().find("push them there again") != std::string::npos) == is_registry);
    }
    CHECK(target.has_blob(there.descriptor.digest));
  }
}

TEST_CASE("blobs of a file are read in the given order, which is that of the medium") {
  const auto source = std::make_shared<MemoryTarget>();
  MemoryTarget target;
  std::vector<Graph::BlobNode> nodes;
  for (const char* content : {"one", "three", "twelve"}) nodes.push_back({source->add_blob(content, "layer"), source});
  copy_blobs({&nodes[0], &nodes[1], &nodes[2]}, target, 1, silent_progress(), {});
  CHECK(target.operations().front() == "blob " + nodes[0].descriptor.digest.text());
  CHECK(target.operations().back() == "blob " + nodes[2].descriptor.digest.text());
}

TEST_CASE("several workers begin with a file's longest blobs, and one reads in the file's order") {
  const auto source = std::make_shared<MemoryTarget>();
  std::vector<Graph::BlobNode> nodes;
  for (const std::size_t size : {2 * kMiB, 3 * kMiB, 10 * kMiB, 4 * kMiB, 12 * kMiB}) {
    nodes.push_back({source->add_blob(std::string(size, 'x'), "layer"), source});
  }
  std::vector<const Graph::BlobNode*> blobs;
  std::vector<std::string> in_order;
  for (const auto& node : nodes) {
    blobs.push_back(&node);
    in_order.push_back("open " + node.descriptor.digest.text());
  }
  MemoryTarget alone;
  copy_blobs(blobs, alone, 1, silent_progress(), {});
  CHECK(source->operations() == in_order);

  MemoryTarget target;
  copy_blobs(blobs, target, 2, silent_progress(), {});
  const std::vector<std::string> opened = source->operations();
  REQUIRE(opened.size() == 10);
  const std::set<std::string> first(opened.begin() + 5, opened.begin() + 7);
  CHECK(first == std::set{in_order[2], in_order[4]});
}

TEST_CASE("a blob that was damaged in transit is fetched once more") {
  const auto source = std::make_shared<OnceDamaged>("content", RepositoryName{"registry.example", "a/b"});
  MemoryTarget target;
  const Graph::BlobNode node{descriptor("content"), source};
  CHECK(copy_blobs({&node}, target, 1, silent_progress(), {}).written == 1);
  CHECK(source->attempts == 2);
}

TEST_CASE("damage at a registry is reported after the second fetch, with the next step") {
  class Damaged : public OnceDamaged {
   public:
    using OnceDamaged::OnceDamaged;
    std::unique_ptr<ByteSource> open(const Descriptor&, std::uint64_t, std::stop_token) override {
      ++attempts;
      return std::make_unique<StringSource>("?ontent");
    }
  };
  const auto source = std::make_shared<Damaged>("content", RepositoryName{"registry.example", "a/b"});
  MemoryTarget target;
  const Graph::BlobNode node{descriptor("content"), source};
  const Error error = testing::error_of([&] { copy_blobs({&node}, target, 1, silent_progress(), {}); });
  CHECK(error.code() == ErrorCode::Corrupt);
  CHECK(error.hint_text().find("have the image pushed there again") != std::string::npos);
  CHECK(source->attempts == 2);
}

TEST_CASE("a damaged blob of a file is not read twice") {
  const auto source = std::make_shared<OnceDamaged>("content", std::nullopt);
  MemoryTarget target;
  const Graph::BlobNode node{descriptor("content"), source};
  CHECK_THROWS_AS(copy_blobs({&node}, target, 1, silent_progress(), {}), Error);
  CHECK(source->attempts == 1);
  CHECK(target.blob_count() == 0);
}

TEST_CASE("all missing blobs are reported at once, after the others were copied") {
  const auto source = std::make_shared<MemoryTarget>();
  MemoryTarget target;
  const Graph::BlobNode gone{descriptor("gone"), source};
  const Graph::BlobNode lost{descriptor("lost too"), source};
  const Graph::BlobNode there{source->add_blob("there", "layer"), source};
  try {
    copy_blobs({&gone, &there, &lost}, target, 2, silent_progress(), {});
    FAIL("two blobs are missing");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Incomplete);
    CHECK(error.message().find(gone.descriptor.digest.text()) != std::string::npos);
    CHECK(error.message().find(lost.descriptor.digest.text()) != std::string::npos);
  }
  CHECK(target.has_blob(there.descriptor.digest));
}

namespace {

/// Takes blobs only when so many come side by side.
class TakesMany : public BlobTarget {
 public:
  BlobOutcome put_blob(const Descriptor&, BlobSource&, Progress&, std::stop_token) override {
    all_there_.arrive_and_wait();
    return BlobOutcome::Written;
  }

 private:
  std::latch all_there_{static_cast<std::ptrdiff_t>(WorkerCount::kMost)};
};

}  // namespace

TEST_CASE("where answers take long, small blobs are copied by all workers from the beginning") {
  const Jobs jobs;
  LearnedWorkers::note_answer(jobs, LearnedWorkers::kFar);
  const auto source = std::make_shared<MemoryTarget>();
  std::vector<Graph::BlobNode> nodes;
  for (std::size_t i = 0; i < WorkerCount::kMost; ++i)
    nodes.push_back({source->add_blob(std::to_string(i), "layer"), source});
  std::vector<const Graph::BlobNode*> blobs;
  for (const Graph::BlobNode& node : nodes) blobs.push_back(&node);
  TakesMany target;
  CHECK(copy_blobs(blobs, target, jobs, silent_progress(), {}).written == WorkerCount::kMost);
}
