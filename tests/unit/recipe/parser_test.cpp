#include <doctest/doctest.h>

#include "bit_text.hpp"
#include "ociferry/error.hpp"
#include "round_trip.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A member around the bits of its blocks.
std::string member(const BitText& blocks, const std::string& head = kPlainHead) {
  return head + blocks.text() + kAnyTrailer;
}

/// A last block with fixed codes, of `letters`.
BitText fixed_block(const std::string& letters) {
  BitText bits;
  bits.bits(1, 1).bits(1, 2);
  for (const char letter : letters) bits.code(0x30U + static_cast<unsigned char>(letter), 8);
  return bits.code(0, 7);
}

/// Round trips with every kind of predictor give the same bytes.
void check_trips(const std::string& gzip, const std::string& plain) {
  for (const Predictor predictor :
       {Predictor{Predictor::Kind::Chains, 1}, Predictor{Predictor::Kind::Zlib, 1}, Predictor{Predictor::Kind::Zlib, 6},
        Predictor{Predictor::Kind::Go, 1}, Predictor{Predictor::Kind::Go, 6}, Predictor{Predictor::Kind::Klauspost, 5},
        Predictor{Predictor::Kind::Klauspost, 21}}) {
    CAPTURE(static_cast<int>(predictor.kind));
    CAPTURE(static_cast<int>(predictor.level));
    const Trip trip = round_trip(gzip, predictor);
    CHECK((trip.plain == plain));
    CHECK((trip.gzip == gzip));
  }
}

std::string refusal(const std::string& gzip) {
  try {
    static_cast<void>(round_trip(gzip));
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Corrupt);
    return error.message();
  }
  return "taken";
}

const std::string kTooEarly = "the gzip stream ends early";

}  // namespace

