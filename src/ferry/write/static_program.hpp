#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace ociferry {

/// No program that is carried is larger, in bytes.
inline constexpr std::uint64_t kMostProgramBytes = 256 * 1024 * 1024;

/// What the headers of an ELF program say.
struct ElfProgram {
  std::string architecture;   ///< "amd64" or "arm64"
  bool needs_others = false;  ///< it needs a loader or shared libraries
};

/// nullopt if `bytes` are no whole program for Linux of one of these architectures.
[[nodiscard]] std::optional<ElfProgram> parse_elf(std::string_view bytes);

/// True if `bytes` are a program of ociferry, of any release from 0.2.0 on.
[[nodiscard]] bool is_ociferry(std::string_view bytes);

/// Throws Error{Usage} that says why, unless `bytes` are a static program of ociferry. Returns its architecture.
/// `name` is for messages.
[[nodiscard]] std::string check_static_program(std::string_view bytes, const std::string& name);

}  // namespace ociferry
