#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "base/system_calls.hpp"

namespace ociferry::testing {

/// What shall happen to which call: "KIND:N:WHAT", or "KIND:N+:WHAT" for the Nth and all later ones. KIND is "any" or
/// a name of kKindNames, WHAT a number (errno), "short", "kill", "torn": a write of half the bytes, then "kill", or
/// "stop": the process stops before the call, until somebody continues it.
struct CallFault {
  std::optional<calls::Kind> kind = {};
  std::size_t number = 0;
  bool and_later = false;
  std::string what = {};
};
[[nodiscard]] CallFault parse_call_fault(const std::string& text);

inline constexpr std::array<const char*, 16> kKindNames{
    "open",   "read",  "write", "sync", "reserve",    "truncate", "rename", "close",
    "remove", "mkdir", "link",  "lock", "attributes", "connect",  "send",   "receive"};

/// Watches a process's calls as its environment says: OCIFERRY_CALLS_FAULT, a CallFault; OCIFERRY_CALLS_HIT, a file
/// that is made when it happens; OCIFERRY_CALLS_LOG, a file that all calls are written to (see call_log.hpp), with
/// OCIFERRY_CALLS_DATA also what was written.
class CallScript : public calls::Observer {
 public:
  CallScript();
  calls::Verdict before(const calls::Call& call) noexcept override;
  void after(const calls::Call& call, std::int64_t result) noexcept override;

 private:
  [[nodiscard]] bool is_meant(const calls::Call& call) noexcept;
  void tell_of_hit() const noexcept;
  void log(const calls::Call& call, std::int64_t result) noexcept;

  std::optional<CallFault> fault_;
  std::string hit_file_;
  int log_ = -1;
  bool logs_data_ = false;
  std::mutex mutex_;
  std::size_t seen_ = 0;
};

}  // namespace ociferry::testing
