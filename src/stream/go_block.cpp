#include "stream/go_block.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ociferry::go_deflate {

namespace {

constexpr std::size_t kEndOfBlock = 256;
constexpr std::uint32_t kDynamicBlock = 4;  // not final, type 2
constexpr std::uint8_t kRepeat = 16;
constexpr std::uint8_t kZeros = 17;
constexpr std::uint8_t kManyZeros = 18;

/// The order in which the lengths of the code length codes are sent (RFC 1951, 3.2.7).
constexpr std::array<std::uint8_t, 19> kLengthOrder = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                       11, 4,  12, 3, 13, 2, 14, 1, 15};

/// The extra bits of a length or distance, beside its symbol.
struct Extra {
  std::uint32_t symbol = 0;
  std::uint32_t bits = 0;
  unsigned count = 0;
};

/// Lengths share a symbol in groups that double after every four symbols (RFC 1951, 3.2.5).
Extra split_length(std::uint32_t length_minus_3) {
  if (length_minus_3 < 4) return {257 + length_minus_3, 0, 0};
  if (length_minus_3 == 255) return {285, 0, 0};
  const auto count = static_cast<unsigned>(std::bit_width(length_minus_3)) - 3;
  return {257 + 4 * count + (length_minus_3 >> count), length_minus_3 & ((1U << count) - 1), count};
}

/// Distances double after every two symbols.
Extra split_distance(std::uint32_t distance_minus_1) {
  if (distance_minus_1 < 2) return {distance_minus_1, 0, 0};
  const auto count = static_cast<unsigned>(std::bit_width(distance_minus_1)) - 2;
  return {2 * count + (distance_minus_1 >> count), distance_minus_1 & ((1U << count) - 1), count};
}

unsigned extra_bits(std::uint8_t length_symbol) {
  return length_symbol == kRepeat ? 2 : length_symbol == kZeros ? 3 : length_symbol == kManyZeros ? 7 : 0;
}

std::size_t used(std::span<const std::uint32_t> counts) {
  std::size_t size = counts.size();
  while (size > 0 && counts[size - 1] == 0) --size;
  return size;
}

}  // namespace

void BitWriter::spill() {
  if (used_ + 4 > buffer_.size()) flush();
  for (unsigned i = 0; i < 4; ++i) buffer_[used_ + i] = static_cast<std::byte>(pending_ >> (8 * i));
  used_ += 4;
  pending_ >>= 32;
  pending_count_ -= 32;
}

void BitWriter::align() {
  const unsigned bytes = (pending_count_ + 7) / 8;
  if (used_ + bytes > buffer_.size()) flush();
  for (unsigned i = 0; i < bytes; ++i) buffer_[used_++] = static_cast<std::byte>(pending_ >> (8 * i));
  pending_ = 0;
  pending_count_ = 0;
}

void BitWriter::put_bytes(Bytes bytes) {
  flush();
  out_.write(bytes);
}

void BitWriter::flush() {
  out_.write(Bytes(buffer_).first(used_));
  used_ = 0;
}

void BlockWriter::stored(Bytes piece) {
  stored_header(static_cast<std::uint16_t>(piece.size()), 0);
  bits_.put_bytes(piece);
}

void BlockWriter::finish() {
  stored_header(0, 1);
  bits_.flush();
}

void BlockWriter::stored_header(std::uint16_t size, std::uint32_t is_final) {
  bits_.put(is_final, 3);
  bits_.align();
  bits_.put(size, 16);
  bits_.put(static_cast<std::uint16_t>(~size), 16);
}

void BlockWriter::clear_counts() {
  literal_counts_.fill(0);
  distance_counts_.fill(0);
  literal_counts_[kEndOfBlock] = 1;
}

void BlockWriter::dynamic(std::span<const Token> tokens, Bytes piece) {
  clear_counts();
  for (const Token token : tokens) {
    if (token.is_match()) {
      ++literal_counts_[split_length(token.length_minus_3()).symbol];
      ++distance_counts_[split_distance(token.distance_minus_1()).symbol];
    } else {
      ++literal_counts_[token.value()];
    }
  }
  if (!begin_dynamic(piece)) return;
  for (const Token token : tokens) {
    if (token.is_match()) {
      write_match(token);
    } else {
      write_code(literal_codes_[token.value()]);
    }
  }
  write_code(literal_codes_[kEndOfBlock]);
}

