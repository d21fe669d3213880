#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "archive/tar_reader.hpp"
#include "archive/unpacker.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// What one member of a layer is.
using LayerMember = TarMember;

/// Reads a layer's members in order, as TarReader does: of a tar as it is, in gzip or in zstd (image-spec, layer.md).
class LayerReader {
 public:
  /// Keeps a reference to `layer`, its raw bytes; `name` is for messages.
  LayerReader(ByteSource& layer, const std::string& name, const UnpackLimits& limits = {})
      : input_(layer, name, limits), tar_(input_, name, limits, ErrorCode::Usage) {}

  /// As TarReader::next; at the end, `layer` has been read to its end too. Throws ErrorReason::NotTar also for what is
  /// packed in another way.
  [[nodiscard]] std::optional<LayerMember> next();
  /// As TarReader::read_data.
  [[nodiscard]] std::size_t read_data(MutableBytes buffer) { return tar_.read_data(buffer); }
  /// As TarReader::skip_hole. Holes count as what is unpacked does: throws Error{Hostile} beyond the limits.
  [[nodiscard]] std::uint64_t skip_hole();
  /// Of the tar and of the packed data that it is in.
  [[nodiscard]] std::uint64_t bytes_behind_end() const {
    return tar_.bytes_behind_end() + input_.unpacker().bytes_behind_end();
  }

 private:
  /// Skips content by unpacking it.
  class UnpackedInput : public TarInput {
   public:
    UnpackedInput(ByteSource& layer, const std::string& name, const UnpackLimits& limits)
        : unpacker_(layer, name, limits) {}
    [[nodiscard]] std::size_t read(MutableBytes buffer) override { return unpacker_.read(buffer); }
    [[nodiscard]] std::uint64_t skip(std::uint64_t bytes) override;
    [[nodiscard]] Unpacker& unpacker() { return unpacker_; }
    [[nodiscard]] const Unpacker& unpacker() const { return unpacker_; }

   private:
    Unpacker unpacker_;
  };

  UnpackedInput input_;
  TarReader tar_;
};

/// The content of the first regular file whose path `fits`, or nullopt if there is none. The layer is read to its end
/// in either case, so that a VerifyingSource has proved all of it. Other members may be what must not be unpacked.
/// Throws Error as LayerReader does, and Error{Hostile} if the file is larger than `limit` bytes.
[[nodiscard]] std::optional<std::string> find_file(ByteSource& layer,
                                                   const std::function<bool(std::string_view path)>& fits,
                                                   std::uint64_t limit, const std::string& name,
                                                   const UnpackLimits& unpack = {});

}  // namespace ociferry
