#pragma once

#include <cstdint>
#include <string_view>

namespace ociferry {

/// Where a running command reports to. Implementations must be thread-safe and must not block for long;
/// texts may hold foreign bytes. The defaults do nothing, so a caller overrides only what it shows.
class Progress {
 public:
  virtual ~Progress() = default;
  /// A new phase begins; `total_bytes` will be moved in it (0: not known or not counted).
  virtual void phase(std::string_view /*name*/, std::uint64_t /*total_bytes*/) {}
  /// `bytes` more were moved; negative when a failed attempt is taken back.
  virtual void advance(std::int64_t /*bytes*/) {}
  /// Something happened that a user follows along with (one line, no newline).
  virtual void event(std::string_view /*line*/) {}
  /// Something the user should know even if all goes well.
  virtual void warn(std::string_view /*line*/) {}
  /// What was left out as it always is, and how to have it; may have several lines. A warning, unless it is overridden.
  virtual void notice(std::string_view lines) { warn(lines); }
  /// Detail for --debug; never holds a secret.
  virtual void debug(std::string_view /*line*/) {}
};

/// A Progress that shows nothing. Never destroyed before the program ends.
[[nodiscard]] Progress& silent_progress();

}  // namespace ociferry
