#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "bundle/bundle.hpp"
#include "ociferry/error.hpp"

/// A locations file is refused, or written again, in either dialect, as a file that means the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ociferry::Locations locations;
  try {
    locations = ociferry::parse_locations(text);
  } catch (const ociferry::Error& error) {
    if (error.code() != ociferry::ErrorCode::Hostile) std::abort();
    return 0;
  }
  if (ociferry::parse_locations(to_seed_yaml(locations)) != locations) std::abort();
  // The released dialect has no place for repositories.
  for (ociferry::LocationEntry& entry : locations.entries) entry.repository.reset();
  if (ociferry::parse_locations(to_imgpkg_yaml(locations)) != locations) std::abort();
  return 0;
}
