#include "cli/build_info.hpp"

namespace ociferry {

namespace {

#if defined(__clang__)
constexpr std::string_view kCompiler = "clang " __clang_version__;
#elif defined(__GNUC__)
constexpr std::string_view kCompiler = "GCC " __VERSION__;
#else
constexpr std::string_view kCompiler = "unknown";
#endif

}  // namespace

BuildInfo build_info() noexcept {
  return {.compiler = kCompiler,
          .build_type = OCIFERRY_BUILD_TYPE,
          .hardening = OCIFERRY_HARDENING,
          .built_with = OCIFERRY_BUILT_WITH};
}

}  // namespace ociferry
