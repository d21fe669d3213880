#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/in_order.hpp"
#include "layout/compact/compact_format.hpp"
#include "layout/compact_base.hpp"
#include "medium/kept_bytes.hpp"
#include "ociferry/limits.hpp"
#include "recipe/gzip_recipe.hpp"
#include "stream/stream.hpp"

namespace ociferry::compact {

/// The bytes of the plain archive, from the bytes of a compact one, in one pass: layers are compressed again on several
/// threads. Memory is bounded, whatever the input: kMostMemory. What it gives is checked for its length only: the
/// digests of the plain archive cover all that matters.
class CompactReader : public ByteSource {
 public:
  /// Reads the header. `packed`: from the first byte on; `name`: of the archive, for messages. Throws Error{Corrupt},
  /// Error{Hostile} if a newer ociferry wrote it; Error{Space} if there is no room for what must be kept.
  CompactReader(std::unique_ptr<ByteSource> packed, std::string name, const UnpackLimits& limits,
                const std::filesystem::path& temporary_directory, std::stop_token stop = {});
  ~CompactReader() override;

  [[nodiscard]] const Header& header() const noexcept { return header_; }
  /// The base; null if there is none. Its holders must be set before the first layer is read.
  [[nodiscard]] std::shared_ptr<CompactBase> base() const noexcept { return base_; }
  /// Throws Error{Corrupt} where the archive is damaged or cut, Error{Hostile} beyond the limits, Error{Incomplete} if
  /// the base has no holders, Error{Space}, Error{Io}, Error{Interrupted}, and what opening the base throws.
  [[nodiscard]] std::size_t read(MutableBytes buffer) override;

  /// In bytes: the window of zstd, and the pieces in progress.
  static constexpr std::uint64_t kMostMemory = std::uint64_t{256} * 1024 * 1024;

 private:
  /// The next part of the plain archive.
  struct Part {
    MemberName name;
    std::vector<std::byte> bytes = {};    ///< as they are, or to be compressed with `recipe`
    std::vector<std::byte> recipe = {};   ///< of Gzip
    std::vector<std::byte> history = {};  ///< of the layer, what is before `bytes`
  };
  struct Given {
    MemberName name;
    std::vector<std::byte> bytes = {};  ///< of Plain and Tar
    BitRun bits = {};                   ///< of Gzip
  };
  /// Collects what the joiner gives.
  class Collected : public ByteSink {
   public:
    void write(Bytes bytes) override { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    std::vector<std::byte> bytes_;
  };

  [[nodiscard]] std::size_t fill(MutableBytes buffer);
  [[nodiscard]] std::string read_member(std::string_view expected, std::uint64_t most);
  void read_base();
  void load_base();
  void take_ranges(ByteSource& unpacked, const std::vector<Range>& ranges);
  [[nodiscard]] std::unique_ptr<ByteSource> open_base(const Descriptor& blob) const;
  [[nodiscard]] std::optional<Part> next_of_whole();
  [[nodiscard]] std::optional<std::pair<std::string, std::uint64_t>> next_header();
  void read_exactly(MutableBytes buffer);
  void skip_padding(std::uint64_t size);
  void read_parts();
  [[nodiscard]] std::optional<Part> next_part();
  void check_sequence(const MemberName& name);
  void begin_whole(std::string_view content);
  void put_piece(Part& part, Bytes record);
  void give(Given given);
  [[nodiscard]] std::string what() const;

  std::string name_;
  std::unique_ptr<ByteSource> packed_;
  std::unique_ptr<ByteSource> unpacked_;
  std::uint64_t position_ = 0;             ///< in the unpacked tar
  std::uint64_t most_plain_ = UINT64_MAX;  ///< of the plain archive, once the header has said it
  Header header_;
  UnpackLimits limits_;
  std::stop_token stop_;
  std::shared_ptr<CompactBase> base_;
  bool has_base_ = false;                   ///< it is known where all of it is
  std::vector<std::vector<Range>> ranges_;  ///< of each blob of the base; empty once they were taken
  std::unique_ptr<ByteSource> whole_;       ///< a blob of the base that comes as it is
  std::optional<KeptBytes> kept_;
  MemberName last_;                 ///< the part that was read last
  std::vector<std::byte> history_;  ///< of the layer that is read
  bool has_ended_ = false;          ///< all parts were read
  Collected ready_;
  std::size_t given_ = 0;   ///< of `ready_`
  std::uint64_t sent_ = 0;  ///< bytes of the plain archive in front of `ready_`
  std::optional<BitRunJoiner> joiner_;
  std::optional<InOrder<Part, Given>> parts_;
};

}  // namespace ociferry::compact
