#include <doctest/doctest.h>

#include <random>

#include "base/fd.hpp"
#include "round_trip.hpp"
#include "stream/go_gzip.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// How well an encoder is foreseen: the largest size of recipes, in 1/1000 of the gzip stream; and by what.
struct KnownEncoder {
  std::string file;
  std::size_t permille;
  Predictor::Kind kind;
  int level;  ///< of the predictor; -1: any
};

const std::vector<KnownEncoder> kKnownEncoders = {
    {"zlib-1", 3, Predictor::Kind::Zlib, 1},
    {"zlib-2", 3, Predictor::Kind::Zlib, 2},
    {"zlib-3", 3, Predictor::Kind::Zlib, 3},
    {"zlib-4", 3, Predictor::Kind::Zlib, 4},
    {"zlib-5", 3, Predictor::Kind::Zlib, 5},
    {"zlib-6", 3, Predictor::Kind::Zlib, 6},
    {"zlib-7", 3, Predictor::Kind::Zlib, 7},
    {"zlib-8", 3, Predictor::Kind::Zlib, 8},
    {"zlib-9", 3, Predictor::Kind::Zlib, 9},
    {"gzip-1", 3, Predictor::Kind::Zlib, 1},
    {"gzip-6", 3, Predictor::Kind::Zlib, 6},
    {"gzip-9", 3, Predictor::Kind::Zlib, 9},
    {"pigz-1", 3, Predictor::Kind::Zlib, 1},
    {"pigz-6", 3, Predictor::Kind::Zlib, 6},
    {"pigz-9", 3, Predictor::Kind::Zlib, 9},
    {"go-1", 3, Predictor::Kind::Go, 1},
    {"go-2", 3, Predictor::Kind::Go, 2},
    {"go-3", 3, Predictor::Kind::Go, 3},
    {"go-4", 3, Predictor::Kind::Go, 4},
    {"go-6", 3, Predictor::Kind::Go, 6},
    {"go-9", 3, Predictor::Kind::Go, 9},
    {"klauspost-1", 6, Predictor::Kind::Klauspost, 1},
    {"klauspost-2", 6, Predictor::Kind::Klauspost, 2},
    {"klauspost-3", 6, Predictor::Kind::Klauspost, 3},
    {"klauspost-4", 6, Predictor::Kind::Klauspost, 4},
    {"klauspost-5", 6, Predictor::Kind::Klauspost, 5},
    {"klauspost-6", 6, Predictor::Kind::Klauspost, 6},
    {"klauspost-7", 3, Predictor::Kind::Klauspost, 7},
    {"klauspost-8", 3, Predictor::Kind::Klauspost, 8},
    {"klauspost-9", 3, Predictor::Kind::Klauspost, 9},
};

}  // namespace

TEST_CASE("streams of common encoders are predicted: recipes take 0.3 % of a stream, and rebuild it") {
  for (const KnownEncoder& encoder : kKnownEncoders) {
    CAPTURE(encoder.file);
    const std::string gzip = read_file(FIXTURES "/recipe/" + encoder.file + ".gz", kTripLimit);
    const Trip trip = round_trip(gzip);
    CHECK((trip.gzip == gzip));
    CHECK(trip.predictor.kind == encoder.kind);
    CHECK(static_cast<int>(trip.predictor.level) == encoder.level);
    CHECK(trip.recipe_bytes() * 1000 <= gzip.size() * encoder.permille);
  }
}

TEST_CASE("a stream whose beginning does not identify its encoder is predicted, too") {
  const std::string text = round_trip(read_file(FIXTURES "/recipe/go-1.gz", kTripLimit)).plain;
  std::string noise(std::size_t{3'500'000}, '\0');
  std::minstd_rand random(7);
  for (char& byte : noise) byte = static_cast<char>(random() >> 16);
  for (const std::string& beginning : {noise, std::string(std::size_t{7'000'000}, '\0')}) {
    StringSink gzip(kTripLimit);
    GoGzipSink packer(gzip);
    packer.write(as_bytes(beginning));
    packer.write(as_bytes(text));
    packer.finish();
    const Trip trip = round_trip(gzip.content);
    CHECK((trip.gzip == gzip.content));
    CHECK(trip.predictor == Predictor{.kind = Predictor::Kind::Go, .level = 1});
    CHECK(trip.recipe_bytes() < 1000);
  }
}

TEST_CASE("matches are predicted up to the ends of an encoder's jobs") {
  for (const std::string name : {"pigz-6-large", "pgzip-1", "pgzip-5", "pgzip-6", "gzip-6-large"}) {
    CAPTURE(name);
    const std::string gzip = read_file(FIXTURES "/recipe/" + name + ".gz", kTripLimit);
    const Trip trip = round_trip(gzip);
    CHECK((trip.gzip == gzip));
    CHECK(trip.plain.size() > 1'200'000);
    CHECK(trip.recipe_bytes() < 300);
  }
}

TEST_CASE("streams of unknown encoders are rebuilt, too") {
  for (const std::string name : {"libdeflate-1", "libdeflate-6", "libdeflate-12", "igzip-0", "igzip-1", "igzip-3"}) {
    CAPTURE(name);
    const std::string gzip = read_file(FIXTURES "/recipe/" + name + ".gz", kTripLimit);
    const Trip trip = round_trip(gzip);
    CHECK((trip.gzip == gzip));
    CHECK(trip.recipe_bytes() * 100 < gzip.size() * 12);
  }
}
