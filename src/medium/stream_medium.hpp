#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "medium/medium.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// How much of a stream is kept, in bytes.
struct StreamLimits {
  /// From the beginning on, until `pass` is called: the table, manifests and configurations.
  std::uint64_t front = std::uint64_t{256} * 1024 * 1024;
  /// Of what has come last, so that a transfer that broke can be repeated.
  std::uint64_t window = std::uint64_t{64} * 1024 * 1024;
};

/// A medium whose bytes come once, in order. Until `pass` it keeps all of them, so that the beginning is read like any
/// other medium. From then on it keeps that beginning, and the last bytes of a window.
class StreamMedium : public Medium {
 public:
  StreamMedium(std::string name, std::unique_ptr<ByteSource> source, StreamLimits limits = {});
  ~StreamMedium() override;

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  /// The number of bytes that have come.
  [[nodiscard]] std::uint64_t size() const override;
  /// Waits for these bytes. Throws Error{Hostile} if more would have to be kept than the limit says, Error{Io} if they
  /// have come and are not kept; and what the source and the `tap` of `pass` throw, every time.
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override;
  [[nodiscard]] const StreamMedium* stream() const noexcept override { return this; }

  /// `tap` gets all bytes from the first one on, in order, each before anyone can read it: now those that are kept, and
  /// later each that comes. Call once.
  void pass(std::shared_ptr<ByteSink> tap) const;
  /// Waits until all bytes before `offset` have come, or the stream has ended. Call it after `pass`.
  void read_until(std::uint64_t offset) const;
  /// Waits for the end of the stream. Call it after `pass`.
  void read_to_end() const;
  /// How many bytes from the beginning on are kept.
  [[nodiscard]] std::uint64_t front_bytes() const;

 private:
  class Arrivals;

  std::string name_;
  std::unique_ptr<Arrivals> arrivals_;
};

}  // namespace ociferry
