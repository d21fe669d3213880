#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "ociferry/export.hpp"

namespace ociferry {

struct MovedTag;

/// A pause before a request is retried.
struct Wait {
  std::string_view peer;    ///< the registry, as SCHEME://HOST:PORT
  std::string_view reason;  ///< the response, or why the connection failed
  bool requested = false;   ///< the registry limits the rate of requests; otherwise a back-off after a failure
  std::chrono::milliseconds time{0};
};

/// Receives the progress of a command. Called by several threads at once: implementations must be thread-safe. They
/// must neither block for long nor throw. Texts may contain control characters from outside, and last as long as the
/// call. The defaults do nothing.
class OCIFERRY_EXPORT Progress {
 public:
  virtual ~Progress() = default;
  /// A new phase begins, in which `total_bytes` will be transferred (0: not known or not counted).
  virtual void phase(std::string_view /*name*/, std::uint64_t /*total_bytes*/) {}
  /// `bytes` more were transferred; negative when a failed attempt is discarded.
  virtual void advance(std::int64_t /*bytes*/) {}
  /// `bytes` of the phase exist at the destination already; negative when that proves wrong. They count as progress,
  /// but not for the speed.
  virtual void skip(std::int64_t bytes) { advance(bytes); }
  /// A request waits before it is retried. Several can wait at the same time.
  virtual void wait(const Wait& /*wait*/) {}
  /// A step that the user should see (one line, no newline).
  virtual void event(std::string_view /*line*/) {}
  /// A warning (one line, no newline).
  virtual void warn(std::string_view /*line*/) {}
  /// What was left out by default, and the option to include it; may have several lines. A warning by default.
  virtual void notice(std::string_view lines) { warn(lines); }
  /// A tag of a registry was moved. Called right after that, even if the command fails later.
  virtual void moved(const MovedTag& /*tag*/) {}
  /// Detail for --debug; never contains a secret.
  virtual void debug(std::string_view /*line*/) {}
};

/// A Progress that shows nothing. Never destroyed before the program ends.
[[nodiscard]] OCIFERRY_EXPORT Progress& silent_progress();

}  // namespace ociferry
