#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "archive/sparse_map.hpp"
#include "archive/tar_header.hpp"
#include "archive/tar_parser.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"
#include "stream/stream.hpp"

namespace ociferry {

/// What one member of a tar is.
struct TarMember {
  enum class Kind { File, Directory, Symlink, Hardlink, Other };  ///< Other: a device or a fifo
  std::string path;  ///< relative, as member_path() cleans it; "." is the root; empty where that refuses the name
  Kind kind = Kind::File;
  std::string link = {};     ///< a symlink's target as it is; a hard link's, cleaned by member_path()
  std::uint32_t mode = 0;    ///< as the header has it: mask it
  std::uint64_t size = 0;    ///< bytes of content, holes included; 0 for everything but files
  std::uint64_t stored = 0;  ///< bytes of content that the tar holds: fewer than `size` for a file with holes
  std::int64_t mtime = 0;    ///< seconds since 1970
  std::optional<std::uint64_t> uid = {};  ///< of its owner and group; absent if the tar does not say it
  std::optional<std::uint64_t> gid = {};
  char special = 0;  ///< of Kind::Other: 'c', 'b' or 'p'
  /// Why the member must not be unpacked, although its bytes can be skipped: a name or target that leads out, an
  /// unknown kind, a contradictory map of holes. Empty: it may be unpacked.
  std::string objection = {};

  /// Throws Error{Hostile} if there is an objection.
  void check() const;
};

/// The input of a TarReader.
class TarInput : public ByteSource {
 public:
  /// Skips `bytes` bytes, or all that are left. Returns the number skipped.
  [[nodiscard]] virtual std::uint64_t skip(std::uint64_t bytes) = 0;
};

/// Reads a tar's members in order, for all formats: v7, ustar, GNU and PAX headers, and files with holes
/// in all forms of GNU tar (which bsdtar writes too). Volume labels are skipped.
///
/// The end is two zero blocks, one, or none: content with a digest is not truncated, and many writers omit the blocks.
/// Within a member it is an error. Bytes after the end are not part of the tar, and counted (`bytes_behind_end`).
///
/// Throws Errors that name the tar: ErrorReason::NotTar if it does not begin as one, Error{Corrupt} for damaged headers
/// and an end within a member, Error{Hostile} for what readers would disagree about, or beyond the limits. Not
/// thread-safe; blocks as the input does.
class TarReader {
 public:
  /// Keeps a reference to `input`; `name` is for messages. `no_tar` is the code of the error for what is no tar.
  TarReader(TarInput& input, std::string name, const UnpackLimits& limits = {}, ErrorCode no_tar = ErrorCode::Corrupt)
      : name_(std::move(name)), input_(input), limits_(limits), no_tar_(no_tar) {}

  /// The next member, or nullopt at the end; then the input has been read to its end. Skips unread content.
  [[nodiscard]] std::optional<TarMember> next();
  /// Reads on in the content of the current member, holes as zeros; 0 only at its end (or for an empty buffer).
  [[nodiscard]] std::size_t read_data(MutableBytes buffer);
  /// Passes over the hole that comes next in the current member. Returns its length; 0 if data comes next, or the end.
  [[nodiscard]] std::uint64_t skip_hole();
  /// How many of the current member's stored bytes have not been read.
  [[nodiscard]] std::uint64_t stored_left() const noexcept { return left_; }
  /// Where the next byte is read, from the beginning of the tar. After `next`: of the member's content.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  /// How many bytes, not all of them zero, lie behind the end. Other programs do not look at them either.
  [[nodiscard]] std::uint64_t bytes_behind_end() const noexcept { return behind_end_; }
  /// True if the zero blocks that should end a tar were found.
  [[nodiscard]] bool found_end() const noexcept { return found_end_; }

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
  static void set_names(TarMember& member, std::string name);
  void set_size(const std::string& name, const TarMember& member, const TarBlock& block, const PaxRecords& pax);
  void set_content(TarMember& member, std::optional<SparseMap> map, const SparseRecords& records);
  [[nodiscard]] SparseMap read_gnu_map();
  [[nodiscard]] SparseMap read_pax_map(const SparseRecords& sparse);
  void count(std::uint64_t name_bytes);
  void read_to_end();
  void skip_data();
  [[nodiscard]] std::size_t read_some(MutableBytes buffer);
  [[nodiscard]] std::size_t read_full(MutableBytes buffer);

  std::string name_;
  TarInput& input_;
  UnpackLimits limits_;
  ErrorCode no_tar_;
  std::array<std::byte, kTarBlock> header_{};  ///< the last one read
  std::uint64_t position_ = 0;
  std::uint64_t left_ = 0;     ///< of the current member's stored content
  std::uint64_t padding_ = 0;  ///< after it
  SparseCursor content_;       ///< where in the file `left_` goes on
  std::uint64_t members_ = 0;
  std::uint64_t name_bytes_ = 0;
  std::uint64_t behind_end_ = 0;
  bool found_end_ = false;
};

}  // namespace ociferry
