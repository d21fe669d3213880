#include <algorithm>
#include <utility>

#include "ociferry/error.hpp"
#include "recipe/bit_reader.hpp"
#include "recipe/gzip_recipe.hpp"
#include "recipe/inflater.hpp"

namespace ociferry {

using recipe::Part;
using recipe::PartKind;

namespace {

constexpr std::byte kMagic1{0x1F};
constexpr std::byte kMagic2{0x8B};
constexpr std::byte kDeflateMethod{8};
constexpr std::size_t kMemberHead = 10;
constexpr std::size_t kMemberTrailer = 8;
constexpr std::size_t kOptionalHeadSum = 2;

// The flags of a member's head (RFC 1952, 2.3.1).
constexpr std::uint32_t kHeadSum = 2;
constexpr std::uint32_t kExtra = 4;
constexpr std::uint32_t kName = 8;
constexpr std::uint32_t kComment = 16;
constexpr std::uint32_t kReserved = 0xE0;

constexpr std::size_t kMostStored = 65535;

bool begins_member(Bytes bytes) {
  return bytes.size() == 3 && bytes[0] == kMagic1 && bytes[1] == kMagic2 && bytes[2] == kDeflateMethod;
}

}  // namespace

/// Where a parser is in the stream. What does not fit into a piece is continued by the same state in the next one.
class GzipParser::State {
 public:
  explicit State(ByteSource& gzip) : reader_(gzip), inflater_(reader_, window_) {}

  std::optional<GzipPiece> next() {
    parts_ = {};
    while (step()) {
    }
    if (parts_.parts.empty()) return std::nullopt;
    return GzipPiece{window_.take(), std::move(parts_)};
  }

 private:
  enum class At { Head, ExtraSize, Copy, Text, Block, InBlock, Trailer, Between, Trailing, End };

  /// Reads on; false where the piece ends.
  bool step() {
    switch (at_) {
      case At::Head: return read_head();
      case At::ExtraSize: return read_extra_size();
      case At::Copy: return copy_bytes();
      case At::Text: return read_text();
      case At::Block: return begin_block();
      case At::InBlock: return read_block();
      case At::Trailer: return read_trailer();
      case At::Between: return look_for_member();
      case At::Trailing: return copy_rest();
      case At::End: break;
    }
    return false;
  }

  [[nodiscard]] std::size_t room_outside() const { return recipe::kMostOutside - parts_.outside.size(); }

  /// The part that bytes outside of DEFLATE data go to: a new one at the beginning of the piece and behind blocks.
  Part& outside_part() {
    if (parts_.parts.empty() || parts_.parts.back().kind != PartKind::Outside) parts_.parts.push_back({});
    return parts_.parts.back();
  }

  /// Appends up to `count` bytes as they are; fewer only at the stream's end.
  std::size_t keep(std::size_t count) {
    const std::size_t before = parts_.outside.size();
    reader_.read_bytes(count, parts_.outside);
    const std::size_t got = parts_.outside.size() - before;
    if (got > 0) outside_part().bytes += static_cast<std::uint32_t>(got);
    return got;
  }
  void keep_all(std::size_t count) {
    if (keep(count) != count) throw Error(ErrorCode::Corrupt, "the gzip stream ends early");
  }

  bool read_head() {
    if (!begins_member(reader_.next_bytes(3))) throw Error(ErrorCode::Corrupt, "this is no gzip stream");
    keep_all(kMemberHead);
    flags_ = std::to_integer<std::uint32_t>(parts_.outside[parts_.outside.size() - kMemberHead + 3]);
    if ((flags_ & kReserved) != 0) throw Error(ErrorCode::Corrupt, "a gzip member has flags that do not exist");
    next_of_head();
    return true;
  }

  void next_of_head() {
    const auto take = [this](std::uint32_t flag) { return std::exchange(flags_, flags_ & ~flag) & flag; };
    if (take(kExtra) != 0) {
      at_ = At::ExtraSize;
    } else if (take(kName) != 0 || take(kComment) != 0) {
      at_ = At::Text;
    } else if (take(kHeadSum) != 0) {
      at_ = At::Copy;
      left_ = kOptionalHeadSum;
    } else {
      at_ = At::Block;
      window_.begin_member();
    }
  }

  bool read_extra_size() {
    if (room_outside() < 2) return false;
    keep_all(2);
    const Bytes size = Bytes(parts_.outside).last(2);
    left_ = std::to_integer<std::size_t>(size[0]) | std::to_integer<std::size_t>(size[1]) << 8;
    at_ = At::Copy;
    return true;
  }

