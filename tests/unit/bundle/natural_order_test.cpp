#include "bundle/natural_order.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace ociferry;

namespace {

/// Sorts `keys` from several starting orders; true if they always end as given.
bool is_order(const std::vector<std::string>& keys) {
  std::vector<std::string> rotated = keys;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::rotate(rotated.begin(), rotated.begin() + 1, rotated.end());
    std::vector<std::string> sorted = rotated;
    sort_naturally(sorted);
    if (sorted != keys) return false;
    std::ranges::reverse(sorted);
    sort_naturally(sorted);
    if (sorted != keys) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("digits in keys compare as numbers") {
  CHECK(is_order({"a", "a1", "a2", "a9", "a10", "a100", "a100b"}));
  CHECK(is_order({"1", "2", "10", "19", "100"}));
  CHECK(is_order({"a1", "a01", "a001", "a2", "a02"}));
  CHECK(is_order({"v1.2", "v1.9", "v1.10", "v2.0"}));
  CHECK(is_order({"x99999999999999999999999", "x100000000000000000000000"}));
}

TEST_CASE("punctuation comes before digits, digits before letters, capitals before small letters") {
  CHECK(is_order({"a.b", "a/b", "a_b", "a1", "aB", "ab"}));
  CHECK(is_order({"", " ", "0", "A", "Z", "a", "z", "\xC3\xA9", "\xD0\xB6"}));
  CHECK(is_order({"B", "long", "long2", "long3", "ml", "ml2"}));
  CHECK(is_order({"x\xE2\x82\xAC", "x1", "xa", "x\xC3\xA4"}));
}

TEST_CASE("sorting keeps every key and is deterministic, although the order is not transitive") {
  std::vector<std::string> keys;
  for (int i = 0; i < 100; ++i) {
    for (const char* key : {"01", "0a", "1", "00", "0", "1a"}) keys.push_back(std::string(key) + std::to_string(i));
  }
  std::vector<std::string> sorted = keys;
  sort_naturally(sorted);
  std::vector<std::string> again(keys.rbegin(), keys.rend());
  sort_naturally(again);
  CHECK(again == sorted);
  std::ranges::sort(keys);
  std::ranges::sort(sorted);
  CHECK(keys == sorted);
}

TEST_CASE("sorting an empty list and one key works") {
  std::vector<std::string> none;
  sort_naturally(none);
  CHECK(none.empty());
  CHECK(is_order({"a"}));
}
