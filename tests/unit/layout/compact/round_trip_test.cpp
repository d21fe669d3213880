#include <doctest/doctest.h>
#include <fcntl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "archive_files.hpp"
#include "compact_sample.hpp"
#include "support/error_of.hpp"
#include "support/process.hpp"

// Archives with layers of all kinds, made compact and expanded again.

using namespace ociferry;
using namespace ociferry::testing;
using namespace ociferry::compact;

namespace {

std::string text_file(std::size_t lines, int seed) {
  std::string text;
  const std::string end = " of " + std::to_string(seed) + "\n";
  for (std::size_t i = 0; i < lines; ++i) text += "line " + std::to_string(i * 7 % 1000) + end;
  return text;
}

const std::string kLibrary = text_file(9'000, 1);
const std::string kNoise = random_bytes(60'000, 1);

/// `content` as the program named first packs it.
std::string by_program(const Words& program, const std::string& content) {
  return run_or_throw({.arguments = program, .input = content});
}

}  // namespace

TEST_CASE("layers of every kind round-trip, and files of several layers are kept once") {
  if (lacks({"gzip", "pigz"})) return;
  const std::string one = TarBuilder().file("lib/a", kLibrary).file("noise", kNoise).tar();
  const std::string two = TarBuilder().file("other", text_file(500, 2)).file("opt/a", kLibrary).tar();
  const std::string three = TarBuilder().file("z", kNoise).file("y", kLibrary).tar();
  const std::vector<std::string> blobs{R"({"small":1})",
                                       gzip(one),
                                       by_program({"gzip", "-9n"}, two),
                                       three,
                                       zstd(one),
                                       by_program({"pigz", "-6n"}, three),
                                       random_bytes(70'000, 9),
                                       "",
                                       gzip(random_bytes(50'000, 10))};
  const CompactSample sample(blobs);
  const auto kinds = [&] {
    std::vector<MemberKind> all;
    for (const LayerForm& form : sample.studied.blobs) all.push_back(form.kind);
    return all;
  }();
  using enum MemberKind;
  CHECK(kinds == std::vector<MemberKind>{Plain, Gzip, Gzip, Tar, Plain, Gzip, Plain, Plain, Gzip});
  CHECK(std::ranges::all_of(sample.studied.blobs, [](const LayerForm& form) { return form.why_as_it_is.empty(); }));
  CHECK(sample.studied.header.kept_bytes == kLibrary.size() + kNoise.size());
  CHECK(sample.studied.header.archive_bytes == sample.plain.size());
  // Each file once, and beside it what travels as it is.
  CHECK(sample.tar.size() < kLibrary.size() + 5 * kNoise.size() + 200'000);
  for (const std::size_t piece : {1U, 1000U, 1'000'000U}) CHECK((expanded(sample.tar, piece) == sample.plain));
  CHECK((expanded(compressed(sample.tar)) == sample.plain));
}

TEST_CASE("a layer of many pieces, with contents across their borders, round-trips") {
  if (lacks({"gzip"})) return;
  const std::string large = text_file(115'000, 3) + random_bytes(200'000, 4) + text_file(115'000, 5);
  const std::string one = TarBuilder().file("x", "x").file("large", large).tar();
  const std::string two = TarBuilder().file("y", kNoise).file("large", large).file("z", kLibrary).tar();
  const CompactSample sample({by_program({"gzip", "-1n"}, one), two});
  CHECK(sample.studied.blobs[0].pieces.size() > 1);
  CHECK(sample.studied.header.kept_bytes == large.size());
  CHECK(sample.tar.size() < large.size() + 1'000'000);
  CHECK((expanded(sample.tar) == sample.plain));
}

TEST_CASE("a blob that is no valid gzip stream is stored unchanged, with the reason") {
  const std::string good = gzip(TarBuilder().file("a", kLibrary).file("b", kNoise).tar());
  std::string damaged = good;
  damaged[10] = static_cast<char>(0x07);  // a block of the type that is none
  const std::vector<std::string> blobs{good.substr(0, good.size() - 2000), damaged, "\x1f\x8b" + kNoise, good};
  const CompactSample sample(blobs);
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(sample.studied.blobs[i].kind == MemberKind::Plain);
    CHECK_FALSE(sample.studied.blobs[i].why_as_it_is.empty());
  }
  CHECK(sample.studied.blobs[3].kind == MemberKind::Gzip);
  CHECK((expanded(sample.tar) == sample.plain));
}

TEST_CASE("gzip with several members, trailing bytes or a wrong checksum round-trips") {
  const std::string one = gzip(TarBuilder().file("a", kLibrary).tar());
  const std::string two = gzip(TarBuilder().file("b", kNoise).tar());
  std::string wrong = one;
  wrong[wrong.size() - 6] = static_cast<char>(wrong[wrong.size() - 6] ^ 1);
  const CompactSample sample({one + two, two + std::string(700, '\0'), one + "junk behind it", wrong});
  CHECK((expanded(sample.tar) == sample.plain));
}

TEST_CASE("an archive of small blobs round-trips") {
  std::vector<std::string> small;
  for (std::uint64_t i = 0; i < 40; ++i) small.push_back(random_bytes(i * 100, i));
  const CompactSample sample(small);
  CHECK((expanded(sample.tar) == sample.plain));
}

TEST_CASE("a compact archive does not depend on the number of threads") {
  const std::string noise = kNoise.substr(0, 6000);
  const std::string text = text_file(300, 7);
  const std::vector<std::string> blobs{gzip(TarBuilder().file("a", text).file("b", noise).tar()),
                                       gzip(TarBuilder().file("c", text + noise).file("d", noise).tar())};
  const std::string tar = CompactSample(blobs, 1).tar;
  for (const std::size_t threads : {0U, 5U}) CHECK((CompactSample(blobs, threads).tar == tar));
}

TEST_CASE("a blob with a wrong digest is an error, and not stored unchanged") {
  const std::string layer = gzip(TarBuilder().file("a", kLibrary).tar());
  const CompactSample sample({layer, TarBuilder().file("a", kNoise).tar()});
  for (const std::size_t blob : {0U, 1U}) {
    std::string damaged = sample.plain;
    const std::string content = blob == 0 ? layer : kNoise;
    const std::size_t at = damaged.find(content) + content.size() / 2;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    write_text(sample.path(), damaged);
    ArchiveReader archive(sample.path());
    CHECK(code_of([&] {
            static_cast<void>(
                study_archive(archive, nullptr, {}, sample.directory.path(), Recipes::All, 2, silent_progress(), {}));
          }) == ErrorCode::Corrupt);
  }
}

TEST_CASE("an archive that changes between the two passes is refused") {
  CompactSample before({gzip(TarBuilder().file("a", kLibrary).tar())});
  std::string bytes = before.plain;
  const std::size_t at = bytes.find("\x1f\x8b") + 3000;
  bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  {
    const UniqueFd file = open_file(before.path(), O_WRONLY);  // in place: it is the same file
    pwrite_full(file.get(), as_bytes(bytes), 0, "a.tar");
  }
  StringSink out(kSampleLimit);
  CHECK(code_of([&] { write_compact(before.archive, before.studied, nullptr, out, silent_progress(), {}); }) ==
        ErrorCode::Corrupt);
}

TEST_CASE("a stop request ends both passes") {
  CompactSample sample({gzip(TarBuilder().file("a", kLibrary).tar())});
  std::stop_source stop;
  stop.request_stop();
  CHECK(code_of([&] { static_cast<void>(sample.study(2, stop.get_token())); }) == ErrorCode::Interrupted);
  StringSink out(kSampleLimit);
  CHECK(code_of([&] {
          write_compact(sample.archive, sample.studied, nullptr, out, silent_progress(), stop.get_token());
        }) == ErrorCode::Interrupted);
}

TEST_CASE("a stop request ends the reader between two pieces") {
  const CompactSample sample({gzip(TarBuilder().file("a", kLibrary).tar())});
  std::stop_source stop;
  CompactReader reader(std::make_unique<StringSource>(compressed(sample.tar)), "a", {}, sample.directory.path(),
                       stop.get_token());
  stop.request_stop();
  std::vector<std::byte> buffer(100);
  CHECK(code_of([&] { static_cast<void>(reader.read(buffer)); }) == ErrorCode::Interrupted);
}
