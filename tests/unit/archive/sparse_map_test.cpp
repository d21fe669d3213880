#include "archive/sparse_map.hpp"

#include <doctest/doctest.h>

#include "archive/layer_reader.hpp"
#include "ociferry/error.hpp"
#include "packing.hpp"
#include "stream/memory.hpp"
#include "support/sparse_members.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// The one file of a layer, with its holes; what it is refused for, if it is.
std::string content_of(const std::string& tar) {
  StringSource source(tar);
  LayerReader reader(source, "layer");
  const auto member = reader.next();
  REQUIRE(member.has_value());
  if (!member->objection.empty()) return "refused: " + member->objection;
  CHECK(member->path == "dir/file");
  std::string content;
  std::string buffer(7, '\0');
  while (const auto got = reader.read_data(std::as_writable_bytes(std::span(buffer)))) content.append(buffer, 0, got);
  CHECK(content.size() == member->size);
  const auto next = reader.next();
  CHECK(next.has_value());
  CHECK(next->path == "next");
  CHECK_FALSE(reader.next().has_value());
  return content;
}

std::string refusal_of(const Sparse& file) {
  std::string first;
  for (const SparseForm form : kSparseForms) {
    const std::string found = content_of(sparse_member("dir/file", file, form).file("next", "").tar());
    CAPTURE(static_cast<int>(form));
    CHECK(found.starts_with("refused: member 'dir/file': its map of holes"));
    first = first.empty() ? found : first;
  }
  return first;
}

}  // namespace

TEST_CASE("sparse files read the same in all tar formats, with zeros for holes") {
  const std::string zeros(2000, '\0');
  const std::vector<std::pair<Sparse, std::string>> files{
      {{{}, "", 0}, ""},
      {{{}, "", 2000}, zeros},
      {{{{2000, 0}}, "", 2000}, zeros},
      {{{{0, 3}}, "abc", 3}, "abc"},
      {{{{0, 3}, {2003, 0}}, "abc", 2003}, "abc" + zeros},
      {{{{2000, 3}}, "abc", 2003}, zeros + "abc"},
      {{{{1, 1}, {3, 0}, {3, 2}, {7, 600}}, "abc" + std::string(600, 'x'), 2607},
       std::string("\0a\0bc\0\0", 7) + std::string(600, 'x') + zeros},
  };
  for (const auto& [file, content] : files) {
    for (const SparseForm form : kSparseForms) {
      CAPTURE(static_cast<int>(form));
      CHECK(content_of(sparse_member("dir/file", file, form).file("next", "").tar()) == content);
    }
  }
}

TEST_CASE("a map may have more pieces than one header holds") {
  Sparse file{.segments = {}, .data = "", .size = 100'000};
  std::string content(100'000, '\0');
  for (std::uint64_t i = 0; i < 90; ++i) {
    file.segments.push_back({i * 1000, 2});
    file.data += "ab";
    content.replace(i * 1000, 2, "ab");
  }
  for (const SparseForm form : kSparseForms) {
    CAPTURE(static_cast<int>(form));
    CHECK(content_of(sparse_member("dir/file", file, form).file("next", "").tar()) == content);
  }
}

TEST_CASE("ambiguous sparse maps are refused") {
  CHECK(refusal_of({{{5, 3}, {0, 3}}, "abcdef", 100}).find("is not in order") != std::string::npos);
  CHECK(refusal_of({{{0, 3}, {2, 3}}, "abcdef", 100}).find("overlaps") != std::string::npos);
  CHECK(refusal_of({{{98, 3}}, "abc", 100}).find("exceeds the file's size") != std::string::npos);
  CHECK(refusal_of({{{101, 0}}, "", 100}).find("exceeds the file's size") != std::string::npos);
  CHECK(refusal_of({{{0, 2}}, "abc", 100}).find("covers 2 bytes, but 3") != std::string::npos);
  CHECK(refusal_of({{{0, 4}}, "abc", 100}).find("covers 4 bytes, but 3") != std::string::npos);
}

TEST_CASE("malformed sparse maps in PAX records are refused") {
  const auto records = [](const std::string& text) {
    return content_of(TarBuilder().pax(text).file("dir/file", "abc").file("next", "").tar());
  };
  const std::string size = pax_record("GNU.sparse.size", "3");
  CHECK(records(pax_record("GNU.sparse.major", "2") + pax_record("GNU.sparse.minor", "0")).starts_with("refused"));
  CHECK(records(pax_record("GNU.sparse.major", "1")).starts_with("refused"));
  CHECK(records(pax_record("GNU.sparse.map", "0,3")).starts_with("refused"));
  CHECK(records(size + pax_record("GNU.sparse.map", "0,3,3")).starts_with("refused"));
  CHECK(records(size).starts_with("refused"));
  CHECK(records(size + pax_record("GNU.sparse.map", "0,3")) == "abc");
  const auto in_content = [](const std::string& map) {
    const std::string text = pax_record("GNU.sparse.major", "1") + pax_record("GNU.sparse.minor", "0") +
                             pax_record("GNU.sparse.realsize", "99");
    return content_of(TarBuilder().pax(text).file("dir/file", padded(map)).file("next", "").tar());
  };
  for (const char* map : {"x\n", "1\n0\n", "-1\n", "1\n0\n99999999999999999999999\n", "1000001\n", "1\n1 \n2\n"}) {
    CAPTURE(map);
    CHECK(in_content(map).starts_with("refused"));
  }
  CHECK(in_content("0\n") == std::string(99, '\0'));
}

TEST_CASE("holes count as unpacked bytes of a layer, but only after its data was read") {
  const auto extract = [](const std::string& layer, const UnpackLimits& limits) {
    StringSource source(layer);
    LayerReader reader(source, "layer", limits);
    std::string buffer(100'000, '\0');
    while (reader.next()) {
      while (reader.skip_hole() + reader.read_data(std::as_writable_bytes(std::span(buffer))) > 0) continue;
    }
  };
  const std::uint64_t gib = std::uint64_t{1} << 30;
  const Sparse empty_disk{.segments = {{gib, 4}}, .data = "data", .size = gib + 4};
  const Sparse disk{.segments = {{gib, 2'000'000}}, .data = std::string(2'000'000, 'x'), .size = gib + 2'000'000};
  for (const SparseForm form : kSparseForms) {
    CHECK_THROWS_WITH_AS(extract(sparse_member("f", empty_disk, form).tar(), {}), doctest::Contains("more times its"),
                         Error);
    CHECK_NOTHROW(extract(sparse_member("f", empty_disk, form).tar(), {.ratio = 10'000'000}));
    CHECK_THROWS_WITH_AS(extract(sparse_member("f", empty_disk, form).tar(), {.bytes = gib, .ratio = 10'000'000}),
                         doctest::Contains("unpacks to more bytes"), Error);
    CHECK_NOTHROW(extract(sparse_member("f", disk, form).tar(), {}));
    // What the header promises is not what was read: packed, the data is next to nothing.
    CHECK_THROWS_AS(extract(packed(sparse_member("f", disk, form).tar(), "gzip"), {}), Error);
  }
}
