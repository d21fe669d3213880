#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "archive_files.hpp"
#include "base/text.hpp"
#include "compact_sample.hpp"
#include "medium/file_medium.hpp"
#include "medium/stream_medium.hpp"
#include "stream/sha256.hpp"
#include "support/error_of.hpp"
#include "support/seed.hpp"

// Damaged and hostile compact archives: refused, or the same bytes; never more memory than there may be.

using namespace ociferry;
using namespace ociferry::testing;
using namespace ociferry::compact;

namespace {

const CompactSample& small_sample() {
  static const CompactSample sample = [] {
    std::string text;
    for (int i = 0; i < 700; ++i) text += "row " + std::to_string(i % 90) + "\n";
    const std::string one = TarBuilder().file("a", text).file("b", random_bytes(2000, 1)).tar();
    const std::string two = TarBuilder().file("c", random_bytes(600, 2)).file("d", text).tar();
    // Noise, so that what is packed is large enough to be opened.
    const std::string three = TarBuilder().file("e", text).file("f", random_bytes(6000, 3)).tar();
    return CompactSample({gzip(three), two, gzip(two + three), "{}"});
  }();
  return sample;
}

/// What became of reading `bytes`: they give `plain`, or are refused as damaged, or give others.
enum class End { Same, Refused, Other };

End end_of(const std::string& bytes, const std::string& plain) {
  try {
    return expanded(bytes) == plain ? End::Same : End::Other;
  } catch (const Error& error) {
    const bool is_refusal =
        error.code() == ErrorCode::Corrupt || error.code() == ErrorCode::Hostile || error.code() == ErrorCode::Space;
    CHECK_MESSAGE(is_refusal, error.message());
    return End::Refused;
  }
}

/// A compact archive of these members, each a name and a content.
std::string archive_of(const std::vector<std::pair<std::string, std::string>>& members, std::uint64_t kept = 0,
                       std::uint64_t piece_bytes = kPieceBytes) {
  const Header header{
      .archive_bytes = 1000, .fingerprint = sha256("seal"), .kept_bytes = kept, .piece_bytes = piece_bytes};
  TarBuilder tar;
  tar.file(std::string(kHeaderFile), write_header(header));
  for (const auto& [name, content] : members) tar.file(name, content);
  return tar.tar();
}

std::string refused(const std::string& tar, ErrorCode code = ErrorCode::Corrupt) {
  const Error error = error_of([&] { static_cast<void>(expanded(tar)); });
  CHECK(error.code() == code);
  const std::string all = text::cat(error.message(), "\n", text::join(error.context(), "\n"));
  CHECK_MESSAGE(all.find("a.tar.zst") != std::string::npos, all);
  return error.message();
}

std::string record_text(const std::vector<Step>& steps, const std::string& recipe, const std::string& fresh) {
  const auto bytes = write_record({.steps = steps, .recipe = as_bytes(recipe), .fresh = as_bytes(fresh)});
  return std::string(as_text(bytes));
}

}  // namespace

TEST_CASE("a compact archive with a byte flipped, or cut, is refused or gives the same bytes") {
  const std::string packed = compressed(small_sample().tar);
  REQUIRE((expanded(packed) == small_sample().plain));
  Dice dice(seed_of_run());
  std::size_t refusals = 0;
  for (std::size_t at = 0; at < packed.size(); at += 1 + dice.below(packed.size() / 60)) {
    CAPTURE(at);
    std::string damaged = packed;
    damaged[at] = static_cast<char>(damaged[at] ^ 1 << dice.below(8));
    const End end = end_of(damaged, small_sample().plain);
    CHECK(end != End::Other);
    refusals += end == End::Refused ? 1 : 0;
    CHECK(end_of(packed.substr(0, at), small_sample().plain) == End::Refused);
  }
  CHECK(refusals > 20);
}

