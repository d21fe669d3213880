#include <doctest/doctest.h>

#include <iostream>

#include "base/fd.hpp"
#include "damaged_gzip.hpp"
#include "ociferry/error.hpp"
#include "random_gzip.hpp"
#include "round_trip.hpp"
#include "support/seed.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::vector<Predictor>& all_predictors() {
  static const std::vector<Predictor> all = [] {
    std::vector<Predictor> list;
    const auto add = [&](Predictor::Kind kind, unsigned first, unsigned last) {
      for (unsigned level = first; level <= last; ++level) list.push_back({kind, static_cast<std::uint8_t>(level)});
    };
    add(Predictor::Kind::Chains, 0, 2);
    add(Predictor::Kind::Zlib, 1, 9);
    add(Predictor::Kind::Go, 1, 9);
    add(Predictor::Kind::Klauspost, 1, 9);
    add(Predictor::Kind::Klauspost, 17, 22);
    return list;
  }();
  return all;
}

const Predictor& predictor_for(std::uint64_t seed) { return all_predictors()[seed % all_predictors().size()]; }

/// How many streams were taken apart and came out the same.
std::uint64_t run_trips(std::uint64_t first, std::uint64_t count) {
  std::uint64_t good = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    try {
      const RandomGzip stream = random_gzip(seed);
      const Trip trip = round_trip(stream.gzip, predictor_for(seed));
      if (trip.gzip == stream.gzip && trip.plain == stream.plain) {
        ++good;
        continue;
      }
      FAIL_CHECK("seed " << seed << ": other bytes (alone: scripts/torture recipes 1 " << seed << ")");
    } catch (const std::exception& error) {
      FAIL_CHECK("seed " << seed << " (alone: scripts/torture recipes 1 " << seed
                         << "): " << std::string(error.what()));
    }
  }
  return good;
}

/// What became of damaged streams.
struct Damages {
  std::uint64_t rebuilt = 0;  ///< they were valid, or so far as it matters
  std::uint64_t refused = 0;
};

/// Each damaged stream is refused as corrupt, or comes out the same. Some were made by known encoders.
Damages run_damages(std::uint64_t first, std::uint64_t count) {
  std::vector<std::string> known;
  for (const std::string name : {"zlib-6", "zlib-1", "go-1", "klauspost-5", "pigz-6-large", "igzip-1"}) {
    known.push_back(read_file(FIXTURES "/recipe/" + name + ".gz", kTripLimit));
  }
  Damages damages;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const std::string gzip =
        damaged_gzip(seed % 8 == 0 ? known[seed / 8 % known.size()] : random_gzip(seed).gzip, seed);
    try {
      if (round_trip(gzip, predictor_for(seed)).gzip == gzip) {
        ++damages.rebuilt;
        continue;
      }
      FAIL_CHECK("damage " << seed << ": other bytes (alone: scripts/torture recipes 1 " << seed << ")");
    } catch (const Error& error) {
      if (error.code() == ErrorCode::Corrupt) ++damages.refused;
      CHECK_MESSAGE(error.code() == ErrorCode::Corrupt, "damage " << seed << ": " << std::string(error.what()));
    }
  }
  return damages;
}

struct Sample {
  GzipPiece piece;
  std::vector<std::byte> recipe;
};

Sample sample_of(const std::string& gzip, const Predictor& predictor) {
  StringSource source(gzip);
  GzipParser parser(source);
  std::optional<GzipPiece> piece = parser.next();
  REQUIRE(piece.has_value());
  std::vector<std::byte> recipe = recipe_of(*piece, {}, predictor);
  return {std::move(*piece), std::move(recipe)};
}

/// Damaged recipes are refused, or give bytes in bounds: the number of those that are refused.
int refused_of(const Sample& sample, std::uint64_t seed, int tries) {
  Dice dice(seed);
  int refused = 0;
  for (int i = 0; i < tries; ++i) {
    std::vector<std::byte> recipe = sample.recipe;
    for (std::uint64_t flips = 1 + dice.below(3); flips > 0; --flips) {
      recipe[dice.below(recipe.size())] ^= static_cast<std::byte>(1U << dice.below(8));
    }
    if (dice.one_in(4)) recipe.resize(dice.below(recipe.size()) + 1);
    try {
      const BitRun run = rebuilt(recipe, sample.piece.plain, {});
      CHECK(run.bytes.size() == (run.bits + 7) / 8);
      CHECK(run.bytes.size() < 8 * sample.piece.plain.size() + 10'000'000);
    } catch (const Error& error) {
      CHECK((error.code() == ErrorCode::Corrupt || error.code() == ErrorCode::Hostile));
      ++refused;
    }
  }
  return refused;
}

}  // namespace

