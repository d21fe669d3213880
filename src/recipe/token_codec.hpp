#pragma once

#include <algorithm>
#include <array>

#include "ociferry/error.hpp"
#include "recipe/places.hpp"
#include "recipe/range_coder.hpp"
#include "recipe/text_match.hpp"

namespace ociferry::recipe {

/// Codes tokens by what they differ in from those that a predictor foresees. `Coder` is RangeEncoder or RangeDecoder:
/// with an encoder, `code` writes the actual value and returns it; with a decoder it ignores the argument and returns
/// what it reads.
template <typename Coder>
class TokenCodec {
 public:
  TokenCodec(Coder& coder, const Text& text) : coder_(coder), text_(text), places_(text) {}

  /// The token at `at`: that of the stream, of which `actual` matters to an encoder only. Throws Error (Corrupt) if a
  /// decoder finds a match that is none.
  Token code(std::uint32_t at, const Bounds& bounds, Token foreseen, Token actual) {
    const bool odd = actual.is_odd();
    if (odd) actual = Token::match(kLongestMatch, actual.distance());
    const std::size_t kind = kind_of(foreseen);
    const bool wrong = coder_.bit(wrong_.data()[kind].data()[recent_], actual != foreseen);
    recent_ = (recent_ << 1 | (wrong ? 1U : 0U)) & (kRecent - 1);
    const Token token = wrong ? other_than(foreseen, kind, at, bounds, actual) : foreseen;
    if (token.length() == kLongestMatch && coder_.bit(odd_, odd)) return Token::odd_match(token.distance());
    return token;
  }

 private:
  static constexpr std::size_t kKinds = 8;
  static constexpr std::size_t kRecent = 16;
  static constexpr unsigned kMostRecords = 12;
  static constexpr unsigned kMostPlaces = 96;  ///< where records are looked for
  static constexpr unsigned kMostHops = 1024;

  static std::size_t kind_of(Token token) {
    if (!token.is_match()) return 0;
    const std::uint32_t length = token.length();
    return length < 6 ? length - 2 : length < 12 ? 4 : length < 32 ? 5 : length < kLongestMatch ? 6 : 7;
  }

  Token other_than(Token foreseen, std::size_t kind, std::uint32_t at, const Bounds& bounds, Token actual) {
    if (foreseen.is_match()) {
      if (coder_.bit(literal_[kind], !actual.is_match())) return Token::literal();
      if (coder_.bit(same_distance_[kind], actual.distance() == foreseen.distance())) {
        return with_length(shorter_[0], at, bounds, foreseen.distance(), actual.length());
      }
    }
    Token found;
    if (find_record(foreseen, at, bounds, actual, found)) return found;
    return by_hops(at, bounds, actual);
  }

  [[nodiscard]] std::uint32_t longest_at(std::uint32_t at, const Bounds& bounds, std::uint32_t distance) const {
    const std::byte* here = text_.bytes + at;
    return common_prefix(here - distance, here, std::min(kLongestMatch, bounds.block - at));
  }

  /// Nearly all matches are as long as they can be.
  Token with_length(NumberModel& model, std::uint32_t at, const Bounds& bounds, std::uint32_t distance,
                    std::uint32_t length) {
    const std::uint32_t longest = longest_at(at, bounds, distance);
    const std::uint32_t less = model.code(coder_, longest - length);
    if (longest < kShortestMatch || less > longest - kShortestMatch) throw_no_match();
    return Token::match(longest - less, distance);
  }

  /// Records are the places whose match is longer than those of all nearer ones.
  bool find_record(Token foreseen, std::uint32_t at, const Bounds& bounds, Token actual, Token& found) {
    if (bounds.block - at < kShortestMatch) return false;
    std::uint32_t best = kShortestMatch - 1;
    unsigned index = 0;
    unsigned places = 0;
    for (std::uint32_t distance = places_.nearest(at, bounds.member); distance != 0 && places < kMostPlaces;
         distance = places_.next(at, distance, bounds.member), ++places) {
      const std::uint32_t length = longest_at(at, bounds, distance);
      if (length <= best) continue;
      best = length;
      if (foreseen.is_match() && foreseen.distance() == distance) continue;
      const std::size_t than_foreseen = !foreseen.is_match() ? 0 : length < foreseen.length() ? 1 : 2;
      if (coder_.bit(record_[than_foreseen][index], actual.distance() == distance)) {
        found = with_length(shorter_[1], at, bounds, distance, actual.length());
        return true;
      }
      if (++index == kMostRecords) break;
    }
    return false;
  }

  /// By how many places with a match as long are nearer, or by the distance itself.
  Token by_hops(std::uint32_t at, const Bounds& bounds, Token actual) {
    if (bounds.block - at < kShortestMatch) throw_no_match();
    const std::uint32_t length = length_.code(coder_, actual.length() - kShortestMatch) + kShortestMatch;
    std::uint32_t hops = 0;
    std::uint32_t distance = 0;
    if constexpr (!Coder::kDecodes) hops = hops_to(at, bounds, length, actual.distance(), distance);
    if (coder_.bit(by_distance_, !Coder::kDecodes && distance == 0)) {
      distance = coder_.raw(actual.distance() - 1, 15) + 1;
    } else {
      hops = hops_.code(coder_, hops);
      if constexpr (Coder::kDecodes) distance = nth_place(at, bounds, length, hops);
    }
    if (distance == 0 || distance > at || length > longest_at(at, bounds, distance)) throw_no_match();
    return Token::match(length, distance);
  }

  /// Sets `found` to `wanted` if it is within kMostHops.
  std::uint32_t hops_to(std::uint32_t at, const Bounds& bounds, std::uint32_t length, std::uint32_t wanted,
                        std::uint32_t& found) {
    std::uint32_t hops = 0;
    unsigned places = 0;
    for (std::uint32_t distance = places_.nearest(at, bounds.member); distance != 0 && places < kMostHops;
         distance = places_.next(at, distance, bounds.member), ++places) {
      if (distance == wanted) {
        found = distance;
        return hops;
      }
      if (longest_at(at, bounds, distance) >= length) ++hops;
    }
    return 0;
  }

  std::uint32_t nth_place(std::uint32_t at, const Bounds& bounds, std::uint32_t length, std::uint32_t hops) {
    unsigned places = 0;
    for (std::uint32_t distance = places_.nearest(at, bounds.member); distance != 0 && places < kMostHops;
         distance = places_.next(at, distance, bounds.member), ++places) {
      if (longest_at(at, bounds, distance) >= length && hops-- == 0) return distance;
    }
    return 0;
  }

  [[noreturn]] static void throw_no_match() { throw Error(ErrorCode::Corrupt, "a recipe has a match that is none"); }

  Coder& coder_;
  Text text_;
  Places places_;
  std::size_t recent_ = 0;  ///< which of the last tokens were foreseen wrongly
  std::array<std::array<BitModel, kRecent>, kKinds> wrong_;
  std::array<BitModel, kKinds> literal_;
  std::array<BitModel, kKinds> same_distance_;
  std::array<std::array<BitModel, kMostRecords>, 3> record_;
  std::array<NumberModel, 2> shorter_;
  TreeModel<8> length_;
  NumberModel hops_;
  BitModel by_distance_;
  BitModel odd_;
};

}  // namespace ociferry::recipe
