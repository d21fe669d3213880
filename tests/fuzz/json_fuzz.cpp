// Whatever Json::parse accepts, both ways of writing it read back as the same value.

#include "fuzz.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Json value;
  try {
    value = Json::parse(testing::fuzz_text(data, size), "input");
  } catch (const Error& error) {
    testing::require(error.code() == ErrorCode::Hostile, "a parse failure is Hostile");
    return 0;
  }
  testing::require(Json::parse(value.dump(), "dump") == value, "dump reads back");
  testing::require(Json::parse(value.dump_pretty(), "pretty dump") == value, "dump_pretty reads back");
  return 0;
}
