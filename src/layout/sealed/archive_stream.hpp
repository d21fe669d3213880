#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "layout/sealed/archive_plan.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// The bytes of an archive in their order, made from its plan and its blobs: the same that `ArchiveWriter` puts into a
/// file.
class ArchiveStream : public ByteSource {
 public:
  /// Opens the blob with this index among the plan's blobs, for reading it once. The stream must give exactly the bytes
  /// of the blob, or throw. Called in the order of the blobs, when it is a blob's turn.
  using OpenBlob = std::function<std::unique_ptr<ByteSource>(std::size_t blob)>;

  ArchiveStream(ArchivePlan plan, OpenBlob open) : plan_(std::move(plan)), open_(std::move(open)) { begin_member(); }

  /// Throws what `open` and the blobs throw.
  [[nodiscard]] std::size_t read(MutableBytes buffer) override;

 private:
  void begin_member();
  [[nodiscard]] std::size_t read_blob(MutableBytes buffer);

  ArchivePlan plan_;
  OpenBlob open_;
  std::size_t index_ = 0;  ///< of the member that is being read; their number: the end of the tar
  std::string ready_;      ///< bytes that come next
  std::size_t given_ = 0;  ///< of them
  std::unique_ptr<ByteSource> blob_;
  bool is_in_blob_ = false;  ///< once `ready_` is given, the blob comes
};

}  // namespace ociferry
