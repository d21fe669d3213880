// Whatever a registry writes into Link is read to its end or refused, and what comes out stood between < and >.

#include "fuzz.hpp"
#include "ociferry/error.hpp"
#include "registry/link_header.hpp"

using namespace ociferry;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string field(testing::fuzz_text(data, size));
  try {
    const auto link = next_link({{"Link", field}});
    testing::require(!link || field.find("<" + *link + ">") != std::string::npos, "a target is part of its field");
  } catch (const Error& error) {
    testing::require(error.code() == ErrorCode::Hostile, "a malformed field is refused as hostile");
  }
  return 0;
}
