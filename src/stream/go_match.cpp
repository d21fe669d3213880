#include "stream/go_match.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ociferry::go_deflate {

namespace {

constexpr std::size_t kTableSlots = 16384;
constexpr std::uint32_t kLongestMatch = 258;
/// Matches are not looked for in the last bytes of a piece.
constexpr std::uint32_t kTail = 15;
/// The first position: empty slots have position 0, which must be out of reach of every match.
constexpr std::uint32_t kFirstPosition = Matcher::kHistory + 1;
/// Positions are moved back to kFirstPosition once they are beyond this, so that they never overflow.
constexpr std::uint32_t kPositionsEnd = 1U << 24;

std::uint32_t slot_of(std::uint32_t word) { return (word * 0x1e35a7bdU) >> 18; }

template <typename Word>
Word load(const std::byte* at) {
  static_assert(std::endian::native == std::endian::little, "words are read in the stream's byte order");
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// The length of the common prefix of `a` and `b`, at most `limit` bytes.
std::uint32_t common_prefix(const std::byte* a, const std::byte* b, std::uint32_t limit) {
  std::uint32_t n = 0;
  for (; n + 8 <= limit; n += 8) {
    if (const auto diff = load<std::uint64_t>(a + n) ^ load<std::uint64_t>(b + n); diff != 0) {
      return n + static_cast<std::uint32_t>(std::countr_zero(diff)) / 8;
    }
  }
  while (n < limit && a[n] == b[n]) ++n;
  return n;
}

}  // namespace

/// The search through one piece. Offsets count from the beginning of the window.
class Matcher::Run {
 public:
  Run(Slot* table, std::uint32_t first_position, Bytes window, std::vector<Token>& tokens)
      : table_(table),
        first_position_(first_position),
        data_(window.data()),
        end_(static_cast<std::uint32_t>(window.size())),
        limit_(end_ - kTail),
        tokens_(tokens) {}

  void tokenise() {
    while (search()) {
      literals(at_);
      if (!follow_matches()) break;
    }
    literals(end_);
  }

 private:
  [[nodiscard]] std::uint32_t word(std::uint32_t offset) const { return load<std::uint32_t>(data_ + offset); }

  /// Puts the word at `offset` into the table and returns the previous slot.
  Slot exchange(std::uint32_t offset) {
    const std::uint32_t value = word(offset);
    Slot& slot = table_[slot_of(value)];
    const Slot old = slot;
    slot = {first_position_ + offset, value};
    return old;
  }
  [[nodiscard]] std::uint32_t distance(const Slot& candidate, std::uint32_t offset) const {
    return first_position_ + offset - candidate.position;
  }
  [[nodiscard]] bool is_usable(const Slot& candidate, std::uint32_t offset) const {
    return candidate.word == word(offset) && distance(candidate, offset) <= kHistory;
  }

  /// Looks for a match from at_ on, with growing steps. False at the end of the piece.
  bool search() {
    std::uint32_t skip = 32;
    std::uint32_t next = at_;
    while (true) {
      at_ = next;
      const std::uint32_t step = skip >> 5;
      next = at_ + step;
      skip += step;
      if (next > limit_) return false;
      candidate_ = exchange(at_);
      if (is_usable(candidate_, at_)) return true;
    }
  }

  /// Emits the match at at_ and those that follow without a gap. False at the end of the piece.
  bool follow_matches() {
    do {
      const std::uint32_t back = distance(candidate_, at_);
      const std::uint32_t longest = std::min(kLongestMatch, end_ - at_);
      const std::byte* here = data_ + at_;
      const std::uint32_t length = 4 + common_prefix(here + 4, here + 4 - back, longest - 4);
      tokens_.push_back(Token::match(length, back));
      at_ += length;
      literals_from_ = at_;
      if (at_ >= limit_) return false;
      exchange(at_ - 1);
      candidate_ = exchange(at_);
    } while (is_usable(candidate_, at_));
    ++at_;
    return true;
  }

  void literals(std::uint32_t until) {
    for (; literals_from_ < until; ++literals_from_) tokens_.push_back(Token::literal(data_[literals_from_]));
  }

  Slot* table_;
  std::uint32_t first_position_;  ///< of the window's first byte
  const std::byte* data_;
  std::uint32_t end_;
  std::uint32_t limit_;
  std::vector<Token>& tokens_;
  std::uint32_t at_ = kHistory;
  std::uint32_t literals_from_ = kHistory;
  Slot candidate_;
};

Matcher::Matcher() : table_(kTableSlots), position_(kFirstPosition) {}

void Matcher::tokenise(Bytes window, std::vector<Token>& tokens) {
  keep_positions_small();
  Run(table_.data(), position_ - kHistory, window, tokens).tokenise();
  position_ += static_cast<std::uint32_t>(window.size() - kHistory);
}

void Matcher::keep_positions_small() {
  if (position_ < kPositionsEnd) return;
  const std::uint32_t shift = position_ - kFirstPosition;
  for (Slot& slot : table_) slot.position = slot.position > shift ? slot.position - shift : 0;
  position_ = kFirstPosition;
}

}  // namespace ociferry::go_deflate
