#include "transfer/caching_source.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "ociferry/error.hpp"
#include "store/memory_target.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;

namespace {

long opened(const MemoryTarget& target) {
  const auto operations = target.operations();
  return std::ranges::count_if(operations, [](const std::string& operation) { return operation.starts_with("open "); });
}

std::string fetched(BlobSource& source, const Descriptor& blob) {
  StringSink sink(1 << 20);
  source.fetch(blob, sink, {});
  return sink.content;
}

}  // namespace

TEST_CASE("a small blob that was read is not fetched again for the copy") {
  const auto inner = std::make_shared<MemoryTarget>();
  const Descriptor blob = inner->add_blob("content", "type");
  CachingSource source(inner, std::make_shared<CacheBudget>(100));
  CHECK(source.read_blob(blob, 100, {}) == "content");
  CHECK(source.read_blob(blob, 100, {}) == "content");
  CHECK(fetched(source, blob) == "content");
  CHECK(read_all(*source.open(blob, 0, {}), 100) == "content");
  CHECK(opened(*inner) == 1);
}

TEST_CASE("blobs beyond the budget are passed through and not kept") {
  const auto inner = std::make_shared<MemoryTarget>();
  const Descriptor blob = inner->add_blob("content", "type");
  CachingSource source(inner, std::make_shared<CacheBudget>(3));
  CHECK(source.read_blob(blob, 100, {}) == "content");
  CHECK(fetched(source, blob) == "content");
  CHECK(opened(*inner) == 2);
}

TEST_CASE("only kept blobs count against the budget") {
  const auto inner = std::make_shared<MemoryTarget>();
  const Descriptor large = inner->add_blob("larger than the budget", "type");
  const Descriptor small = inner->add_blob("small", "type");
  const auto budget = std::make_shared<CacheBudget>(10);
  CachingSource source(inner, budget);
  static_cast<void>(source.read_blob(large, 100, {}));
  CHECK(*budget == 10);
  const Descriptor absent{.media_type = "type", .digest = sha256("absent"), .size = 6};
  CHECK_THROWS_AS(static_cast<void>(source.read_blob(absent, 100, {})), Error);
  CHECK(*budget == 10);
  static_cast<void>(source.read_blob(small, 100, {}));
  static_cast<void>(source.read_blob(small, 100, {}));
  CHECK(*budget == 5);
  CHECK(fetched(source, small) == "small");
  CHECK(opened(*inner) == 3);  // each once
}

TEST_CASE("a blob above the limit is refused unread") {
  const auto inner = std::make_shared<MemoryTarget>();
  const Descriptor blob = inner->add_blob("content", "type");
  CachingSource source(inner, std::make_shared<CacheBudget>(100));
  CHECK_THROWS_AS(static_cast<void>(source.read_blob(blob, 6, {})), Error);
  CHECK(opened(*inner) == 0);
}

TEST_CASE("a blob whose bytes do not match its digest is refused") {
  const auto inner = std::make_shared<MemoryTarget>();
  Descriptor blob = inner->add_blob("content", "type");
  blob.size = 6;
  CachingSource source(inner, std::make_shared<CacheBudget>(100));
  CHECK_THROWS_AS(static_cast<void>(source.read_blob(blob, 100, {})), Error);
}
