#include "stream/go_gzip.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>

#include <memory>

#include "base/fd.hpp"
#include "sample_data.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;

namespace {

constexpr std::uint64_t kLimit = 64 * 1024 * 1024;

std::string fixture(const std::string& name) { return read_file(std::string(FIXTURES "/imgpkg/") + name, kLimit); }

std::string compress(std::string_view input, std::size_t chunk = 1 << 20) {
  StringSink out(kLimit);
  GoGzipSink gzip(out);
  for (std::size_t at = 0; at < input.size(); at += chunk) gzip.write(as_bytes(input.substr(at, chunk)));
  gzip.finish();
  return std::move(out.content);
}

/// Decompresses with a library that had no part in compressing; checks CRC and length on the way.
std::string decompress(std::string_view gzip) {
  struct Free {
    void operator()(archive* a) const { archive_read_free(a); }
  };
  const std::unique_ptr<archive, Free> reader(archive_read_new());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  REQUIRE(archive_read_open_memory(reader.get(), gzip.data(), gzip.size()) == ARCHIVE_OK);
  REQUIRE(archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK);
  std::string out;
  std::string chunk(1 << 16, '\0');
  while (true) {
    const auto got = archive_read_data(reader.get(), chunk.data(), chunk.size());
    REQUIRE(got >= 0);
    if (got == 0) return out;
    out.append(chunk, 0, static_cast<std::size_t>(got));
  }
}

/// Where the outputs are too long to be shown in a failure, only whether they are equal matters.
bool same(const std::string& a, const std::string& b) { return a == b; }

}  // namespace

TEST_CASE("gzip output is byte-equal to Go's for the recorded inputs") {
  for (const std::string name : {"text0", "text1", "text16", "text17", "text127", "text128", "text129", "rand300"}) {
    CAPTURE(name);
    const std::string input = fixture("gzip-go-level1/" + name + ".in");
    CHECK(same(compress(input), fixture("gzip-go-level1/" + name + ".gz")));
  }
  for (const std::size_t size : {65534U, 65535U, 65536U}) {
    CAPTURE(size);
    CHECK(same(compress(std::string(size, '\0')), fixture("gzip-go-level1/zeros" + std::to_string(size) + ".gz")));
  }
}

TEST_CASE("gzip output is byte-equal to imgpkg's for its layers, however the input is cut") {
  for (const std::string name :
       {"bundle-basic-step-2-today", "bundle-basic-step-2-2021-content", "image-plain-push", "bundle-odd-names",
        "locations-inner-bundle", "locations-empty-images-null", "locations-two-files-seed-and-released"}) {
    const std::string tar = fixture(name + "/layer.tar");
    const std::string expected = fixture(name + "/layer.tar.gz");
    for (const std::size_t chunk : {1U, 7U, 511U, 512U, 10'000U, 1U << 20}) {
      CAPTURE(name);
      CAPTURE(chunk);
      CHECK(same(compress(tar, chunk), expected));
    }
  }
}

// The digests were recorded from Go 1.19's compress/gzip at BestSpeed.
TEST_CASE("gzip output is byte-equal to Go's for longer inputs of every kind") {
  const std::vector<std::pair<std::string, std::string>> recorded = {
      {sample::noise(1, 200'000), "d5c4dc97a04b5fee3015c870451133511a96802a956a6f132c4c7fc4838cdbc9"},
      {sample::noise(2, 128), "ff469b2dd7ff292f2e357335bec3281c0b5660ca2ff63d2d96ef5f71f268384f"},
      {sample::words(1, 300'000), "e1277cec4443f5ff61670b848650677dfe3d85b0e7b14bdd67b0e76cdb9a46df"},
      {sample::words(2, 65535), "1863a837be822d2526e283db0e265a29447764e7d05d993435f23ff50d14993e"},
      {sample::words(3, 65536), "70681e8bd0497fca0cc6a130e3d3a1f1eecda8cf4a86d5083e69254c509e8c9b"},
      {sample::words(4, 65663), "9b95640c8454ebb09cdf44502533e3b799982578f7125422c0d7dde6de42cb7b"},
      {sample::words(5, 131070), "7b4a1bbdd4ac53999d6f6a40614428050130ed53de51b687e84bf9b34f97e3b2"},
      {sample::words(6, 143), "706528701fd6768e14454c67ba83946c958e583e867aea4e3decd2ffa3754435"},
      {sample::patchwork(1, 131071), "dd27ed33de22f547607066e0e2cae5ac591837014fd91b0acbdd8c11945548e8"},
      {sample::patchwork(2, 400'000), "214663e4f1053edb13d06c0be585abce857716bf863a030091c78738ed23353a"},
      {sample::patchwork(3, 98303), "36198e8e30edf2063356cdb180b14d7ab8d342163c1dd6a237d7037e15b5370d"},
      {sample::skewed(1), "71c9a8d595322a2bde514017d914f5f845e82eef42f6656f1deb7c76a024b4c4"},
  };
  for (const auto& input_and_digest : recorded) {
    CAPTURE(input_and_digest.first.size());
    CHECK(sha256(compress(input_and_digest.first)).hex() == input_and_digest.second);
  }
}

TEST_CASE("gzip output is byte-equal to Go's beyond the wrap of positions") {
  CHECK(sha256(compress(sample::patchwork(4, 18'000'000))).hex() ==
        "5915ebae7deadfa7da5538e058e0a767587dfb7fbfad8f018f745058c016c181");
}

TEST_CASE("gzip output does not depend on the size of writes") {
  const std::string input = sample::patchwork(5, 210'000);
  const std::string whole = compress(input, input.size());
  for (const std::size_t chunk : {1U, 13U, 65534U, 65535U, 65536U}) {
    CAPTURE(chunk);
    CHECK(same(compress(input, chunk), whole));
  }
}

TEST_CASE("another decompressor restores the content") {
  for (const std::string& input : {sample::noise(7, 250'000), sample::words(7, 250'000), sample::patchwork(7, 250'000),
                                   sample::skewed(7), std::string(300'000, 'x'), std::string("x")}) {
    CAPTURE(input.size());
    CHECK(same(decompress(compress(input)), input));
  }
}

TEST_CASE("compressed bytes are passed on before the end of the input") {
  StringSink out(kLimit);
  GoGzipSink gzip(out);
  const std::string input = sample::noise(9, 1 << 20);
  gzip.write(as_bytes(input));
  CHECK(out.content.size() > input.size() * 9 / 10);
  gzip.finish();
}
