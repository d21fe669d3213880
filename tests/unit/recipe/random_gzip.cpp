#include "random_gzip.hpp"

#include <algorithm>
#include <array>

#include "bit_text.hpp"
#include "recipe/decode_table.hpp"
#include "recipe/deflate.hpp"
#include "support/seed.hpp"

namespace ociferry::testing {

using namespace recipe;

namespace {

class StreamMaker {
 public:
  explicit StreamMaker(std::uint64_t seed) : dice_(seed) {}

  RandomGzip make() {
    const std::uint64_t members = 1 + dice_.below(dice_.one_in(8) ? 40 : 3);
    for (std::uint64_t i = 0; i < members; ++i) member();
    if (dice_.one_in(4)) out_.bytes(noise(1 + dice_.below(600), true));
    return {out_.text(), plain_};
  }

 private:
  std::string noise(std::uint64_t size, bool no_member = false) {
    std::string text;
    for (std::uint64_t i = 0; i < size; ++i) text += static_cast<char>(dice_.below(256));
    if (no_member && !text.empty()) text[0] = static_cast<char>(dice_.below(16));
    return text;
  }
  std::string name() {
    std::string text = noise(dice_.below(20));
    std::ranges::replace(text, '\0', 'x');
    return text + '\0';
  }
  std::uint32_t draw(std::uint64_t bound) { return static_cast<std::uint32_t>(dice_.below(bound)); }

  void member() {
    const auto flags = dice_.one_in(2) ? 0U : draw(32);
    out_.bytes(std::string("\x1f\x8b\x08") + static_cast<char>(flags) + noise(6));
    if ((flags & 4U) != 0) {
      const std::string extra = noise(dice_.below(300));
      out_.bytes({static_cast<char>(extra.size() & 255U), static_cast<char>(extra.size() >> 8U)}).bytes(extra);
    }
    if ((flags & 8U) != 0) out_.bytes(name());
    if ((flags & 16U) != 0) out_.bytes(name());
    if ((flags & 2U) != 0) out_.bytes(noise(2));
    begin_ = plain_.size();
    const std::uint64_t blocks = dice_.below(6);
    // Enough for the largest distances.
    if (dice_.one_in(12)) stored_block(false, 32'000 + dice_.below(2'000));
    for (std::uint64_t i = 0; i < blocks; ++i) block(false);
    block(true);
    out_.pad(draw(128)).bytes(noise(8));
  }

  void stored_block(bool is_final, std::uint64_t bytes) {
    const std::string content = noise(bytes);
    const auto size = static_cast<std::uint32_t>(bytes);
    out_.bits(is_final ? 1 : 0, 3).pad(draw(128)).bits(size, 16).bits(size ^ 0xFFFFU, 16).bytes(content);
    plain_ += content;
  }

  void block(bool is_final) {
    const std::uint32_t type = draw(3);
    if (type == 0) {
      const std::uint64_t some = dice_.one_in(4) ? 0 : dice_.below(200);
      return stored_block(is_final, dice_.one_in(50) ? 65535 : some);
    }
    out_.bits(is_final ? 1 : 0, 1).bits(type, 2);
    const std::size_t from = plain_.size();
    const std::vector<Token> tokens = draw_tokens();
    if (type == 1) {
      send(tokens, from, fixed_literal_lengths(), fixed_distance_lengths());
    } else {
      dynamic(tokens, from);
    }
  }

  std::vector<Token> draw_tokens() {
    std::vector<Token> tokens;
    const std::uint64_t count = dice_.one_in(6) ? 0 : dice_.below(dice_.one_in(20) ? 3'000 : 300);
    const std::uint64_t letters = 1 + dice_.below(dice_.one_in(2) ? 4 : 256);
    const std::uint64_t literals = 1 + dice_.below(6);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::size_t reach = std::min<std::size_t>(plain_.size() - begin_, kReach);
      if (reach == 0 || dice_.below(7) < literals) {
        tokens.push_back(Token::literal());
        plain_ += static_cast<char>(dice_.below(letters));
        continue;
      }
      const std::uint32_t length = dice_.one_in(20) ? 258 : 3 + draw(dice_.one_in(4) ? 256 : 8);
      const std::uint32_t distance = draw_distance(reach);
      const bool odd = length == 258 && dice_.one_in(3);
      tokens.push_back(odd ? Token::odd_match(distance) : Token::match(length, distance));
      for (std::uint32_t k = 0; k < length; ++k) plain_ += plain_[plain_.size() - distance];
    }
    return tokens;
  }

  std::uint32_t draw_distance(std::size_t reach) {
    if (dice_.one_in(10)) return static_cast<std::uint32_t>(reach);
    return 1 + draw(dice_.one_in(2) ? reach : std::min<std::size_t>(reach, 40));
  }

  /// The lengths of a complete code of `count` symbols; of one, a single bit. `deep`: as long ones as can be.
  std::vector<std::uint8_t> draw_leaves(std::size_t count, unsigned limit, bool deep) {
    std::vector<std::uint8_t> leaves(count == 0 ? 0 : 1, count == 1 ? 1 : 0);
    while (leaves.size() < count) {
      std::size_t at = dice_.below(leaves.size());
      if (deep && leaves.back() < limit) at = leaves.size() - 1;
      if (leaves[at] == limit) continue;
      leaves.push_back(++leaves[at]);
    }
    return leaves;
  }

