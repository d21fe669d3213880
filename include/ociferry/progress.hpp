#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace ociferry {

struct MovedTag;

/// Why a request is not repeated at once.
struct Wait {
  std::string_view peer;    ///< the registry, as HOST:PORT behind its scheme
  std::string_view reason;  ///< the answer, or how the connection failed
  bool requested = false;   ///< the registry said that we come too often; otherwise it is our own pause after a failure
  std::chrono::milliseconds time{0};
};

/// Where a running command reports to. Implementations must be thread-safe and must not block for long;
/// texts may hold foreign bytes. The defaults do nothing, so a caller overrides only what it shows.
class Progress {
 public:
  virtual ~Progress() = default;
  /// A new phase begins; `total_bytes` will be moved in it (0: not known or not counted).
  virtual void phase(std::string_view /*name*/, std::uint64_t /*total_bytes*/) {}
  /// `bytes` more were moved; negative when a failed attempt is taken back.
  virtual void advance(std::int64_t /*bytes*/) {}
  /// `bytes` of the phase are there already and need not move; negative when that turns out to be wrong. They count for
  /// how far it is, not for how fast.
  virtual void skip(std::int64_t bytes) { advance(bytes); }
  /// A request waits before it is made again. Many may wait at the same time.
  virtual void wait(const Wait& /*wait*/) {}
  /// Something happened that a user follows along with (one line, no newline).
  virtual void event(std::string_view /*line*/) {}
  /// Something the user should know even if all goes well.
  virtual void warn(std::string_view /*line*/) {}
  /// What was left out as it always is, and how to have it; may have several lines. A warning, unless it is overridden.
  virtual void notice(std::string_view lines) { warn(lines); }
  /// A tag of a registry was moved. Called right after that, so it is true even if the command fails later.
  virtual void moved(const MovedTag& /*tag*/) {}
  /// Detail for --debug; never holds a secret.
  virtual void debug(std::string_view /*line*/) {}
};

/// A Progress that shows nothing. Never destroyed before the program ends.
[[nodiscard]] Progress& silent_progress();

}  // namespace ociferry
