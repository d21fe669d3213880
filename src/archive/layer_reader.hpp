#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "archive/tar_parser.hpp"
#include "archive/unpacker.hpp"
#include "ociferry/stream.hpp"

namespace ociferry {

/// What one member of a layer is.
struct LayerMember {
  enum class Kind { File, Directory, Symlink, Hardlink, Other };  ///< Other: a device or a fifo
  std::string path;  ///< relative, checked by member_path(); "." is the root
  Kind kind = Kind::File;
  std::string link = {};   ///< a symlink's target as it is; a hard link's, checked by member_path()
  std::uint32_t mode = 0;  ///< as the header has it: mask it
  std::uint64_t size = 0;  ///< bytes of content; 0 for everything but files
  std::int64_t mtime = 0;  ///< seconds since 1970
};

/// Reads a layer's members in order: a tar archive as it is, in gzip or in zstd (image-spec, layer.md). v7, ustar, GNU
/// and PAX headers are read; anything unusual or beyond the limits ends the reading with an Error that names the
/// layer: Corrupt for damage, truncation and bytes after the end, Hostile for names, sizes and kinds that layers must
/// not have. Members end with two zero blocks; only zeros may follow. Not thread-safe; blocks as the layer does.
class LayerReader {
 public:
  /// Keeps a reference to `layer`, its raw bytes; `name` is for messages.
  LayerReader(ByteSource& layer, std::string name);

  /// The next member, or nullopt at the end; then `layer` has been read to its end. Skips unread content.
  [[nodiscard]] std::optional<LayerMember> next();
  /// Reads on in the content of the current member; 0 only at its end (or for an empty buffer).
  [[nodiscard]] std::size_t read_data(MutableBytes buffer);

 private:
  /// What headers before a member say about it.
  struct Extensions {
    std::optional<std::string> path = {};
    std::optional<std::string> link = {};
    PaxRecords pax = {};
    bool has_pax = false;
    [[nodiscard]] bool any() const { return path || link || has_pax; }
  };

  [[nodiscard]] std::optional<LayerMember> read_member();
  [[nodiscard]] std::optional<TarBlock> read_header();
  [[nodiscard]] bool absorb(const TarBlock& block, Extensions& extensions);
  [[nodiscard]] std::string read_extension(std::uint64_t size, std::uint64_t limit);
  [[nodiscard]] LayerMember make_member(TarBlock block, Extensions extensions);
  void set_size(LayerMember& member, const TarBlock& block, const PaxRecords& pax);
  void count(std::uint64_t name_bytes);
  void read_to_end();
  void skip_data();
  [[nodiscard]] std::size_t read_some(MutableBytes buffer);
  [[nodiscard]] std::size_t read_full(MutableBytes buffer);

  std::string name_;
  Unpacker unpacker_;
  std::uint64_t position_ = 0;  ///< in the unpacked tar
  std::uint64_t left_ = 0;      ///< of the current member's content
  std::uint64_t padding_ = 0;   ///< after it
  std::uint64_t members_ = 0;
  std::uint64_t name_bytes_ = 0;
};

/// The content of the first regular file whose path `fits`, or nullopt if there is none. The layer is read to its end
/// in either case, so that a VerifyingSource has proved all of it. Throws Error as LayerReader does, and
/// Error{Hostile} if the file is larger than `limit` bytes.
[[nodiscard]] std::optional<std::string> find_file(ByteSource& layer,
                                                   const std::function<bool(std::string_view path)>& fits,
                                                   std::uint64_t limit, const std::string& name);

}  // namespace ociferry
