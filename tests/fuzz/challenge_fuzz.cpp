// Whatever a server writes into WWW-Authenticate is read without a crash, and schemes and names come out in lower case.

#include <algorithm>

#include "fuzz.hpp"
#include "registry/challenge.hpp"

using namespace ociferry;

namespace {

bool has_capital(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<Challenge> challenges = parse_challenges({std::string(testing::fuzz_text(data, size))});
  for (const Challenge& challenge : challenges) {
    testing::require(!challenge.scheme.empty() && !has_capital(challenge.scheme), "a scheme is in lower case");
    for (const auto& [name, value] : challenge.parameters) {
      testing::require(!name.empty() && !has_capital(name), "a parameter's name is in lower case");
    }
  }
  const auto usable = usable_challenge(challenges);
  testing::require(!usable || usable->scheme == "basic" || usable->scheme == "bearer", "only known schemes are usable");
  return 0;
}
