// A gzip stream that the parser takes comes out of its recipes the same. The first byte chooses a predictor; if its
// highest bit is set, the rest is not a stream but the recipe of a stranger, and the text that it is for.

#include <string>

#include "fuzz.hpp"
#include "ociferry/error.hpp"
#include "recipe/gzip_recipe.hpp"
#include "stream/memory.hpp"

using namespace ociferry;

namespace {

constexpr std::uint64_t kMostOut = std::uint64_t{1} << 28;

Predictor predictor_of(std::uint8_t choice) {
  const auto level = static_cast<std::uint8_t>(choice >> 2 & 15U);
  switch (choice & 3U) {
    case 0: return {Predictor::Kind::Chains, static_cast<std::uint8_t>(level % 3)};
    case 1: return {Predictor::Kind::Zlib, static_cast<std::uint8_t>(1 + level % 9)};
    case 2: return {Predictor::Kind::Go, static_cast<std::uint8_t>(1 + level % 9)};
    default: return {Predictor::Kind::Klauspost, static_cast<std::uint8_t>(level < 9 ? 1 + level : 17 + level % 6)};
  }
}

void check_stream(const std::string& gzip, const Predictor& predictor) {
  StringSource source(gzip);
  GzipParser parser(source);
  StringSink out(kMostOut);
  BitRunJoiner joiner(out);
  std::vector<std::byte> history;
  while (const std::optional<GzipPiece> piece = parser.next()) {
    testing::require(piece->plain.size() <= kPieceBytes, "pieces are bounded");
    joiner.append(rebuilt(recipe_of(*piece, history, predictor), piece->plain, history));
    history.insert(history.end(), piece->plain.begin(), piece->plain.end());
    if (history.size() > kPieceHistory) {
      history.erase(history.begin(), history.end() - static_cast<std::ptrdiff_t>(kPieceHistory));
    }
  }
  joiner.finish();
  testing::require(out.content == gzip, "recipes give the same bytes again");
}

/// Two bytes say how long the recipe is; text and history follow.
void check_recipe(std::string_view input) {
  testing::FuzzBytes bytes(input);
  const std::size_t size = bytes.next() | std::size_t{bytes.next()} << 8U;
  const Bytes recipe = as_bytes(bytes.take(size));
  const Bytes text = as_bytes(bytes.rest());
  const Bytes history = text.first(text.size() / 3);
  const Bytes plain = text.subspan(history.size());
  const BitRun run = rebuilt(recipe, plain, history);
  testing::require(run.bytes.size() == (run.bits + 7) / 8, "a run has as many bytes as its bits need");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = testing::fuzz_text(data, size);
  if (input.empty()) return 0;
  const auto choice = static_cast<std::uint8_t>(input.front());
  try {
    if ((choice & 128U) != 0) {
      check_recipe(input.substr(1));
    } else {
      check_stream(std::string(input.substr(1)), predictor_of(choice));
    }
  } catch (const Error& error) {
    testing::require(error.code() == ErrorCode::Corrupt || error.code() == ErrorCode::Hostile,
                     "a refusal says what is wrong");
  }
  return 0;
}
