#pragma once

#include <algorithm>
#include <array>

#include "ociferry/error.hpp"
#include "recipe/code_guess.hpp"
#include "recipe/range_coder.hpp"

namespace ociferry::recipe {

/// Codes the lengths of one kind of code, by what they differ in from those that known encoders give.
template <typename Coder>
class LengthsCodec {
 public:
  LengthsCodec(Coder& coder, unsigned limit) : coder_(coder), limit_(limit) {}

  /// `counts` and `lengths` have the same size.
  void code(std::span<const std::uint32_t> counts, std::span<std::uint8_t> lengths) {
    std::array<std::uint8_t, kLiteralSymbols> buffer{};
    const auto guess = std::span(buffer).first(counts.size());
    // The encoder that was right last time is tried first.
    for (int tries = 0; tries < 2; ++tries) {
      if (is_go_ != (tries == 1)) {
        go_lengths(counts, limit_, guess);
      } else {
        zlib_lengths(counts, limit_, guess);
      }
      if (coder_.bit(equal_[tries == 0 ? 0 : 1], std::ranges::equal(guess, lengths))) {
        std::ranges::copy(guess, lengths.begin());
        if (tries == 1) is_go_ = !is_go_;
        return;
      }
    }
    one_by_one(counts, guess, lengths);
  }

 private:
  void one_by_one(std::span<const std::uint32_t> counts, std::span<const std::uint8_t> guess,
                  std::span<std::uint8_t> lengths) {
    std::size_t recent = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const std::size_t often = counts[i] == 0 ? 0 : counts[i] < 3 ? 1 : counts[i] < 16 ? 2 : 3;
      const bool differs = coder_.bit(differs_[often][recent], lengths[i] != guess[i]);
      recent = (recent << 1 | (differs ? 1U : 0U)) & 3;
      lengths[i] = differs ? other_than(guess[i], lengths[i]) : guess[i];
    }
  }

  std::uint8_t other_than(std::uint8_t guess, std::uint8_t length) {
    if (guess != 0) {
      if (coder_.bit(by_one_[0], length == guess + 1)) return std::min<std::uint8_t>(guess + 1, kLongestCode);
      if (coder_.bit(by_one_[1], length == guess - 1)) return guess - 1;
    }
    return static_cast<std::uint8_t>(values_.code(coder_, length));
  }

  Coder& coder_;
  unsigned limit_;
  bool is_go_ = false;
  std::array<BitModel, 2> equal_;
  std::array<std::array<BitModel, 4>, 4> differs_;
  std::array<BitModel, 2> by_one_;
  TreeModel<4> values_;
};

/// Codes the heads of dynamic blocks, given how often the symbols occur in them.
template <typename Coder>
class HeaderCodec {
 public:
  explicit HeaderCodec(Coder& coder)
      : coder_(coder),
        literals_(coder, kLongestCode),
        distances_(coder, kLongestCode),
        lengths_(coder, kLongestLengthCode) {}

  /// Throws Error (Corrupt) if a decoder finds what cannot be.
  void code(const SymbolCounts& counts, CodeHeader& header) {
    literals_.code(counts.literals, header.literal_lengths);
    distances_.code(counts.distances, header.distance_lengths);
    header.literals = size(size_differs_[0], used(header.literal_lengths, kFewestLiteralSymbols), header.literals);
    header.distances = size(size_differs_[1], used(header.distance_lengths, 1), header.distances);
    if (header.literals > kLiteralSymbols || header.distances > kDistanceSymbols) throw_impossible();
    code_items(header);
    std::array<std::uint32_t, kLengthSymbols> item_counts{};
    for (const LengthItem& item : header.items) ++item_counts.at(item.symbol);
    lengths_.code(item_counts, header.length_lengths);
    std::size_t most = kLengthSymbols;
    while (most > kFewestLengthSymbols && header.length_lengths[kLengthOrder[most - 1]] == 0) --most;
    header.lengths = size(size_differs_[2], most, header.lengths);
    if (header.lengths > kLengthSymbols) throw_impossible();
  }

 private:
  [[noreturn]] static void throw_impossible() {
    throw Error(ErrorCode::Corrupt, "a recipe has the head of a block that cannot be");
  }

  static std::size_t used(std::span<const std::uint8_t> lengths, std::size_t least) {
    std::size_t size = lengths.size();
    while (size > least && lengths[size - 1] == 0) --size;
    return size;
  }

  /// How many lengths are sent: all that are not 0, and perhaps more.
  std::size_t size(BitModel& differs, std::size_t least, std::size_t size) {
    if (!coder_.bit(differs, size != least)) return least;
    return least + coder_.raw(static_cast<std::uint32_t>(size - least), 5);
  }

  void code_items(CodeHeader& header) {
    for (std::size_t tries = 0; tries < 2; ++tries) {
      const bool apart = apart_ == (tries == 0);
      std::vector<LengthItem> items = length_items(header, apart);
      if (!coder_.bit(as_usual_[tries], items == header.items)) continue;
      header.items = std::move(items);
      apart_ = apart;
      return;
    }
    items_one_by_one(header);
  }

  void items_one_by_one(CodeHeader& header) {
    const std::size_t all = header.literals + header.distances;
    std::vector<LengthItem> items;
    for (std::size_t at = 0; at < all;) {
      const std::uint8_t length =
          at < header.literals ? header.literal_lengths[at] : header.distance_lengths[at - header.literals];
      LengthItem item = Coder::kDecodes ? LengthItem{} : header.items[items.size()];
      const std::uint32_t kind = item.symbol < kRepeat ? 0U : item.symbol - kRepeat + 1U;
      const std::uint32_t coded = item_kinds_[length == 0 ? 0 : 1].code(coder_, kind);
      item.symbol = coded == 0 ? length : static_cast<std::uint8_t>(kRepeat + coded - 1);
      item.extra = static_cast<std::uint8_t>(coder_.raw(item.extra, extra_bits_of(item.symbol)));
      if (run_of(item) > all - at) throw_impossible();
      at += run_of(item);
      items.push_back(item);
    }
    header.items = std::move(items);
  }

  Coder& coder_;
  LengthsCodec<Coder> literals_;
  LengthsCodec<Coder> distances_;
  LengthsCodec<Coder> lengths_;
  std::array<BitModel, 3> size_differs_;
  bool apart_ = true;
  std::array<BitModel, 2> as_usual_;
  std::array<TreeModel<2>, 2> item_kinds_;
};

}  // namespace ociferry::recipe
