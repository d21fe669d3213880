#include <doctest/doctest.h>

#include <string>

#include "medium/kept_bytes.hpp"
#include "support/error_of.hpp"
#include "support/temp.hpp"

// What a reader of a compact archive keeps: in memory while it is little, then in a file without a name.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

std::string read_from(const KeptBytes& kept, std::uint64_t offset, std::size_t size) {
  std::string text(size, '?');
  kept.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace

TEST_CASE("kept bytes are read again from memory, and from an unnamed file") {
  const TempDirectory directory = temp_directory();
  const std::string piece = random_bytes(5'000'000, 1);
  KeptBytes kept(10 * piece.size(), directory.path(), "what is kept");
  std::string all;
  for (int i = 0; i < 8; ++i) {  // the seventh does not fit into the memory that it takes
    kept.append(as_bytes(piece));
    all += piece;
    CHECK(kept.size() == all.size());
    for (const std::uint64_t offset : {std::uint64_t{0}, kept.size() / 2, kept.size() - 1000}) {
      CHECK((read_from(kept, offset, 1000) == all.substr(offset, 1000)));
    }
  }
  REQUIRE(kept.size() > KeptBytes::kMostInMemory);
  CHECK((read_from(kept, 0, all.size()) == all));
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("more bytes than announced, and reads of bytes that were not kept, are refused") {
  const TempDirectory directory = temp_directory();
  KeptBytes kept(10, directory.path(), "what is kept");
  kept.append(as_bytes(std::string_view("0123456")));
  const Error more = error_of([&] { kept.append(as_bytes(std::string_view("7890"))); });
  CHECK(more.code() == ErrorCode::Corrupt);
  CHECK(more.message().find("what is kept") != std::string::npos);
  CHECK(kept.size() == 7);
  CHECK(code_of([&] { read_from(kept, 0, 8); }) == ErrorCode::Corrupt);
  CHECK(code_of([&] { read_from(kept, 7, 1); }) == ErrorCode::Corrupt);
  CHECK(code_of([&] { read_from(kept, 8, 0); }) == ErrorCode::Corrupt);
  CHECK(code_of([&] { read_from(kept, ~std::uint64_t{0}, 2); }) == ErrorCode::Corrupt);
  CHECK(read_from(kept, 7, 0).empty());
  CHECK(read_from(kept, 2, 5) == "23456");
}

TEST_CASE("a file that does not fit is not created") {
  const TempDirectory directory = temp_directory();
  KeptBytes kept(std::uint64_t{1} << 60, directory.path(), "what is kept");
  const std::string much = std::string(KeptBytes::kMostInMemory, 'x');
  kept.append(as_bytes(much));
  const Error error = error_of([&] { kept.append(as_bytes(std::string_view("y"))); });
  CHECK(error.code() == ErrorCode::Space);
  CHECK(error.message().find("what is kept") != std::string::npos);
}