  bool copy_bytes() {
    const std::size_t part = std::min(left_, room_outside());
    keep_all(part);
    left_ -= part;
    if (left_ > 0) return false;
    next_of_head();
    return true;
  }

  /// A name or comment, which ends with a zero.
  bool read_text() {
    do {
      if (room_outside() == 0) return false;
      keep_all(1);
    } while (parts_.outside.back() != std::byte{0});
    next_of_head();
    return true;
  }

  bool begin_block() {
    if (!has_type_) {
      // The parts and outside bytes of what may follow without a chance to end the piece: a trailer and a head.
      if (window_.size() >= kUsualPieceBytes || parts_.parts.size() + 2 >= recipe::kMostParts ||
          room_outside() < 2 * (kMemberHead + kMemberTrailer)) {
        return false;
      }
      block_ = {};
      block_.is_final = reader_.take(1) != 0;
      type_ = reader_.take(2);
      has_type_ = true;
    }
    if (type_ == 0) return read_stored();
    if (type_ == 3) throw Error(ErrorCode::Corrupt, "a block has a type that does not exist");
    has_type_ = false;
    block_.kind = type_ == 1 ? PartKind::Fixed : PartKind::Dynamic;
    if (type_ == 1) {
      inflater_.use_fixed_codes();
    } else {
      header_ = inflater_.read_header();
    }
    at_ = At::InBlock;
    return true;
  }

  bool read_stored() {
    if (window_.room() < kMostStored) return false;
    has_type_ = false;
    block_.kind = PartKind::Stored;
    take_padding(block_);
    block_.bytes = reader_.take(16);
    if ((reader_.take(16) ^ block_.bytes) != 0xFFFF)
      throw Error(ErrorCode::Corrupt, "a stored block has no valid size");
    stored_.clear();
    reader_.read_bytes(block_.bytes, stored_);
    if (stored_.size() != block_.bytes) throw Error(ErrorCode::Corrupt, "the gzip stream ends early");
    window_.append(stored_);
    parts_.parts.push_back(block_);
    end_block();
    return true;
  }

  bool read_block() {
    const std::size_t tokens = parts_.tokens.size();
    const std::size_t bytes = window_.size();
    block_.ends = inflater_.read_tokens(parts_.tokens);
    block_.tokens = static_cast<std::uint32_t>(parts_.tokens.size() - tokens);
    block_.bytes = static_cast<std::uint32_t>(window_.size() - bytes);
    if (block_.kind == PartKind::Dynamic) parts_.headers.push_back(header_);
    parts_.parts.push_back(block_);
    block_.begins = false;
    if (block_.ends) end_block();
    return block_.ends;
  }

  void end_block() { at_ = block_.is_final ? At::Trailer : At::Block; }

  void take_padding(Part& part) {
    reader_.refill();
    part.pad_bits = static_cast<std::uint8_t>(reader_.bits_of_byte());
    part.padding = static_cast<std::uint8_t>(reader_.take_available(part.pad_bits));
  }

  bool read_trailer() {
    take_padding(outside_part());
    keep_all(kMemberTrailer);
    at_ = At::Between;
    return true;
  }

  bool look_for_member() {
    if (reader_.at_end()) {
      at_ = At::End;
    } else {
      at_ = begins_member(reader_.next_bytes(3)) ? At::Head : At::Trailing;
    }
    return at_ != At::End;
  }

  bool copy_rest() {
    const std::size_t most = room_outside();
    if (keep(most) < most) at_ = At::End;
    return false;
  }

  recipe::BitReader reader_;
  recipe::Window window_;
  recipe::Inflater inflater_;
  recipe::Parts parts_;
  std::vector<std::byte> stored_;
  At at_ = At::Head;
  std::uint32_t flags_ = 0;  ///< those of the head's whose fields are still to come
  std::size_t left_ = 0;     ///< of what is copied
  std::uint32_t type_ = 0;
  bool has_type_ = false;  ///< a block's type was read
  Part block_;
  recipe::CodeHeader header_;
};

GzipParser::GzipParser(ByteSource& gzip) : state_(std::make_unique<State>(gzip)) {}
GzipParser::~GzipParser() = default;

std::optional<GzipPiece> GzipParser::next() { return state_->next(); }

}  // namespace ociferry
