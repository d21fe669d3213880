#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "bundle/bundle.hpp"
#include "ociferry/error.hpp"

namespace {

template <typename Lock>
void check(std::string_view text) {
  Lock lock;
  try {
    lock = Lock::parse(text);
  } catch (const ociferry::Error& error) {
    if (error.code() != ociferry::ErrorCode::Hostile) std::abort();
    return;
  }
  if (Lock::parse(lock.to_yaml()) != lock) std::abort();
}

}  // namespace

/// A lock file is refused, or written again as a file that means the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check<ociferry::ImagesLock>(text);
  check<ociferry::BundleLock>(text);
  return 0;
}
