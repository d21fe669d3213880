#include "medium/temporary_file.hpp"

#include <doctest/doctest.h>

#include <filesystem>

#include "reading.hpp"
#include "stream/memory.hpp"
#include "support/error_of.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

TEST_CASE("a temporary file is read back under another name, and has no name on disk") {
  const TempDirectory directory = temp_directory();
  TemporaryFile file(directory.path(), "a temporary file");
  file.write(as_bytes("ab"));
  file.write(as_bytes("cde"));
  const auto medium = std::move(file).finish("a.tar.gz");
  CHECK(medium->name() == "a.tar.gz");
  CHECK(medium->size() == 5);
  MediumSource content(*medium, 0, 5);
  CHECK(read_all(content, 100) == "abcde");
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("content that does not fit is refused before it is written") {
  const TempDirectory directory = temp_directory();
  const TemporaryFile file(directory.path(), "a temporary file");
  CHECK_NOTHROW(file.check_room(1, "the unpacked archive"));
  const Error error = error_of([&] { file.check_room(std::uint64_t{1} << 60, "the unpacked archive"); });
  CHECK(error.code() == ErrorCode::Space);
  CHECK(error.message().starts_with("the unpacked archive will have 1152921504606846976 bytes"));
  CHECK(error.message().find(directory.path().string()) != std::string::npos);
}
