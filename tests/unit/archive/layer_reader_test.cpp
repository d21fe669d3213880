#include "archive/layer_reader.hpp"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

#include "archive/limits.hpp"
#include "ociferry/error.hpp"
#include "packing.hpp"
#include "stream/memory.hpp"
#include "support/tar_builder.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

using MemberKind = LayerMember::Kind;

struct Read {
  LayerMember member;
  std::string content;
};

/// All members, none of which has an objection.
std::vector<Read> read_layer(const std::string& bytes) {
  StringSource source(bytes);
  LayerReader reader(source, "layer");
  std::vector<Read> all;
  while (auto member = reader.next()) {
    member->check();
    Read read{*member, {}};
    std::string buffer(1000, '\0');
    while (const auto got = reader.read_data(std::as_writable_bytes(std::span(buffer)))) {
      read.content.append(buffer, 0, got);
    }
    all.push_back(std::move(read));
  }
  return all;
}

/// The code that `work` on `bytes` fails with; Internal if it succeeds.
template <typename Work>
ErrorCode failure_of(const std::string& bytes, const Work& work) {
  try {
    work(bytes);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::Internal;
}
ErrorCode failure_of(const std::string& bytes) { return failure_of(bytes, read_layer); }

/// Passes over all content, as who looks for one file does.
void pass_over(const std::string& bytes) {
  StringSource source(bytes);
  LayerReader reader(source, "layer");
  while (reader.next()) continue;
}

/// The code for a layer with one more member, which is no different from any other layer.
ErrorCode failure_of_member(const RawTarHeader& header, std::string_view content = {}) {
  return failure_of(TarBuilder().file("first", "").member(header, content).tar());
}

std::string sample_tar() {
  return TarBuilder()
      .directory("./")
      .directory("etc/")
      .file("etc/hosts", "127.0.0.1 localhost\n", 0640, 86400)
      .symlink("etc/link", "hosts")
      .hardlink("hosts", "etc/hosts")
      .member({.name = "null", .type = '3'})
      .file("big", std::string(100'000, 'b'))
      .tar();
}

std::string zstd_frame_with_window(int window_log) {
  std::string frame = "\x28\xb5\x2f\xfd";
  frame += '\0';  // no content size, no checksum
  frame += static_cast<char>((window_log - 10) << 3);
  frame += std::string("\x01\0\0", 3);  // one last, empty block
  return frame;
}

}  // namespace

TEST_CASE("members are returned in order, with all fields of their headers") {
  const auto all = read_layer(sample_tar());
  REQUIRE(all.size() == 7);
  CHECK(all[0].member.path == ".");
  CHECK(all[0].member.kind == MemberKind::Directory);
  CHECK(all[1].member.path == "etc");
  CHECK(all[2].member.path == "etc/hosts");
  CHECK(all[2].member.kind == MemberKind::File);
  CHECK(all[2].member.mode == 0640);
  CHECK(all[2].member.mtime == 86400);
  CHECK(all[2].member.size == 20);
  CHECK(all[2].content == "127.0.0.1 localhost\n");
  CHECK(all[3].member.kind == MemberKind::Symlink);
  CHECK(all[3].member.link == "hosts");
  CHECK(all[4].member.kind == MemberKind::Hardlink);
  CHECK(all[4].member.link == "etc/hosts");
  CHECK(all[5].member.kind == MemberKind::Other);
  CHECK(all[6].content == std::string(100'000, 'b'));
}

TEST_CASE("a layer reads the same uncompressed, in gzip and in zstd") {
  const std::string tar = sample_tar();
  for (const char* filter : {"gzip", "zstd"}) {
    CAPTURE(filter);
    const auto all = read_layer(packed(tar, filter));
    REQUIRE(all.size() == 7);
    CHECK(all[2].content == "127.0.0.1 localhost\n");
    CHECK(all[6].content == std::string(100'000, 'b'));
  }
}

TEST_CASE("several gzip members or zstd frames are read as one stream, without skippable frames") {
  const std::string tar = sample_tar();
  const std::string skippable("\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
  CHECK(read_layer(packed(tar.substr(0, 700), "gzip") + packed(tar.substr(700), "gzip")).size() == 7);
  CHECK(read_layer(packed(tar.substr(0, 700), "zstd") + packed(tar.substr(700), "zstd")).size() == 7);
  CHECK(read_layer(packed(tar, "zstd") + skippable).size() == 7);
  CHECK(read_layer(skippable + packed(tar, "zstd")).size() == 7);
}

TEST_CASE("compressed data within compressed data is not unpacked twice") {
  CHECK(failure_of(packed(packed(sample_tar(), "gzip"), "gzip")) == ErrorCode::Usage);
}

TEST_CASE("long names are read in the forms of PAX, GNU and ustar") {
  const std::string long_name = std::string(120, 'd') + "/" + std::string(120, 'f');
  const auto pax = read_layer(TarBuilder().pax(pax_record("path", long_name)).file("short", "pax").tar());
  const auto gnu = read_layer(TarBuilder().gnu_long('L', long_name).file("short", "gnu").tar());
  CHECK(pax.at(0).member.path == long_name);
  CHECK(gnu.at(0).member.path == long_name);
  CHECK(gnu.at(0).content == "gnu");

  std::string header = raw_header({.name = "file", .checksum_field = "       "});
  header.replace(345, 3, "dir");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  header.replace(148, 8, octal(sum, 6) + std::string("\0 ", 2));
  CHECK(read_layer(TarBuilder().raw(header).tar()).at(0).member.path == "dir/file");
}

TEST_CASE("names keep their bytes in every locale, without Unicode normalization") {
  const std::string decomposed = "e\xcc\x81\xff.txt";
  const auto all =
      read_layer(TarBuilder().pax(pax_record("path", decomposed)).file("x", "").file(decomposed, "").tar());
  CHECK(all.at(0).member.path == decomposed);
  CHECK(all.at(1).member.path == decomposed);
}

TEST_CASE("an extended header gives time, link and, beyond 8 GiB, size") {
  const auto all =
      read_layer(TarBuilder()
                     .pax(pax_record("mtime", "1350244992.023960108") + pax_record("linkpath", "far/away") +
                          pax_record("SCHILY.xattr.user.x", std::string("\0\n=", 3)))
                     .symlink("link", "near")
                     .tar());
  CHECK(all.at(0).member.mtime == 1350244992);
  CHECK(all.at(0).member.link == "far/away");

  StringSource source(TarBuilder().pax(pax_record("size", "8589934592")).file("huge", "").tar());
  LayerReader reader(source, "layer");
  CHECK(reader.next()->size == 8'589'934'592);
}

TEST_CASE("modes and sizes in base 256 are read, as imgpkg writes them for preserved permissions") {
  const auto all =
      read_layer(TarBuilder()
                     .member({.name = "dir",
                              .type = '5',
                              .magic = std::string("ustar  \0", 8),
                              .mode_field = std::string("\x80\0\0\0\x80\0\x01\xed", 8)})
                     .member({.name = "file", .size_field = std::string("\x80\0\0\0\0\0\0\0\0\0\0\x03", 12)}, "abc")
                     .tar());
  CHECK(all.at(0).member.mode == 0x800001edU);
  CHECK(all.at(1).content == "abc");
}

TEST_CASE("directories with a size, which old bundles hold, have no content") {
  const auto all = read_layer(TarBuilder().member({.name = "dir", .type = '5', .size = 4096}).file("next", "x").tar());
  CHECK(all.at(0).member.size == 0);
  CHECK(all.at(1).member.path == "next");
}

TEST_CASE("members with unsafe names must not be unpacked, but can be skipped") {
  for (const std::string name : {"..", "../x", "a/../b", "a/..", "./../x", "/..", "/../etc/passwd", ""}) {
    CAPTURE(name);
    CHECK(failure_of_member({.name = name}) == ErrorCode::Hostile);
    CHECK(failure_of_member({.name = "x", .type = '1', .link = name}) == ErrorCode::Hostile);
    CHECK(failure_of(TarBuilder().gnu_long('L', name).file("short", "").tar()) == ErrorCode::Hostile);
  }
  CHECK(failure_of(TarBuilder().pax(pax_record("path", std::string("a\0b", 3))).file("x", "").tar()) ==
        ErrorCode::Hostile);
  CHECK(failure_of(TarBuilder().pax(pax_record("path", std::string(256, 'a'))).file("x", "").tar()) ==
        ErrorCode::Hostile);
  std::string deep;
  while (deep.size() <= limits::kPathBytes) deep += "abc/";
  CHECK(failure_of(TarBuilder().gnu_long('L', deep + "f").file("x", "").tar()) == ErrorCode::Hostile);
  CHECK(failure_of(TarBuilder().pax(pax_record("linkpath", deep)).symlink("x", "y").tar()) == ErrorCode::Hostile);
}

TEST_CASE("ambiguous members are refused") {
  const std::string path = pax_record("path", "a");
  CHECK(failure_of(TarBuilder().pax(pax_record("size", "5")).file("x", "abc").tar()) == ErrorCode::Hostile);
  CHECK(failure_of(TarBuilder().pax(path).gnu_long('L', "b").file("x", "").tar()) == ErrorCode::Hostile);
  CHECK(failure_of(TarBuilder().pax(path).pax(path).file("x", "").tar()) == ErrorCode::Hostile);
  CHECK(failure_of(TarBuilder().gnu_long('L', "a").gnu_long('L', "b").file("x", "").tar()) == ErrorCode::Hostile);
  CHECK(failure_of(TarBuilder().pax(path, 'g').file("x", "").tar()) == ErrorCode::Hostile);
  CHECK(failure_of_member({.name = "x", .type = '1', .link = "y", .size = 3}, "abc") == ErrorCode::Hostile);
  CHECK(read_layer(TarBuilder().pax(pax_record("comment", "from git"), 'g').file("x", "").tar()).size() == 1);
}

TEST_CASE("members of unknown types, and continuations of another volume's file, must not be unpacked") {
  for (const char type : {'Z', 'M', 'N', '8'}) {
    CHECK(failure_of_member({.name = "x", .type = type, .size = 3}, "abc") == ErrorCode::Hostile);
  }
}

TEST_CASE("volume labels are skipped, and the lists of files that incremental backups keep in directories") {
  const auto all = read_layer(TarBuilder()
                                  .member({.name = "../label", .type = 'V'})
                                  .member({.name = "dir/", .type = 'D', .size = 4}, "Ya\0")
                                  .file("dir/a", "x")
                                  .tar());
  REQUIRE(all.size() == 2);
  CHECK(all[0].member.kind == MemberKind::Directory);
  CHECK(all[0].content.empty());
  CHECK(all[1].content == "x");
}

TEST_CASE("a search for one file skips members that must not be unpacked") {
  const TarBuilder builder = TarBuilder()
                                 .file("../evil", "x")
                                 .hardlink("a", "../b")
                                 .member({.name = "x", .type = 'Z', .size = 600}, std::string(600, 'z'))
                                 .pax(pax_record("GNU.sparse.major", "7"))
                                 .file("sparse", "x")
                                 .file("/./wanted", "here");
  StringSource source(builder.tar());
  CHECK(find_file(
            source, [](std::string_view path) { return path == "wanted"; }, 10, "layer") == "here");
}

TEST_CASE("headers above their limits are refused before their bodies are read") {
  CHECK(failure_of_member({.name = "x", .type = 'x', .size = limits::kPaxBytes + 1}) == ErrorCode::Hostile);
  CHECK(failure_of_member({.name = "x", .type = 'L', .size = 077777777777}) == ErrorCode::Hostile);
  CHECK(failure_of_member({.name = "x", .size_field = std::string("\x80\0\0\0\x7f\0\0\0\0\0\0\0", 12)}) ==
        ErrorCode::Hostile);
}

TEST_CASE("damaged headers are refused") {
  CHECK(failure_of_member({.name = "x", .checksum_field = std::string("0000000\0", 8)}) == ErrorCode::Corrupt);
  CHECK(failure_of_member({.name = "x", .size_field = "12x45678901"}) == ErrorCode::Corrupt);
  CHECK(failure_of_member({.name = "x", .size_field = std::string(12, '\xff')}) == ErrorCode::Corrupt);
  CHECK(failure_of_member({.name = "x", .size_field = '\x80' + std::string(11, '\xff')}) == ErrorCode::Corrupt);
  for (const char* body :
       {"5 a=b\n", "99 a=b\n", "6 ab\n\n", "x a=b\n", "6 a=bc", "8 size=\n", "10 size=x\n", "0 \n"}) {
    CAPTURE(body);
    const bool is_good = std::string_view(body) == "8 size=\n";
    CHECK((failure_of(TarBuilder().pax(body).file("x", "").tar()) == ErrorCode::Corrupt) != is_good);
  }
}

TEST_CASE("a layer that ends within a member is refused, in any compression") {
  const std::string tar = TarBuilder().pax(pax_record("path", "name")).file("x", std::string(600, 'x')).tar();
  for (std::size_t size = 256; size < 4 * 512 + 88; size += 256) {
    CAPTURE(size);
    const ErrorCode code = size < 512 ? ErrorCode::Usage : ErrorCode::Corrupt;  // less than a header is no tar at all
    CHECK(failure_of(tar.substr(0, size)) == code);
    CHECK(failure_of(tar.substr(0, size), pass_over) == code);
  }
  for (const char* filter : {"gzip", "zstd"}) {
    const std::string whole = packed(tar, filter);
    for (std::size_t size = 8; size < whole.size(); ++size) {
      CAPTURE(filter);
      CAPTURE(size);
      CHECK(failure_of(whole.substr(0, size)) == ErrorCode::Corrupt);
    }
  }
}

TEST_CASE("a tar may end with its last member, without zero blocks, with a part of them or with many") {
  const std::string members = TarBuilder().file("a", "x").file("b", std::string(600, 'x')).members();
  const std::string unpadded = members.substr(0, members.size() - 424);
  for (const std::string& tar :
       {members, unpadded, unpadded + '\0', members + std::string(100, '\0'), members + std::string(512, '\0'),
        members + std::string(1000, '\0'), members + std::string(102400, '\0')}) {
    CAPTURE(tar.size());
    CHECK(read_layer(tar).size() == 2);
    CHECK(read_layer(packed(tar, "gzip")).size() == 2);
  }
  CHECK(read_layer("").empty());
  CHECK(read_layer(std::string(512, '\0')).empty());
}

TEST_CASE("bytes behind the end of the tar are ignored and counted") {
  const auto behind = [](const std::string& bytes) {
    StringSource source(bytes);
    LayerReader reader(source, "layer");
    std::size_t members = 0;
    while (reader.next()) ++members;
    CHECK(members == 7);
    std::byte more{};
    CHECK(source.read({&more, 1}) == 0);
    return reader.bytes_behind_end();
  };
  const std::string tar = sample_tar();
  CHECK(behind(tar) == 0);
  CHECK(behind(tar + std::string(8192, '\0')) == 0);
  CHECK(behind(tar + "x") == 1);
  CHECK(behind(tar + std::string(100'000, '\0') + "x") == 100'001);
  CHECK(behind(tar + TarBuilder().file("after", "").tar()) == 1536);
  CHECK(behind(packed(tar, "gzip") + "x") == 1);
  CHECK(behind(packed(tar, "gzip") + std::string(200'000, 'x')) == 200'000);
  CHECK(behind(packed(tar + "x", "gzip") + "yz") == 3);
}

TEST_CASE("a member after a single zero block is refused: some readers end there, others continue") {
  const std::string tar = sample_tar();
  CHECK(failure_of(tar.substr(0, tar.size() - 512) + TarBuilder().file("after", "").tar()) == ErrorCode::Hostile);
  CHECK(failure_of(tar.substr(0, tar.size() - 512) + "x") == ErrorCode::Hostile);
}

TEST_CASE("a file that is no tar is distinguished from a damaged one, and its compression named") {
  const auto why = [](const std::string& bytes) -> std::string {
    try {
      read_layer(bytes);
    } catch (const Error& error) {
      CHECK(error.reason() == ErrorReason::NotTar);
      CHECK(error.code() == ErrorCode::Usage);
      return error.message();
    }
    return "";
  };
  CHECK(why("this is no archive at all").find("does not begin like a tar") != std::string::npos);
  CHECK(why(std::string("\0asm\1\0\0\0", 8)).find("does not begin like a tar") != std::string::npos);
  CHECK(why(std::string(512, '\xff')).find("the checksum in the tar header is wrong") != std::string::npos);
  CHECK(why(packed("{}", "gzip")).find("does not begin like a tar") != std::string::npos);
  CHECK(why(std::string("\xfd"
                        "7zXZ\0\0\0",
                        8))
            .find("packed with xz") != std::string::npos);
  CHECK(why("BZh91AY&SY").find("packed with bzip2") != std::string::npos);
  CHECK(why("PK\x03\x04....").find("packed with zip") != std::string::npos);
}

TEST_CASE("a gzip bomb is refused by its ratio after the first 64 MiB") {
  const std::string bomb = packed(TarBuilder().file("zeros", std::string(100'000'000, '\0')).tar(), "gzip");
  REQUIRE(bomb.size() < 100'000);
  CHECK(failure_of(bomb) == ErrorCode::Hostile);
  // Below 64 MiB a good layer may be as sparse as it likes.
  CHECK(read_layer(packed(TarBuilder().file("zeros", std::string(60'000'000, '\0')).tar(), "gzip")).size() == 1);
}

TEST_CASE("a zstd frame that requires too large a window is refused") {
  CHECK(failure_of(zstd_frame_with_window(31)) == ErrorCode::Hostile);
  CHECK(failure_of(zstd_frame_with_window(28)) == ErrorCode::Hostile);
  CHECK(failure_of(zstd_frame_with_window(27)) == ErrorCode::Corrupt);  // fine, but holds no tar
  CHECK(failure_of(packed(sample_tar(), "zstd") + zstd_frame_with_window(31)) == ErrorCode::Corrupt);
}

TEST_CASE("an error of the underlying stream is passed on unchanged") {
  struct Failing : ByteSource {
    std::string head;
    std::size_t read(MutableBytes buffer) override {
      if (head.empty()) throw Error(ErrorCode::Network, "the line is dead");
      std::copy_n(as_bytes(head).begin(), head.size(), buffer.begin());
      return std::exchange(head, {}).size();
    }
  };
  Failing source;
  source.head = packed(sample_tar(), "gzip").substr(0, 8);
  LayerReader reader(source, "layer");
  CHECK_THROWS_WITH_AS(while (reader.next()) continue, doctest::Contains("the line is dead"), Error);
}

TEST_CASE("find_file returns the first match and reads the layer to its end") {
  const auto is_lock = [](std::string_view path) { return path.ends_with("images.yml"); };
  const TarBuilder builder =
      TarBuilder().directory("images.yml").file("a/images.yml", "first").file("b/images.yml", "second");
  StringSource whole(builder.tar());
  CHECK(find_file(whole, is_lock, 5, "layer") == "first");
  std::byte more{};
  CHECK(whole.read({&more, 1}) == 0);

  StringSource damaged(builder.members().substr(0, 600));
  CHECK_THROWS_AS(static_cast<void>(find_file(damaged, is_lock, 5, "layer")), Error);
  StringSource absent(TarBuilder().file("other", "x").tar());
  CHECK_FALSE(find_file(absent, is_lock, 5, "layer").has_value());
  StringSource large(builder.tar());
  CHECK_THROWS_WITH_AS(static_cast<void>(find_file(large, is_lock, 4, "layer")), doctest::Contains("larger than 4"),
                       Error);
}