void BlockWriter::literals_only(Bytes piece) {
  clear_counts();
  for (const std::byte byte : piece) ++literal_counts_[std::to_integer<std::size_t>(byte)];
  if (!begin_dynamic(piece)) return;
  for (const std::byte byte : piece) write_code(literal_codes_[std::to_integer<std::size_t>(byte)]);
  write_code(literal_codes_[kEndOfBlock]);
}

bool BlockWriter::begin_dynamic(Bytes piece) {
  literals_used_ = used(literal_counts_);
  distances_used_ = used(distance_counts_);
  if (distances_used_ == 0) {
    // A block must define at least one distance code.
    distance_counts_[0] = 1;
    distances_used_ = 1;
  }
  assign_codes(literal_counts_, 15, literal_codes_);
  assign_codes(distance_counts_, 15, distance_codes_);
  list_code_lengths();
  const std::uint64_t size = dynamic_size();
  if ((piece.size() + 5) * 8 < size + size / 16) {
    stored(piece);
    return false;
  }
  write_header();
  return true;
}

void BlockWriter::list_code_lengths() {
  std::array<std::uint8_t, kLiteralCodes + kDistanceCodes> lengths{};
  const auto length_of = [](const Code& code) { return code.length; };
  const auto middle =
      std::transform(literal_codes_.begin(), literal_codes_.begin() + literals_used_, lengths.begin(), length_of);
  const auto end =
      std::transform(distance_codes_.begin(), distance_codes_.begin() + distances_used_, middle, length_of);

  items_.clear();
  length_counts_.fill(0);
  for (auto from = lengths.begin(); from != end;) {
    const auto to = std::find_if(from, end, [&](std::uint8_t length) { return length != *from; });
    add_run(*from, static_cast<std::size_t>(to - from));
    from = to;
  }
  assign_codes(length_counts_, 7, length_codes_);
  lengths_used_ = kLengthCodes;
  while (lengths_used_ > 4 && length_counts_[kLengthOrder[lengths_used_ - 1]] == 0) --lengths_used_;
}

void BlockWriter::add_run(std::uint8_t length, std::size_t run) {
  if (length != 0) {
    add_item(length);
    --run;
    for (std::size_t part = 0; run >= 3; run -= part) {
      part = std::min<std::size_t>(run, 6);
      add_item(kRepeat, part - 3);
    }
  } else {
    for (std::size_t part = 0; run >= 11; run -= part) {
      part = std::min<std::size_t>(run, 138);
      add_item(kManyZeros, part - 11);
    }
    if (run >= 3) {
      add_item(kZeros, run - 3);
      run = 0;
    }
  }
  for (; run > 0; --run) add_item(length);
}

void BlockWriter::add_item(std::uint8_t symbol, std::size_t extra) {
  items_.push_back({symbol, static_cast<std::uint8_t>(extra)});
  ++length_counts_[symbol];
}

// Without the extra bits of lengths and distances: Go ignores them when it compares the two forms.
std::uint64_t BlockWriter::dynamic_size() const {
  std::uint64_t bits = 3 + 5 + 5 + 4 + 3 * lengths_used_;
  for (const LengthItem& item : items_) bits += length_codes_[item.symbol].length + extra_bits(item.symbol);
  return bits + total_bits(literal_counts_, literal_codes_) + total_bits(distance_counts_, distance_codes_);
}

void BlockWriter::write_header() {
  bits_.put(kDynamicBlock, 3);
  bits_.put(static_cast<std::uint32_t>(literals_used_ - 257), 5);
  bits_.put(static_cast<std::uint32_t>(distances_used_ - 1), 5);
  bits_.put(static_cast<std::uint32_t>(lengths_used_ - 4), 4);
  for (std::size_t i = 0; i < lengths_used_; ++i) bits_.put(length_codes_[kLengthOrder[i]].length, 3);
  for (const LengthItem& item : items_) {
    write_code(length_codes_[item.symbol]);
    bits_.put(item.extra, extra_bits(item.symbol));
  }
}

void BlockWriter::write_match(Token token) {
  const Extra length = split_length(token.length_minus_3());
  write_code(literal_codes_[length.symbol]);
  bits_.put(length.bits, length.count);
  const Extra distance = split_distance(token.distance_minus_1());
  write_code(distance_codes_[distance.symbol]);
  bits_.put(distance.bits, distance.count);
}

}  // namespace ociferry::go_deflate
