#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "base/fd.hpp"
#include "medium/stream_medium.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// Reads a pipe, a tape or a socket.
class InputStream : public ByteSource {
 public:
  /// Takes over `fd`; messages call it `name`.
  InputStream(UniqueFd fd, std::string name, std::stop_token stop);
  /// Waits for bytes. Each is the read of one record, if it is a tape. Throws Error{Io}, Error{Interrupted}.
  [[nodiscard]] std::size_t read(MutableBytes buffer) override;

 private:
  UniqueFd fd_;
  std::string name_;
  std::stop_token stop_;
  std::uint64_t read_ = 0;
};

/// What messages call standard input.
inline constexpr const char* kStandardInput = "standard input";

/// True for "-" and the paths that lead to the same.
[[nodiscard]] bool is_standard_input(const std::filesystem::path& path);

/// What `path` gives in order only: standard input ("-"), a named pipe, a tape. Empty if it is something else: a file,
/// also one that standard input was redirected from, or a directory. Throws Error{Usage} for a terminal, Error{Io}.
[[nodiscard]] std::unique_ptr<StreamMedium> open_input_stream(const std::filesystem::path& path,
                                                              const std::stop_token& stop);

}  // namespace ociferry