TEST_CASE("streams that no encoder makes round-trip with every predictor") {
  CHECK(run_trips(seed_of_run() * 1'000'000, 300) == 300);
}

TEST_CASE("damaged streams are refused as Corrupt, or round-trip") {
  const Damages damages = run_damages(seed_of_run() * 1'000'000, 300);
  CHECK(damages.rebuilt > 50);
  CHECK(damages.refused > 50);
  CHECK(damages.rebuilt + damages.refused == 300);
}

TEST_CASE("OCIFERRY_RECIPES streams that no encoder would make come out the same, also damaged ones, or are refused" *
          doctest::skip()) {
  const std::uint64_t count = number_from("OCIFERRY_RECIPES", 10'000);
  const std::uint64_t good = run_trips(seed_of_run(), count);
  std::cout << good << " of " << count << " gzip streams rebuilt\n";
  CHECK(good == count);
  const Damages damages = run_damages(seed_of_run(), count);
  std::cout << "of " << count << " damaged ones, " << damages.rebuilt << " rebuilt, " << damages.refused
            << " refused\n";
  CHECK(damages.rebuilt + damages.refused == count);
}

TEST_CASE("damaged recipes are refused or give wrong bytes, within the limits") {
  const std::string gzip = read_file(FIXTURES "/recipe/igzip-1.gz", kTripLimit);
  int refused = 0;
  for (const Predictor& predictor : all_predictors()) {
    refused += refused_of(sample_of(gzip, predictor), seed_of_run(), 1);
  }
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    refused += refused_of(sample_of(random_gzip(seed).gzip, all_predictors()[seed % 20]), seed, 10);
  }
  CHECK(refused > 50);
}

TEST_CASE("a recipe of a newer version, or with an unknown predictor, is refused as needing a newer ociferry") {
  const Sample sample = sample_of(random_gzip(3).gzip, Predictor{});
  const auto refusal = [&](std::size_t at, int value) {
    std::vector<std::byte> recipe = sample.recipe;
    recipe[at] = static_cast<std::byte>(value);
    try {
      static_cast<void>(rebuilt(recipe, sample.piece.plain, {}));
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Hostile);
      return error.message();
    }
    return std::string("taken");
  };
  CHECK(refusal(0, 2) == "a recipe needs a newer ociferry");
  CHECK(refusal(1, 4) == "a recipe needs a newer ociferry");
  CHECK(refusal(1, 255) == "a recipe needs a newer ociferry");
  CHECK(refusal(2, 3) == "a recipe needs a newer ociferry");
}

TEST_CASE("a recipe is refused with other or incomplete unpacked bytes") {
  const std::string gzip = read_file(FIXTURES "/recipe/zlib-6.gz", kTripLimit);
  const Sample sample = sample_of(gzip, {Predictor::Kind::Zlib, 6});
  const Bytes plain = sample.piece.plain;
  CHECK_THROWS_AS(static_cast<void>(rebuilt(sample.recipe, plain.first(plain.size() - 1), {})), Error);
  CHECK_THROWS_AS(static_cast<void>(rebuilt({}, plain, {})), Error);
  std::vector<std::byte> longer = sample.recipe;
  longer.resize(longer.size() + 5);
  CHECK_THROWS_AS(static_cast<void>(rebuilt(longer, plain, {})), Error);
}

TEST_CASE("bit runs are joined, and the last one must end at a byte boundary") {
  StringSink out(100);
  BitRunJoiner joiner(out);
  joiner.append({{std::byte{0x05}}, 3});
  joiner.append({{std::byte{0x1F}, std::byte{0x01}}, 9});
  joiner.append({{}, 0});
  CHECK_THROWS_AS(joiner.finish(), Error);
  joiner.append({{std::byte{0x0A}}, 4});
  joiner.finish();
  CHECK(out.content == "\xFD\xA8");
}
