#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

namespace ociferry {

/// Waits for standard input, and reads what is there; empty at its end. Throws Error{Interrupted} if `stop` is
/// requested, Error{Io}.
[[nodiscard]] std::string read_some_input(const std::stop_token& stop);

/// All of standard input; nullopt if it is larger than `limit` bytes. Throws as `read_some_input`.
[[nodiscard]] std::optional<std::string> read_standard_input(std::uint64_t limit, const std::stop_token& stop);

}  // namespace ociferry
