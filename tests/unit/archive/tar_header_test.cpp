#include "archive/tar_header.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "base/fd.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;

namespace {

std::string imgpkg_file(const std::string& name) { return read_file(std::string(FIXTURES "/imgpkg/") + name, 1 << 20); }

std::string times(std::size_t count, char c) { return std::string(count, c); }

/// Text up to the first NUL.
std::string field(const std::string& header, std::size_t offset, std::size_t size) {
  const std::string raw = header.substr(offset, size);
  return raw.substr(0, raw.find('\0'));
}

}  // namespace

TEST_CASE("headers are those in a layer that imgpkg wrote, with prefix, PAX and non-ASCII names") {
  const std::string tar = imgpkg_file("bundle-odd-names/layer.tar");
  const std::string d60 = times(60, 'd');
  const std::string e60 = times(60, 'e');
  const std::vector<TarEntry> entries = {{".", TarType::Directory, 0700, 0},
                                         {d60 + "/" + e60, TarType::Directory, 0700, 0},
                                         {d60 + "/" + e60 + "/file", TarType::File, 0600, 5},
                                         {times(120, 'f'), TarType::File, 0600, 5},
                                         {"run.sh", TarType::File, 0700, 10},
                                         {"sp ace/q", TarType::File, 0600, 2},
                                         {"é.txt", TarType::File, 0600, 3}};
  for (const TarEntry& entry : entries) {
    CAPTURE(entry.name);
    const std::string header = tar_header(entry);
    CHECK(header.size() % kTarBlock == 0);
    CHECK(tar.find(header) % kTarBlock == 0);
  }
}

// The digests were recorded from Go 1.19's archive/tar, format unspecified and no time given.
TEST_CASE("headers are byte-equal to Go's") {
  struct Recorded {
    TarEntry entry;
    std::string digest;
  };
  constexpr std::uint64_t kGiB8 = std::uint64_t{8} << 30;
  const std::string n60 = times(60, 'd') + "/" + times(60, 'e');
  const std::vector<Recorded> all = {
      {{"a", TarType::File, 0644, 3}, "d2e6aa10ece3192913a4765422d322d86b731f0c44e0f138b96ca58c3dc3a817"},
      {{".", TarType::Directory, 0700, 0}, "d1cfe0c562b8f8d0921c1cd380dfe945a4df609073444896e32d1d8fcf31d988"},
      {{times(100, 'n'), TarType::File, 0600, 1}, "11f9af6bf735d59d475d5120057d7bc77b6ad3beaab44ffaef74c8fcd212498d"},
      {{times(101, 'n'), TarType::File, 0600, 1}, "6fe2ccc4d5cbead44c21a7187759f3c7fc05e80ee834968adbbd4315634d440a"},
      {{n60 + "/f", TarType::File, 0600, 1}, "c95fb6ef857e2ea1f78ae1b761ae38d4c22de4301d0ceabdd4c370cfa86772e8"},
      {{times(155, 'd') + "/" + times(100, 'f'), TarType::File, 0600, 1},
       "969f351b5970e51f650bcefaaa326d8c106166180e62dd52acd7f324de9dd531"},
      {{times(156, 'd') + "/f", TarType::File, 0600, 1},
       "f98554387a619c54754bbe38338d714e8cde59c53403dc747ec0c0d57a28c525"},
      {{times(99, 'd') + "/" + times(101, 'f'), TarType::File, 0600, 1},
       "07a5e9e0c15b325b4b73d4cd73e67cbe5165c8a4bcbad8423382ac68a7baf227"},
      {{times(86, 'd') + "/" + times(101, 'f'), TarType::File, 0600, 1},
       "1738efd2d2c22a52b4f0fe4002903e99f84625223170089ec7a8c4a777f2e9cf"},
      {{"/" + times(100, 'f'), TarType::File, 0600, 1},
       "3d1d70ed97dca6b9f05ac55821bd41b60663fcab7dc684c04c840eee57210b9a"},
      {{"é.txt", TarType::File, 0600, 1}, "573d893a639827c39079692c46f4b9d33563f8f704c7f5790c63baec51d98408"},
      {{"ü/日本/x", TarType::Directory, 0700, 0}, "605f951684e8d0ee9fa8968f3d738b9c94736ebb886c0cf249997d09dcb77311"},
      {{"a\xff\xfe"
        "b",
        TarType::File, 0600, 1},
       "349274136c60ad840737bd8d8a2a465b735aece34e09a910608ecab4494c2a4e"},
      {{"é/" + times(120, 'x'), TarType::File, 0600, 1},
       "bbb4f8eecabdabfaf7ec65d35c519c40a32d5ead6013929203c08faa7fa3c830"},
      {{"big", TarType::File, 0644, kGiB8 - 1}, "391fe18c154625620a9f4106c3d3f4d861aaae3dc562950e9ba30d905cd6e95d"},
      {{"big", TarType::File, 0644, kGiB8}, "17d96f133b60826f0e4950a557763433c264c08eafe87e0c8458faaee0ca3edd"},
      {{n60, TarType::File, 0644, kGiB8}, "3808491d79984e04c154921bdcefd3be1ab6b483f329d8f5374cb36505208e88"},
      {{"ß", TarType::File, 0644, 128 * kGiB8 + 7}, "6649d610f9f5006bfab76362ba007cb7251416f8173033313ea63c2dfd45b7fe"},
      {{times(88, 'n') + "éé", TarType::File, 0600, 1},
       "ac9d16bb272f8bde15c629e8cb5ca034b6f014cb03e3ddb6d4984a3377a62024"},
      {{"é" + times(81, 'p'), TarType::File, 0600, 0},
       "e4fc5d24af071ecf2f5a7c04b88710e62b9034eaf93b81f52fe993c741b5abac"},
      {{"é" + times(82, 'p'), TarType::File, 0600, 0},
       "ece941c45ce346a3bdb03c5ec37d428c59f5636aef938bdb7d62eee9705c1e0d"},
      {{"é" + times(83, 'p'), TarType::File, 0600, 0},
       "6d62ca205b9c76c534158d9e221c9cc1a748aefb7bf8c7c5ffc79a10ad9f5b9c"},
      {{"é" + times(84, 'p'), TarType::File, 0600, 0},
       "77e89f35d614640c0c8aa6bb415cff42a1d02a9979b8e6199bf615f60d6a4985"},
      {{"m", TarType::File, 07777777, 1}, "b6b08beae0cd87addee1c712eff100c9be38f0a8475b2b9dae6a3e5e085aa720"},
      {{"sub", TarType::Directory, 0x800001ED, 0}, "76e5d152fd5b342731464d3129a90a3d85a48ebd2ec9bfc60262ce5c1aa174f7"},
      {{"su", TarType::File, 0x008001ED, 9}, "57a43f851e698b8a4bf051af8b8cf2a800d949239d6ff21e30e911550d4624ee"},
      {{n60, TarType::Directory, 0x800001ED, 0}, "d649bd7630e167c6c6aacc2f05f89dde46c7f025a28138ee5fee0a494149c58d"},
      {{"é", TarType::Directory, 0x800001ED, 0}, "c46121d38e43d48a8e1c1b23334b1d3b14c54fba621566acdf50cd3dad5d5c06"},
      {{"su", TarType::File, 0x008001ED, 2 * kGiB8},
       "3d208ebacfa4ea5bdca109f4c07909dc063956f02ed9399b87c74b3b5d775589"},
      {{times(99, 'd') + "/" + times(60, 'e'), TarType::Directory, 0x800001ED, 0},
       "9b5e65c776e417333e72ff0fedbd98581db912590cd2ccc0f3be40eb1320d3b9"},
      {{"st", TarType::File, 04000644, 0}, "17b4ad0304a7ed99c00b16ac863380ea7b787ba115ba7248b1be6d14c768fd1b"},
  };
  for (const Recorded& recorded : all) {
    CAPTURE(recorded.entry.name);
    CAPTURE(recorded.entry.mode);
    CAPTURE(recorded.entry.size);
    const std::string header = tar_header(recorded.entry);
    CHECK(sha256(header).hex() == recorded.digest);
    CHECK(tar_header_size(recorded.entry) == header.size());
  }
}

