#pragma once

// Whether a sanitizer of addresses or threads is built in: these have threads, files and memory of their own, which
// limits and measurements of the program's must not count. GCC tells by macros, clang by __has_feature.

namespace ociferry::testing {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace ociferry::testing
