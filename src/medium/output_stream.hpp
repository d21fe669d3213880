#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// An output without seeking: a pipe, a tape, a socket, or a file that a shell has opened.
class OutputStream : public ByteSink {
 public:
  /// Writes to `fd`, which it does not own; messages call it `name`. `record`: the size of each write, as tapes demand
  /// it; 0: bytes are written as they come.
  OutputStream(int fd, std::string name, std::size_t record, std::stop_token stop);

  /// Blocks while the reader is slow. Throws Error{Io} if the reader has gone, or the device fails; Error{Space};
  /// Error{Interrupted}, at once if it is a pipe.
  void write(Bytes bytes) override;
  /// Writes what is left of the last record, filled up with zeros. Throws like `write`.
  void finish();
  /// How many bytes were written, those that fill up the last record included.
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }

 private:
  void put(Bytes bytes);
  [[nodiscard]] int target() const noexcept { return own_ ? own_.get() : fd_; }
  void wait() const;

  int fd_;
  std::string name_;
  std::size_t record_;
  std::stop_token stop_;
  UniqueFd own_;                  ///< the same pipe, opened anew so that writing to it need not block
  std::vector<std::byte> begun_;  ///< a record that is not full
  std::uint64_t written_ = 0;
};

}  // namespace ociferry
