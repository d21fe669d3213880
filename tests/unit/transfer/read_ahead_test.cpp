#include <doctest/doctest.h>

#include <deque>
#include <string>

#include "store/memory_target.hpp"
#include "stream/memory.hpp"
#include "support/error_of.hpp"
#include "transfer/read_ahead.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::uint64_t kAnySize = std::uint64_t{1} << 30;

/// Blobs in one order, and what they hold.
struct OrderedBlobs {
  std::shared_ptr<MemoryTarget> source = std::make_shared<MemoryTarget>();
  std::deque<Graph::BlobNode> nodes;
  std::vector<std::string> contents;

  void add(std::size_t size) {
    contents.emplace_back(size, static_cast<char>('a' + contents.size() % 26));
    contents.back() += std::to_string(contents.size());
    nodes.push_back({source->add_blob(contents.back(), "layer"), source});
  }
  [[nodiscard]] std::vector<const Graph::BlobNode*> in_order() const {
    std::vector<const Graph::BlobNode*> all;
    for (const Graph::BlobNode& node : nodes) all.push_back(&node);
    return all;
  }
};

}  // namespace

TEST_CASE("blobs come in order, small ones read ahead and large ones streamed, with any number of threads") {
  OrderedBlobs blobs;
  for (const int size : {10, 0, 5 << 20, 3 << 20, 4 << 20, 4 << 20, 4 << 20, 4 << 20, 4 << 20, 4 << 20, 4 << 20,
                         4 << 20, 4 << 20, 6 << 20, 1000}) {
    blobs.add(static_cast<std::size_t>(size));
  }
  for (const std::size_t jobs : {1U, 3U, 16U}) {
    ReadAhead ahead(blobs.in_order(), Jobs(jobs), {});
    for (std::size_t i = 0; i < blobs.nodes.size(); ++i) {
      CHECK(read_all(*ahead.open(i), kAnySize) == blobs.contents[i]);
    }
  }
}

TEST_CASE("a failure is thrown at its blob's turn, and a reader that stops early ends the threads") {
  OrderedBlobs blobs;
  for (int i = 0; i < 20; ++i) blobs.add(1000);
  blobs.nodes[7].descriptor = {.media_type = {}, .digest = blobs.nodes[7].descriptor.digest, .size = 999};
  ReadAhead ahead(blobs.in_order(), Jobs(4), {});
  for (std::size_t i = 0; i < 7; ++i) CHECK(read_all(*ahead.open(i), kAnySize) == blobs.contents[i]);
  CHECK(code_of([&] { static_cast<void>(ahead.open(7)); }) == ErrorCode::Corrupt);
}

TEST_CASE("a stop request ends reading ahead") {
  OrderedBlobs blobs;
  for (int i = 0; i < 40; ++i) blobs.add(2 << 20);
  std::stop_source stop;
  ReadAhead ahead(blobs.in_order(), Jobs(2), stop.get_token());
  static_cast<void>(read_all(*ahead.open(0), kAnySize));
  stop.request_stop();
  CHECK(code_of([&] {
          for (std::size_t i = 1; i < 40; ++i) static_cast<void>(ahead.open(i));
        }) == ErrorCode::Interrupted);
}