TEST_CASE("a recipe keeps all bytes around DEFLATE data: header fields, wrong trailers, padding, trailing bytes") {
  const std::string head = std::string("\x1f\x8b\x08\x1f\x01\x02\x03\x04\x02\x03", 10) + std::string("\x05\0extra", 7) +
                           std::string("name\0", 5) + std::string("comment\0", 8) + "\xAB\xCD";
  BitText padded = fixed_block("abcabc");
  padded.pad(0x55);
  const std::string one = member(padded, head);
  check_trips(one, "abcabc");
  check_trips(one + member(fixed_block("")) + member(fixed_block("x")), "abcabcx");
  check_trips(one + "trailing bytes", "abcabc");
  check_trips(one + std::string(300'000, '\0'), "abcabc");
  check_trips(one + "\x1f", "abcabc");
  check_trips(member(fixed_block("q"), std::string("\x1f\x8b\x08\x08\0\0\0\0\0\xff", 10) + std::string(300'000, 'n') +
                                           std::string(1, '\0')),
              "q");
}

TEST_CASE("blocks of every type are kept: empty ones, stored ones with padding, flushes") {
  BitText blocks;
  blocks.bits(0, 3).pad(0x7F).bits(0, 16).bits(0xFFFF, 16);
  blocks.bits(0, 3).pad(0).bits(3, 16).bits(0xFFFC, 16).bytes("abc");
  blocks.bits(0, 1).bits(1, 2).code(0, 7);
  blocks.bits(0, 1).bits(1, 2).code(0, 7);
  blocks.bits(1, 3).pad(0x15).bits(0, 16).bits(0xFFFF, 16);
  check_trips(member(blocks), "abc");
}

TEST_CASE("both encodings of the longest match are kept") {
  BitText blocks;
  blocks.bits(1, 1).bits(1, 2).code(0x30 + 'a', 8);
  blocks.code(0xC5, 8).code(0, 5);              // 285, distance 1
  blocks.code(0xC4, 8).bits(31, 5).code(0, 5);  // 284 + 31, distance 1
  blocks.code(0, 7);
  check_trips(member(blocks), std::string(517, 'a'));
}

TEST_CASE("a distance code may have one symbol, or none") {
  // Literals: 'a' and 256 with one bit, or 'a', 256 and 257 with 1, 2 and 2; distances: 0 with one bit, or none.
  for (const bool with_distance : {true, false}) {
    BitText blocks;
    blocks.bits(1, 1).bits(2, 2).bits(with_distance ? 1 : 0, 5).bits(0, 5).bits(14, 4);
    // Code lengths 18, 0, 1, 2 with two bits each.
    for (const unsigned symbol : {16U, 17U, 18U, 0U, 8U, 7U, 9U, 6U, 10U, 5U, 11U, 4U, 12U, 3U, 13U, 2U, 14U, 1U}) {
      blocks.bits(symbol == 18 || symbol == 0 || symbol == 1 || symbol == 2 ? 2 : 0, 3);
    }
    const auto zeros = [&](unsigned count) { blocks.code(3, 2).bits(count - 11, 7); };
    zeros(97);
    blocks.code(1, 2);  // 'a': 1
    zeros(138);
    zeros(20);
    if (with_distance) {
      blocks.code(2, 2).code(2, 2).code(1, 2);  // 256: 2, 257: 2, distance 0: 1
      blocks.code(0, 1).code(3, 2).code(0, 1).code(2, 2);
    } else {
      blocks.code(1, 2).code(0, 2);  // 256: 1, distance 0: none
      blocks.code(0, 1).code(1, 1);
    }
    check_trips(member(blocks), with_distance ? "aaaa" : "a");
  }
}

TEST_CASE("a block longer than a piece is divided, and rebuilt as one") {
  BitText blocks;
  blocks.bits(1, 1).bits(1, 2).code(0x30 + 'z', 8);
  for (int i = 0; i < 40'000; ++i) blocks.code(0xC5, 8).code(0, 5);
  blocks.code(0, 7);
  const Trip trip = round_trip(member(blocks), Predictor{Predictor::Kind::Zlib, 6});
  CHECK((trip.gzip == member(blocks)));
  CHECK(trip.plain.size() == 1 + 40'000 * 258);
  CHECK(trip.recipes.size() == 4);
  CHECK(trip.largest_piece <= kPieceBytes);
  CHECK(trip.recipe_bytes() < 400);
}

TEST_CASE("many empty members and blocks are parsed in pieces of limited size") {
  std::string gzip;
  for (int i = 0; i < 20'000; ++i) gzip += member(fixed_block(""));
  BitText blocks;
  for (int i = 0; i < 40'000; ++i) blocks.bits(0, 1).bits(1, 2).code(0, 7);
  blocks.bits(1, 1).bits(1, 2).code(0, 7);
  gzip += member(blocks);
  const Trip trip = round_trip(gzip, Predictor{});
  CHECK((trip.gzip == gzip));
  CHECK(trip.recipes.size() > 4);
  CHECK(trip.recipe_bytes() < gzip.size() / 2);
}

TEST_CASE("an invalid or truncated gzip stream is refused with the reason") {
  CHECK(refusal("") == "this is no gzip stream");
  CHECK(refusal("no gzip") == "this is no gzip stream");
  CHECK(refusal(std::string("\x1f\x8b\x08\x80\0\0\0\0\0\0", 10)) == "a gzip member has flags that do not exist");
  CHECK(refusal(kPlainHead + std::string("\7", 1) + kAnyTrailer) == "a block has a type that does not exist");
  CHECK(refusal(member(BitText().bits(1, 3).pad(0).bits(3, 16).bits(3, 16).bytes("abc"))) ==
        "a stored block has no valid size");
  CHECK(refusal(member(BitText().bits(1, 1).bits(1, 2).code(0x30 + 'a', 8).code(1, 7).code(1, 5).code(0, 7))) ==
        "a match reaches beyond the beginning of its member");
  CHECK(refusal(member(BitText().bits(1, 1).bits(1, 2).code(0x30 + 'a', 8).code(1, 7).code(30, 5).code(0, 7))) ==
        "a block has bits that are no Huffman code of it");
  CHECK(refusal(member(BitText().bits(1, 1).bits(1, 2).code(0x30 + 'a', 8).code(0xC6, 8).code(0, 5))) ==
        "a block has a length that does not exist");
  CHECK(refusal(member(BitText().bits(1, 1).bits(2, 2).bits(31, 5).bits(0, 9))) ==
        "a block has codes for symbols that do not exist");
  const std::string whole = member(fixed_block("abcdef"));
  for (std::size_t size = 3; size < whole.size(); ++size) CHECK(refusal(whole.substr(0, size)) == kTooEarly);
}

TEST_CASE("a match does not reach into the previous member") {
  BitText second;
  second.bits(1, 1).bits(1, 2).code(1, 7).code(0, 5).code(0, 7);
  CHECK(refusal(member(fixed_block("abc")) + member(second)) == "a match reaches beyond the beginning of its member");
}