  /// Lengths of a code for the marked symbols, and perhaps some others. It may have room for more.
  template <std::size_t N>
  std::array<std::uint8_t, N> draw_code(std::array<bool, N> used, unsigned limit) {
    const bool exact = dice_.one_in(4);
    for (bool& one : used) one = one || (!exact && dice_.one_in(12));
    const auto count = static_cast<std::size_t>(std::ranges::count(used, true));
    std::vector<std::uint8_t> leaves = draw_leaves(count, limit, dice_.one_in(4));
    if (dice_.one_in(8)) {
      for (std::uint8_t& length : leaves) length = static_cast<std::uint8_t>(std::min(length + draw(3), limit));
    }
    std::array<std::uint8_t, N> lengths{};
    for (std::size_t symbol = 0; symbol < N; ++symbol) {
      if (!used[symbol]) continue;
      const std::size_t at = dice_.below(leaves.size());
      lengths[symbol] = leaves[at];
      leaves.erase(leaves.begin() + static_cast<std::ptrdiff_t>(at));
    }
    return lengths;
  }

  void dynamic(const std::vector<Token>& tokens, std::size_t from) {
    std::array<bool, kLiteralSymbols> literals{};
    std::array<bool, kDistanceSymbols> distances{};
    literals[kEndOfBlock] = true;
    std::size_t at = from;
    for (const Token token : tokens) {
      if (token.is_match()) {
        literals[length_symbol(token).symbol] = true;
        distances[distance_symbol(token.distance()).symbol] = true;
      } else {
        literals[static_cast<unsigned char>(plain_[at])] = true;
      }
      at += token.length();
    }
    const auto literal_lengths = draw_code(literals, kLongestCode);
    const auto distance_lengths = draw_code(distances, kLongestCode);
    header(literal_lengths, distance_lengths);
    send(tokens, from, literal_lengths, distance_lengths);
  }

  template <std::size_t N>
  std::size_t draw_size(const std::array<std::uint8_t, N>& lengths, std::size_t least) {
    std::size_t size = N;
    while (size > least && lengths[size - 1] == 0) --size;
    return dice_.one_in(3) ? size + dice_.below(N - size + 1) : size;
  }

  std::vector<LengthItem> draw_items(const std::vector<std::uint8_t>& lengths) {
    std::vector<LengthItem> items;
    const bool eager = dice_.one_in(2);
    for (std::size_t at = 0; at < lengths.size();) {
      std::size_t run = 0;
      while (at + run < lengths.size() && lengths[at + run] == lengths[at]) ++run;
      const bool repeats = at > 0 && lengths[at - 1] == lengths[at];
      const std::size_t some = eager ? run : 1 + dice_.below(run);
      LengthItem item{lengths[at], 0};
      if (lengths[at] == 0 && some >= 11) {
        item = {kManyZeros, static_cast<std::uint8_t>(std::min<std::size_t>(some, 138) - 11)};
      } else if (lengths[at] == 0 && some >= 3 && dice_.below(4) != 0) {
        item = {kZeros, static_cast<std::uint8_t>(std::min<std::size_t>(some, 10) - 3)};
      } else if (repeats && some >= 3) {
        item = {kRepeat, static_cast<std::uint8_t>(std::min<std::size_t>(some, 6) - 3)};
      }
      items.push_back(item);
      at += run_of(item);
    }
    return items;
  }

  void header(const std::array<std::uint8_t, kLiteralSymbols>& literals,
              const std::array<std::uint8_t, kDistanceSymbols>& distances) {
    const std::size_t literal_count = draw_size(literals, 257);
    const std::size_t distance_count = draw_size(distances, 1);
    std::vector<std::uint8_t> all(literals.begin(), literals.begin() + static_cast<std::ptrdiff_t>(literal_count));
    all.insert(all.end(), distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(distance_count));
    const std::vector<LengthItem> items = draw_items(all);
    std::array<bool, kLengthSymbols> used{};
    for (const LengthItem& item : items) used[item.symbol] = true;
    const auto lengths = draw_code(used, kLongestLengthCode);
    std::size_t count = kLengthSymbols;
    while (count > 4 && lengths[kLengthOrder[count - 1]] == 0) --count;
    if (dice_.one_in(3)) count += dice_.below(kLengthSymbols - count + 1);
    out_.bits(static_cast<std::uint32_t>(literal_count - 257), 5);
    out_.bits(static_cast<std::uint32_t>(distance_count - 1), 5).bits(static_cast<std::uint32_t>(count - 4), 4);
    for (std::size_t i = 0; i < count; ++i) out_.bits(lengths[kLengthOrder[i]], 3);
    std::array<CodeWord, kLengthSymbols> words{};
    assign_words(lengths, words);
    for (const LengthItem& item : items) {
      out_.bits(words[item.symbol].bits, words[item.symbol].length).bits(item.extra, extra_bits_of(item.symbol));
    }
  }

  void send(const std::vector<Token>& tokens, std::size_t at, std::span<const std::uint8_t> literals,
            std::span<const std::uint8_t> distances) {
    std::array<CodeWord, kFixedLiteralSymbols> literal_words{};
    std::array<CodeWord, kDistanceSymbols> distance_words{};
    assign_words(literals, literal_words);
    assign_words(distances, distance_words);
    const auto word = [&](const CodeWord& code) { out_.bits(code.bits, code.length); };
    for (const Token token : tokens) {
      if (token.is_match()) {
        const Symbol length = length_symbol(token);
        word(literal_words[length.symbol]);
        out_.bits(length.extra, length.extra_bits);
        const Symbol distance = distance_symbol(token.distance());
        word(distance_words[distance.symbol]);
        out_.bits(distance.extra, distance.extra_bits);
      } else {
        word(literal_words[static_cast<unsigned char>(plain_[at])]);
      }
      at += token.length();
    }
    word(literal_words[kEndOfBlock]);
  }

  Dice dice_;
  BitText out_;
  std::string plain_;
  std::size_t begin_ = 0;  ///< of the member
};

}  // namespace

RandomGzip random_gzip(std::uint64_t seed) { return StreamMaker(seed).make(); }

}  // namespace ociferry::testing
