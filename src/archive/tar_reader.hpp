#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "archive/tar_parser.hpp"
#include "ociferry/limits.hpp"
#include "ociferry/stream.hpp"

namespace ociferry {

/// What one member of a tar is.
struct TarMember {
  enum class Kind { File, Directory, Symlink, Hardlink, Other };  ///< Other: a device or a fifo
  std::string path;  ///< relative, checked by member_path(); "." is the root
  Kind kind = Kind::File;
  std::string link = {};   ///< a symlink's target as it is; a hard link's, checked by member_path()
  std::uint32_t mode = 0;  ///< as the header has it: mask it
  std::uint64_t size = 0;  ///< bytes of content; 0 for everything but files
  std::int64_t mtime = 0;  ///< seconds since 1970
};

/// Where a TarReader has its bytes from.
class TarInput : public ByteSource {
 public:
  /// Passes over `bytes`. Throws Error{Corrupt} if there are fewer.
  virtual void skip(std::uint64_t bytes) = 0;
};

/// Reads a tar's members in order, the one strict reading that there is: v7, ustar, GNU and PAX headers are read;
/// anything unusual or beyond the limits ends the reading with an Error that names the tar: Corrupt for damage,
/// truncation and bytes after the end, Hostile for names, sizes and kinds that a tar must not have. Members end with
/// two zero blocks; only zeros may follow. Not thread-safe; blocks as the input does.
class TarReader {
 public:
  /// Keeps a reference to `input`; `name` is for messages.
  TarReader(TarInput& input, std::string name, const UnpackLimits& limits = {})
      : name_(std::move(name)), input_(input), limits_(limits) {}

  /// The next member, or nullopt at the end; then the input has been read to its end. Skips unread content.
  [[nodiscard]] std::optional<TarMember> next();
  /// Reads on in the content of the current member; 0 only at its end (or for an empty buffer).
  [[nodiscard]] std::size_t read_data(MutableBytes buffer);
  /// Where the next byte is read, from the beginning of the tar. After `next`: of the member's content.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }

 private:
  /// What headers before a member say about it.
  struct Extensions {
    std::optional<std::string> path = {};
    std::optional<std::string> link = {};
    PaxRecords pax = {};
    bool has_pax = false;
    [[nodiscard]] bool any() const { return path || link || has_pax; }
  };

  [[nodiscard]] std::optional<TarMember> read_member();
  [[nodiscard]] std::optional<TarBlock> read_header();
  [[nodiscard]] bool absorb(const TarBlock& block, Extensions& extensions);
  [[nodiscard]] std::string read_extension(std::uint64_t size, std::uint64_t limit);
  [[nodiscard]] TarMember make_member(TarBlock block, Extensions extensions);
  void set_size(TarMember& member, const TarBlock& block, const PaxRecords& pax);
  void count(std::uint64_t name_bytes);
  void read_to_end();
  void skip_data();
  [[nodiscard]] std::size_t read_some(MutableBytes buffer);
  [[nodiscard]] std::size_t read_full(MutableBytes buffer);

  std::string name_;
  TarInput& input_;
  UnpackLimits limits_;
  std::uint64_t position_ = 0;
  std::uint64_t left_ = 0;     ///< of the current member's content
  std::uint64_t padding_ = 0;  ///< after it
  std::uint64_t members_ = 0;
  std::uint64_t name_bytes_ = 0;
};

}  // namespace ociferry
