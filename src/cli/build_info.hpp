#pragma once

#include <string_view>

namespace ociferry {

/// How this program was built. Texts last as long as the program.
struct BuildInfo {
  std::string_view compiler;
  std::string_view build_type;  ///< Meson's
  std::string_view hardening;   ///< flags of compiler and linker
  std::string_view built_with;  ///< libraries whose version at run time is that of the build
};
[[nodiscard]] BuildInfo build_info() noexcept;

}  // namespace ociferry
