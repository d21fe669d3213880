#include "recipe/inflater.hpp"

#include <algorithm>
#include <cstring>

#include "ociferry/error.hpp"

namespace ociferry::recipe {

void Window::throw_beyond() { throw Error(ErrorCode::Corrupt, "a match reaches beyond the beginning of its member"); }

void Window::append(Bytes bytes) {
  std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at_));
  at_ += bytes.size();
}

void Window::copy(std::uint32_t length, std::uint32_t distance) noexcept {
  std::byte* to = bytes_.data() + at_;
  const std::byte* from = to - distance;
  at_ += length;
  if (distance >= 16) {
    for (std::uint32_t done = 0; done < length; done += 16) std::memcpy(to + done, from + done, 16);
  } else if (distance == 1) {
    std::memset(to, std::to_integer<int>(*from), length);
  } else {
    for (std::uint32_t i = 0; i < length; ++i) to[i] = from[i];
  }
}

std::vector<std::byte> Window::take() {
  const auto begin = bytes_.begin() + kPieceHistory;
  std::vector<std::byte> piece(begin, begin + static_cast<std::ptrdiff_t>(size()));
  const std::size_t moved = size();
  std::memmove(bytes_.data(), bytes_.data() + moved, kPieceHistory);
  at_ = kPieceHistory;
  member_ = member_ > moved ? member_ - moved : 0;
  return piece;
}

Inflater::Inflater(BitReader& reader, Window& window) : reader_(reader), window_(window) {}

void Inflater::use_fixed_codes() {
  if (are_fixed_) return;
  are_fixed_ = true;
  literals_.build(fixed_literal_lengths());
  distances_.build(fixed_distance_lengths());
}

CodeHeader Inflater::read_header() {
  CodeHeader header;
  header.literals = reader_.take(5) + kFewestLiteralSymbols;
  header.distances = reader_.take(5) + 1;
  header.lengths = reader_.take(4) + kFewestLengthSymbols;
  if (header.literals > kLiteralSymbols || header.distances > kDistanceSymbols) {
    throw Error(ErrorCode::Corrupt, "a block has codes for symbols that do not exist");
  }
  for (std::size_t i = 0; i < header.lengths; ++i) {
    header.length_lengths[kLengthOrder[i]] = static_cast<std::uint8_t>(reader_.take(3));
  }
  are_fixed_ = false;
  literals_.build(header.length_lengths);
  read_lengths(header);
  literals_.build(header.literal_lengths);
  distances_.build(header.distance_lengths);
  return header;
}

void Inflater::read_lengths(CodeHeader& header) {
  std::array<std::uint8_t, kLiteralSymbols + kDistanceSymbols> lengths{};
  const std::size_t all = header.literals + header.distances;
  for (std::size_t at = 0; at < all;) {
    reader_.refill();
    LengthItem item{static_cast<std::uint8_t>(literals_.decode(reader_)), 0};
    item.extra = static_cast<std::uint8_t>(reader_.take_available(extra_bits_of(item.symbol)));
    const std::size_t run = run_of(item);
    if (run > all - at || (item.symbol == kRepeat && at == 0)) {
      throw Error(ErrorCode::Corrupt, "a block has a run of code lengths that cannot be");
    }
    const std::uint8_t length = item.symbol < kRepeat ? item.symbol : item.symbol == kRepeat ? lengths[at - 1] : 0;
    std::fill_n(lengths.begin() + static_cast<std::ptrdiff_t>(at), run, length);
    at += run;
    header.items.push_back(item);
  }
  const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(header.literals);
  std::copy(lengths.begin(), middle, header.literal_lengths.begin());
  std::copy_n(middle, header.distances, header.distance_lengths.begin());
}

bool Inflater::read_tokens(std::vector<Token>& tokens) {
  while (window_.room() >= kLongestMatch) {
    reader_.refill();
    const std::uint32_t symbol = literals_.decode(reader_);
    if (symbol < kEndOfBlock) {
      window_.literal(symbol);
      tokens.push_back(Token::literal());
      continue;
    }
    if (symbol == kEndOfBlock) return true;
    const std::uint32_t length = read_length(symbol);
    const std::uint32_t distance = read_distance();
    window_.match(length, distance);
    const bool odd = length == kLongestMatch && symbol != 285;
    tokens.push_back(odd ? Token::odd_match(distance) : Token::match(length, distance));
  }
  return false;
}

std::uint32_t Inflater::read_length(std::uint32_t symbol) {
  if (symbol < 265) return symbol - 257 + kShortestMatch;
  if (symbol == 285) return kLongestMatch;
  if (symbol > 285) throw Error(ErrorCode::Corrupt, "a block has a length that does not exist");
  const unsigned bits = (symbol - 261) / 4;
  return kShortestMatch + ((4 + (symbol - 261) % 4) << bits) + reader_.take_available(bits);
}

std::uint32_t Inflater::read_distance() {
  const std::uint32_t symbol = distances_.decode(reader_);
  if (symbol < 2) return symbol + 1;
  const unsigned bits = symbol / 2 - 1;
  return 1 + ((2 + symbol % 2) << bits) + reader_.take_available(bits);
}

}  // namespace ociferry::recipe
