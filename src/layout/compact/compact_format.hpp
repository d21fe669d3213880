#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/sizes.hpp"
#include "layout/compact_beginning.hpp"
#include "ociferry/descriptor.hpp"
#include "ociferry/digest.hpp"

/// The form of compact archives: docs/archive-format.md, "Compact archives". A compact archive is one zstd frame of a
/// tar, whose members give the bytes of a sealed archive, the plain archive, one after the other.
namespace ociferry::compact {

/// Of the first member, the header: kHeaderFile.
inline constexpr std::uint64_t kMostHeaderBytes = 4 * kMiB;
/// The members after it list which ranges of the unpacked layers of other archives are taken, one member for each of
/// these layers: "ranges/NUMBER".
inline constexpr std::string_view kRangesPrefix = "ranges/";
inline constexpr std::uint64_t kMostRangesBytes = 8 * kMiB;  ///< of all layers
inline constexpr std::size_t kMostRanges = 1'000'000;        ///< the same
/// The most bytes of the plain archive in one member.
inline constexpr std::size_t kMostPlainBytes = kMiB;
/// Contents of files below this size are not searched in other layers: a reference would be as long.
inline constexpr std::uint64_t kLeastContentBytes = 256;

/// Layers of other archives that are needed to read it.
struct Base {
  std::vector<Digest> archives = {};   ///< fingerprints of those archives
  std::vector<Descriptor> blobs = {};  ///< their layers: digest and size
};

struct Header {
  std::uint64_t archive_bytes = 0;  ///< length of the plain archive
  Digest fingerprint;               ///< of the plain archive: the digest of its seal
  std::uint64_t kept_bytes = 0;     ///< that the reader must keep, since they occur again
  std::uint64_t piece_bytes = 0;    ///< the most that a piece of a layer unpacks to
  Base base = {};
};
[[nodiscard]] std::string write_header(const Header& header);
/// `what` is what messages begin with. Throws Error{Hostile} if a newer ociferry wrote it, Error{Corrupt}.
[[nodiscard]] Header read_header(std::string_view text, const std::string& what);

/// What a member is.
enum class MemberKind {
  Plain,  ///< bytes of the plain archive as they are: "plain/OFFSET"
  Tar,    ///< a piece of a layer that is no compressed one: "tar/BLOB/PIECE-of-PIECES"
  Gzip,   ///< a piece of a layer that was compressed with gzip: "gzip/BLOB/PIECE-of-PIECES"
  Whole,  ///< a blob that is the same in the base: "whole/BLOB"; its content is the number of that blob, in digits
};
struct MemberName {
  MemberKind kind = MemberKind::Plain;
  std::uint64_t number = 0;  ///< Plain: the offset; else which blob of the plain archive, from 0 on
  std::uint64_t piece = 0;   ///< of Tar and Gzip, from 1 on
  std::uint64_t pieces = 0;

  friend bool operator==(const MemberName&, const MemberName&) = default;
};
[[nodiscard]] std::string write_name(const MemberName& name);
/// nullopt if it is none.
[[nodiscard]] std::optional<MemberName> read_name(std::string_view name);

/// Bytes of an unpacked layer.
struct Range {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;

  friend bool operator==(const Range&, const Range&) = default;
};
/// In order, without overlaps.
[[nodiscard]] std::vector<std::byte> write_ranges(const std::vector<Range>& ranges);
/// Throws Error{Corrupt} starting with `what`, also for more than `most`, and for one of no bytes.
[[nodiscard]] std::vector<Range> read_ranges(Bytes bytes, std::size_t most, const std::string& what);

/// Where bytes of a piece come from.
struct Step {
  enum class Kind {
    New = 0,     ///< they are in the record
    Kept = 1,    ///< the same, and are kept: they are appended to what is kept
    Copy = 2,    ///< from what is kept
    Differ = 3,  ///< from what is kept, each byte added to one in the record
  };
  Kind kind = Kind::New;
  std::uint64_t bytes = 0;
  std::uint64_t from = 0;  ///< Copy, Differ: offset in what is kept

  friend bool operator==(const Step&, const Step&) = default;
};

/// A piece of a layer.
struct Record {
  std::vector<Step> steps;
  Bytes recipe;  ///< how it was compressed; empty for a tar
  Bytes fresh;   ///< the new bytes, in order
};
[[nodiscard]] std::vector<std::byte> write_record(const Record& record);
/// The parts of the result are within `bytes`. Throws Error{Corrupt} starting with `what`, also if the steps give more
/// than `most` bytes.
[[nodiscard]] Record read_record(Bytes bytes, std::size_t most, const std::string& what);

}  // namespace ociferry::compact