TEST_CASE("a forged compact archive with a right checksum is refused or gives the announced number of bytes") {
  const std::string& tar = small_sample().tar;
  Dice dice(seed_of_run());
  for (int i = 0; i < 120; ++i) {
    std::string damaged = tar;
    damaged[dice.below(tar.size())] = static_cast<char>(dice.below(256));
    if (dice.one_in(3)) damaged[dice.below(4096)] = static_cast<char>(dice.below(256));
    if (dice.one_in(5)) damaged.resize(dice.below(damaged.size()));
    static_cast<void>(end_of(damaged, small_sample().plain));
  }
  // Whole blocks taken, doubled and exchanged.
  const std::size_t blocks = tar.size() / 512;
  for (int i = 0; i < 60; ++i) {
    std::string damaged = tar;
    const std::size_t at = dice.below(blocks) * 512;
    const std::size_t size = (1 + dice.below(4)) * 512;
    switch (dice.below(3)) {
      case 0: damaged.erase(at, size); break;
      case 1: damaged.insert(at, tar.substr(dice.below(blocks) * 512, size)); break;
      default: damaged.replace(at, size, tar.substr(dice.below(blocks) * 512, size));
    }
    static_cast<void>(end_of(damaged, small_sample().plain));
  }
}

TEST_CASE("a compact archive without its header, or with an additional one, is refused") {
  CHECK(refused(TarBuilder().file("plain/0", "x").tar()).find("does not begin with") != std::string::npos);
  static_cast<void>(refused(TarBuilder().tar()));
  CHECK(refused(TarBuilder().file(std::string(kHeaderFile), std::string(kMostHeaderBytes + 1, ' ')).tar())
            .find("does not begin with") != std::string::npos);
  static_cast<void>(refused(archive_of({}, 0, kPieceBytes + 1), ErrorCode::Hostile));
  CHECK_NOTHROW(static_cast<void>(expanded(archive_of({{"plain/0", std::string(1000, 'x')}}))));
}

TEST_CASE("unknown, misplaced, too large and special members are refused") {
  const std::string piece = record_text({{.bytes = 10}}, "", "0123456789");
  const auto says = [](const std::vector<std::pair<std::string, std::string>>& members, std::string_view part) {
    const Error error = error_of([&] { static_cast<void>(expanded(archive_of(members))); });
    CHECK(error.code() == ErrorCode::Corrupt);
    CHECK_MESSAGE(error.message().find(part) != std::string::npos, error.message());
  };
  says({{"file", "x"}}, "unknown name file");
  says({{"tar/0/2-of-2", piece}}, "does not follow");
  says({{"tar/0/1-of-2", piece}, {"tar/1/2-of-2", piece}}, "does not follow");
  says({{"tar/0/1-of-2", piece}, {"gzip/0/2-of-2", piece}}, "does not follow");
  says({{"tar/0/1-of-3", piece}, {"tar/0/3-of-3", piece}}, "does not follow");
  says({{"tar/0/1-of-3", piece}, {"tar/0/2-of-4", piece}}, "does not follow");
  says({{"tar/0/1-of-2", piece}, {"plain/10", "x"}}, "does not follow");
  says({{"tar/0/1-of-2", piece}}, "a layer ends early");
  says({{"plain/0", std::string(kMostPlainBytes + 1, 'x')}}, "too much");
  says({{"plain/0", "x"}}, "it gives 1 bytes of the archive's 1000");
  says({{"plain/0", std::string(1001, 'x')}}, "more than the archive's 1000 bytes");
  TarBuilder link;
  link.raw(TarBuilder().file(std::string(kHeaderFile), write_header(small_sample().studied.header)).members());
  static_cast<void>(refused(link.symlink("plain/0", "x").tar()));
}

TEST_CASE("a member with a huge announced size is refused before memory is reserved") {
  for (const std::string name : {"plain/0", "tar/0/1-of-1", "gzip/0/1-of-1"}) {
    std::string tar = archive_of({});
    tar.resize(tar.size() - 1024);
    tar += raw_header({.name = name, .size = std::uint64_t{7} << 30});
    const Error error = error_of([&] { static_cast<void>(expanded(tar)); });
    CHECK(error.code() == ErrorCode::Corrupt);
    CHECK(error.message().find("too much") != std::string::npos);
  }
}

