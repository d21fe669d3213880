#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "layout/sealed/archive_plan.hpp"
#include "stream/sha256.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// Checks the bytes of a sealed archive in order, from the first to the last: headers, files and zeros are compared
/// with the plan, blobs are hashed. Wrong bytes are refused at once; those of a blob at its end.
class StreamCheck : public ByteSink {
 public:
  /// `plan` must outlive it. `name` is what messages call the archive.
  StreamCheck(const ArchivePlan& plan, std::string name) : plan_(plan), name_(std::move(name)) {}

  /// The next bytes. Behind the end of the tar come zeros at most, which fill up the last record of a tape. Throws
  /// Error{Corrupt} naming the member and the offset.
  void write(Bytes bytes) override;
  /// The stream has ended. Throws Error{Corrupt} if something is missing.
  void finish() const;

 private:
  [[nodiscard]] std::size_t take_header(std::string_view bytes);
  [[nodiscard]] std::size_t take_content(Bytes bytes);
  [[nodiscard]] std::size_t take_padding(std::string_view bytes);
  [[nodiscard]] std::size_t take_end(std::string_view bytes);
  [[nodiscard]] const ArchiveMember& member() const { return plan_.members[index_]; }
  void end_blob();

  const ArchivePlan& plan_;
  std::string name_;
  std::uint64_t position_ = 0;
  std::size_t index_ = 0;  ///< of the member at the position; their number: behind the last one
  std::string header_;     ///< of that member, as far as it has come
  std::optional<Hasher> hasher_;
};

}  // namespace ociferry
