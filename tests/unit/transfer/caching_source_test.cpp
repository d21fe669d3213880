#include "transfer/caching_source.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "ociferry/error.hpp"
#include "store/memory_target.hpp"
#include "stream/memory.hpp"

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

TEST_CASE("a small blob that was looked at is not fetched again to be copied") {
  const auto inner = std::make_shared<MemoryTarget>();
  const Descriptor blob = inner->add_blob("content", "type");
  CachingSource source(inner, std::make_shared<CacheBudget>(100));
  CHECK(source.read_blob(blob, 100, {}) == "content");
  CHECK(source.read_blob(blob, 100, {}) == "content");
  CHECK(fetched(source, blob) == "content");
  CHECK(read_all(*source.open(blob, 0, {}), 100) == "content");
  CHECK(opened(*inner) == 1);
}

TEST_CASE("what the budget does not allow is passed through and not kept") {
  const auto inner = std::make_shared<MemoryTarget>();
  const Descriptor blob = inner->add_blob("content", "type");
  CachingSource source(inner, std::make_shared<CacheBudget>(3));
  CHECK(source.read_blob(blob, 100, {}) == "content");
  CHECK(fetched(source, blob) == "content");
  CHECK(opened(*inner) == 2);
}

TEST_CASE("a blob larger than its use allows is refused unread") {
  const auto inner = std::make_shared<MemoryTarget>();
  const Descriptor blob = inner->add_blob("content", "type");
  CachingSource source(inner, std::make_shared<CacheBudget>(100));
  CHECK_THROWS_AS(static_cast<void>(source.read_blob(blob, 6, {})), Error);
  CHECK(opened(*inner) == 0);
}

TEST_CASE("a blob whose bytes do not fit its digest is not believed") {
  const auto inner = std::make_shared<MemoryTarget>();
  Descriptor blob = inner->add_blob("content", "type");
  blob.size = 6;
  CachingSource source(inner, std::make_shared<CacheBudget>(100));
  CHECK_THROWS_AS(static_cast<void>(source.read_blob(blob, 100, {})), Error);
}
