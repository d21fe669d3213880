#include "ferry/deliver/tally.hpp"

#include <doctest/doctest.h>

#include "contract/store_contract.hpp"
#include "store/memory_target.hpp"

using namespace ociferry;

TEST_CASE("Tally keeps the contract of a store") {
  testing::check_store_contract([](const auto& use) {
    MemoryTarget memory;
    Tally tally(memory);
    use({memory, tally, memory});
  });
}