TEST_CASE("a header has its fields at ustar's offsets") {
  const std::string header = tar_header({"blobs/sha256/" + times(64, 'a'), TarType::File, 0644, 1234});
  REQUIRE(header.size() == 512);
  CHECK(field(header, 0, 100) == "blobs/sha256/" + times(64, 'a'));
  CHECK(field(header, 100, 8) == "0000644");
  CHECK(field(header, 124, 12) == "00000002322");
  CHECK(field(header, 136, 12) == "00000000000");
  CHECK(header[156] == '0');
  CHECK(header.substr(257, 8) == std::string("ustar\0"
                                             "00",
                                             8));
  unsigned sum = 8 * ' ';
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(header[i]);
  }
  CHECK(std::stoul(field(header, 148, 6), nullptr, 8) == sum);
}

TEST_CASE("a file of 8 GiB or more has its size in a PAX record") {
  constexpr std::uint64_t kSize = std::uint64_t{8} << 30;
  CHECK(tar_header({"big", TarType::File, 0644, kSize - 1}).size() == 512);
  const std::string header = tar_header({"big", TarType::File, 0644, kSize});
  REQUIRE(header.size() == 3 * 512);
  CHECK(header[156] == 'x');
  CHECK(field(header, 512, 512) == "19 size=8589934592\n");
  CHECK(field(header, 1024, 100) == "big");
}

TEST_CASE("a mode beyond seven octal digits is written in base 256") {
  const std::string header = tar_header({"sub", TarType::Directory, 0x800001ED, 0});
  REQUIRE(header.size() == 512);
  CHECK(header.substr(100, 8) == std::string("\x80\0\0\0\x80\0\x01\xed", 8));
  CHECK(header.substr(257, 8) == std::string("ustar  \0", 8));
}

TEST_CASE("padding fills the last block") {
  CHECK(tar_padding(0) == 0);
  CHECK(tar_padding(1) == 511);
  CHECK(tar_padding(511) == 1);
  CHECK(tar_padding(512) == 0);
  CHECK(tar_padding(0xFFFFFFFFFFFFFFFF) == 1);
}
