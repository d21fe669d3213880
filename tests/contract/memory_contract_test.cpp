#include <doctest/doctest.h>

#include "contract/store_contract.hpp"
#include "store/memory_target.hpp"

using namespace ociferry;

TEST_CASE("MemoryTarget keeps the contract of a store") {
  testing::check_store_contract([](const auto& use) {
    MemoryTarget memory;
    use({memory, memory, memory});
  });
}

TEST_CASE("MemoryTarget records what was read and written, in order") {
  MemoryTarget from;
  const Descriptor blob = from.add_blob("x", "application/octet-stream");
  MemoryTarget to;
  to.put_blob(blob, from, silent_progress(), {});
  to.put_blob(blob, from, silent_progress(), {});
  static_cast<void>(to.manifest("v1"));
  CHECK(to.operations() == std::vector<std::string>{"blob " + blob.digest.text(), "get v1"});
}
