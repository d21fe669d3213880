#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "layout/compact/compact_format.hpp"
#include "stream/sha256.hpp"
#include "support/error_of.hpp"
#include "support/seed.hpp"

// The header, the names and the records of a compact archive, and what is wrong with damaged ones.

using namespace ociferry;
using namespace ociferry::testing;
using namespace ociferry::compact;

namespace {

constexpr std::size_t kMost = 1 << 20;

const Header kHeader{.archive_bytes = 123456789012,
                     .fingerprint = sha256("seal"),
                     .kept_bytes = 77,
                     .piece_bytes = std::uint64_t{3} << 20};

/// The header with `from` replaced, which is in it once.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = write_header(kHeader);
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

ErrorCode refused_header(const std::string& text) {
  const Error error = error_of([&] { static_cast<void>(read_header(text, "a.tar.zst: header")); });
  CHECK(error.message().find("a.tar.zst: header") != std::string::npos);
  return error.code();
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const Bytes bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

/// A record by chance: its steps give at most `kMost` bytes.
std::vector<Step> any_steps(Dice& dice, std::uint64_t& fresh) {
  std::vector<Step> steps;
  for (std::uint64_t left = dice.below(9); left > 0; --left) {
    Step step{.kind = static_cast<Step::Kind>(dice.below(4)), .bytes = 1 + dice.below(1U << dice.below(17))};
    if (step.kind == Step::Kind::Copy || step.kind == Step::Kind::Differ) {
      step.from = dice.below(std::numeric_limits<std::uint64_t>::max() >> dice.below(60));
    }
    if (step.kind != Step::Kind::Copy) fresh += step.bytes;
    steps.push_back(step);
  }
  return steps;
}

std::string refused_record(const std::vector<std::byte>& bytes, std::size_t most = kMost) {
  const Error error = error_of([&] { static_cast<void>(read_record(bytes, most, "piece")); });
  CHECK(error.code() == ErrorCode::Corrupt);
  CHECK(error.message().starts_with("piece: "));
  return error.message();
}

/// The bytes of a record of these parts, whatever they say.
std::vector<std::byte> record_of(const std::string& steps, const std::string& recipe, const std::string& fresh) {
  std::string bytes;
  for (const std::string* part : {&steps, &recipe, &fresh}) {
    for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(part->size() >> shift);
  }
  return bytes_of(bytes + steps + recipe + fresh);
}

}  // namespace

TEST_CASE("the header of a compact archive round-trips") {
  const Header read = read_header(write_header(kHeader), "header");
  CHECK(read.archive_bytes == kHeader.archive_bytes);
  CHECK(read.fingerprint == kHeader.fingerprint);
  CHECK(read.kept_bytes == kHeader.kept_bytes);
  CHECK(read.piece_bytes == kHeader.piece_bytes);
  CHECK(write_header(kHeader).size() < kMostHeaderBytes);
}

TEST_CASE("a header that is damaged, of another kind or of a newer version is refused") {
  CHECK(refused_header("") == ErrorCode::Corrupt);
  CHECK(refused_header("{") == ErrorCode::Corrupt);
  CHECK(refused_header("[]") == ErrorCode::Corrupt);
  CHECK(refused_header(changed("CompactArchive", "Other")) == ErrorCode::Corrupt);
  CHECK(refused_header(changed("\"kind\"", "\"kin\"")) == ErrorCode::Corrupt);
  CHECK(refused_header(changed("sha256:", "sha256-")) == ErrorCode::Corrupt);
  CHECK(refused_header(changed("123456789012", "-1")) == ErrorCode::Corrupt);
  CHECK(refused_header(changed("123456789012", "\"1\"")) == ErrorCode::Corrupt);
  CHECK(refused_header(changed("123456789012", "1.5")) == ErrorCode::Corrupt);
  for (const std::string key : {"schemaVersion", "archiveBytes", "fingerprint", "keptBytes", "pieceBytes"}) {
    CHECK(refused_header(changed(key, "x")) == ErrorCode::Corrupt);
  }
  const Error newer = error_of(
      [] { static_cast<void>(read_header(changed("\"schemaVersion\": 1", "\"schemaVersion\": 2"), "header")); });
  CHECK(newer.code() == ErrorCode::Hostile);
  CHECK(newer.message().find("newer ociferry") != std::string::npos);
}

TEST_CASE("names of members round-trip, and others are refused") {
  for (const MemberName& name : {MemberName{.kind = MemberKind::Plain, .number = 0},
                                 MemberName{.kind = MemberKind::Plain, .number = 18446744073709551615U},
                                 MemberName{.kind = MemberKind::Tar, .number = 12, .piece = 1, .pieces = 1},
                                 MemberName{.kind = MemberKind::Gzip, .number = 3, .piece = 70, .pieces = 1000}}) {
    CHECK(read_name(write_name(name)) == name);
  }
  CHECK(write_name({.kind = MemberKind::Gzip, .number = 3, .piece = 2, .pieces = 4}) == "gzip/3/2-of-4");
  for (const std::string name : {"",
                                 "plain",
                                 "plain/",
                                 "plain/x",
                                 "plain/-1",
                                 "plain/+1",
                                 "plain/ 1",
                                 "plain/1 ",
                                 "plain/1/1-of-1",
                                 "plain/18446744073709551616",
                                 "tar/1",
                                 "tar/1/",
                                 "tar/1/1",
                                 "tar/1/1-of-",
                                 "tar/1/0-of-1",
                                 "tar/1/3-of-2",
                                 "gzip/1/1-of-2x",
                                 "gzip/x/1-of-2",
                                 "zip/1/1-of-2",
                                 "/plain/1",
                                 "../plain/1",
                                 "PLAIN/1"}) {
    CAPTURE(name);
    CHECK_FALSE(read_name(name));
  }
}

TEST_CASE("a thousand random records round-trip") {
  Dice dice(seed_of_run());
  for (int i = 0; i < 1000; ++i) {
    std::uint64_t fresh = 0;
    const std::vector<Step> steps = any_steps(dice, fresh);
    const std::vector<std::byte> recipe(dice.below(50), std::byte{7});
    const std::vector<std::byte> content(fresh, std::byte{9});
    const std::vector<std::byte> written = write_record({.steps = steps, .recipe = recipe, .fresh = content});
    const Record read = read_record(written, kMost, "piece");
    CHECK((read.steps == steps));
    CHECK(read.recipe.size() == recipe.size());
    CHECK(std::ranges::equal(read.fresh, content));
    // Cut anywhere it is none.
    const std::size_t size = dice.below(written.size());
    static_cast<void>(refused_record({written.begin(), written.begin() + static_cast<std::ptrdiff_t>(size)}));
  }
}

TEST_CASE("records whose parts do not fit together are refused") {
  CHECK_NOTHROW(static_cast<void>(read_record(record_of("", "", ""), 0, "piece")));
  CHECK(refused_record(bytes_of(std::string(11, '\0'))).find("is cut") != std::string::npos);
  CHECK(refused_record(bytes_of(std::string(13, '\0'))).find("another length") != std::string::npos);
  CHECK(refused_record(bytes_of(std::string(12, '\xff'))).find("another length") != std::string::npos);
  // Numbers that do not end, or are too long.
  static_cast<void>(refused_record(record_of("\x84", "", "")));
  static_cast<void>(refused_record(record_of(std::string(11, '\xff') + '\x01', "", "")));
  static_cast<void>(refused_record(record_of("\x06", "", "")));  // a copy from nowhere
  // More bytes than a piece may have, by one step and by two.
  const auto step = [](std::uint64_t bytes, Step::Kind kind) { return Step{.kind = kind, .bytes = bytes}; };
  const std::vector<std::byte> large =
      write_record({.steps = {step(600, Step::Kind::Copy), step(500, Step::Kind::Copy)}, .recipe = {}, .fresh = {}});
  CHECK_NOTHROW(static_cast<void>(read_record(large, 1100, "piece")));
  CHECK(refused_record(large, 1099).find("more than 1099 bytes") != std::string::npos);
  static_cast<void>(refused_record(large, 599));
  static_cast<void>(refused_record(
      write_record({.steps = {step(std::uint64_t{1} << 61, Step::Kind::Copy)}, .recipe = {}, .fresh = {}})));
  // Steps that want more or fewer new bytes than there are.
  for (const Step::Kind kind : {Step::Kind::New, Step::Kind::Kept, Step::Kind::Differ}) {
    const std::vector<std::byte> content(9);
    for (const std::uint64_t bytes : {8U, 10U}) {
      const auto record = write_record({.steps = {step(bytes, kind)}, .recipe = {}, .fresh = content});
      CHECK(refused_record(record).find("do not match") != std::string::npos);
    }
  }
}

TEST_CASE("empty steps, and more than a writer makes, are refused before memory is reserved") {
  CHECK(refused_record(record_of(std::string(3, '\0'), "", "")).find("gives nothing") != std::string::npos);
  const std::size_t many = (std::size_t{1} << 20) + 1;
  CHECK(refused_record(record_of(std::string(many, '\x04'), "", std::string(many, 'x')), 2 * many)
            .find("too many steps") != std::string::npos);
}