TEST_CASE("copies of bytes that were not kept, and more kept bytes than announced, are refused") {
  const std::string content(600, 'k');
  const auto with = [&](const std::vector<Step>& steps, const std::string& fresh, std::uint64_t kept) {
    return archive_of({{"tar/0/1-of-1", record_text(steps, "", fresh)}}, kept);
  };
  using enum Step::Kind;
  const std::vector<Step> good{{.kind = Kept, .bytes = 600}, {.kind = Copy, .bytes = 400, .from = 200}};
  CHECK(expanded(with(good, content, 600)) == std::string(1000, 'k'));
  static_cast<void>(refused(with(good, content, 599)));
  const std::vector<Step> beyond{{.kind = Kept, .bytes = 600}, {.kind = Copy, .bytes = 400, .from = 201}};
  static_cast<void>(refused(with(beyond, content, 600)));
  static_cast<void>(refused(with({{.kind = Copy, .bytes = 1000}}, "", 1000)));
  static_cast<void>(refused(with({{.kind = Copy, .bytes = 1000, .from = ~std::uint64_t{0} - 10}}, "", 1000)));
  // What differs is the sum of both, byte by byte.
  const std::vector<Step> differs{{.kind = Kept, .bytes = 600}, {.kind = Differ, .bytes = 400, .from = 0}};
  CHECK(expanded(with(differs, content + std::string(400, '\1'), 600)) == content + std::string(400, 'l'));
}

TEST_CASE("a recipe of random bytes is refused or gives wrong bytes within the limit") {
  Dice dice(seed_of_run());
  for (std::uint64_t i = 0; i < 300; ++i) {
    const std::string recipe = i == 0 ? "" : random_bytes(dice.below(60), i);
    const std::string plain = random_bytes(500, i);
    const std::string tar = archive_of({{"gzip/0/1-of-1", record_text({{.bytes = 500}}, recipe, plain)}});
    CHECK(end_of(tar, plain) != End::Same);
  }
}

TEST_CASE("only a stream that begins with the header is detected as a compact archive") {
  const auto begins = [](const std::string& bytes) {
    const ArchiveFile file(bytes);
    const auto medium = open_medium(file.path);
    return begins_compact(*medium);
  };
  const std::string packed = compressed(small_sample().tar);
  CHECK(begins(packed));
  CHECK_FALSE(begins(small_sample().tar));
  CHECK_FALSE(begins(small_sample().plain));
  CHECK_FALSE(begins(compressed(small_sample().plain)));
  CHECK_FALSE(begins(compressed("short")));
  CHECK_FALSE(begins(""));
  CHECK_FALSE(begins(packed.substr(0, 5)));
  CHECK_FALSE(begins(gzip(small_sample().tar)));
}

TEST_CASE("a stream is detected as a compact archive for reads of any size") {
  /// Gives a byte more at each read.
  struct Trickle : StringSource {
    using StringSource::StringSource;
    std::size_t read(MutableBytes buffer) override {
      return StringSource::read(buffer.first(std::min(buffer.size(), ++size)));
    }
    std::size_t size = 0;
  };
  const auto begins = [](const std::string& bytes) {
    return begins_compact(StreamMedium("stream", std::make_unique<Trickle>(bytes)));
  };
  CHECK(begins(compressed(small_sample().tar)));
  CHECK_FALSE(begins(compressed(small_sample().plain)));
  CHECK_FALSE(begins(small_sample().plain));
}

TEST_CASE("a compact archive is opened as its plain archive, for random access and in order") {
  const ArchiveFile file(compressed(small_sample().tar));
  for (const Reading reading : {Reading::ByPosition, Reading::InOrder}) {
    const auto archive = open_image_archive(file.path, {}, silent_progress(), {}, {}, nullptr, reading);
    REQUIRE(archive->compact() != nullptr);
    CHECK(archive->compact()->stored == std::filesystem::file_size(file.path));
    CHECK(archive->total_bytes() == small_sample().plain.size());
    CHECK((archive->sealed()->stream() != nullptr) == (reading == Reading::InOrder));
    for (const Descriptor& blob : small_sample().blobs) {
      CHECK(digest_of(content_of(*archive, blob), "sha256") == blob.digest);
    }
  }
  // By position also backwards and more than once; only what is needed is expanded.
  const auto archive = open_image_archive(file.path);
  for (int times = 0; times < 2; ++times) {
    for (std::size_t i = small_sample().blobs.size(); i-- > 0;) {
      static_cast<void>(content_of(*archive, small_sample().blobs[i]));
    }
  }
}

TEST_CASE("a header with another archive's digest is refused") {
  for (const std::string key : {"\"fingerprint\": \"sha256:", "\"archiveBytes\": "}) {
    std::string tar = small_sample().tar;
    char& byte = tar[tar.find(key) + key.size()];
    byte = byte == '1' ? '2' : '1';
    const ArchiveFile file(compressed(tar));
    CHECK(code_of([&] { static_cast<void>(file.open()); }) == ErrorCode::Corrupt);
  }
}
