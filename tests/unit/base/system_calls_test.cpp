#include "base/system_calls.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <cerrno>
#include <functional>
#include <vector>

#include "base/fd.hpp"
#include "support/call_verdict.hpp"
#include "support/error_of.hpp"

using namespace ociferry;
using testing::CallVerdict;
using testing::code_of;

namespace fs = std::filesystem;

namespace {

const fs::path kTemp = fs::temp_directory_path();

}  // namespace

TEST_CASE("an observer can let a call fail, and the error names the reason") {
  const TempDirectory directory(kTemp, "calls-test-");
  const fs::path path = directory.path() / "file";
  write_file_atomically(path, "old", 0600);
  for (const int reason : {ENOSPC, EDQUOT, EFBIG}) {
    const CallVerdict script(calls::Kind::Write, {.failure = reason});
    CHECK(code_of([&] { write_file_atomically(path, "new", 0600); }) == ErrorCode::Space);
  }
  for (const calls::Kind kind : {calls::Kind::Sync, calls::Kind::Rename, calls::Kind::Open}) {
    const CallVerdict script(kind, {.failure = EIO});
    CHECK(code_of([&] { write_file_atomically(path, "new", 0600); }) == ErrorCode::Io);
  }
  CHECK(read_file(path, 10) == "old");
  CHECK(std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("short reads and writes are continued") {
  const TempDirectory directory(kTemp, "calls-test-");
  const fs::path path = directory.path() / "file";
  {
    const CallVerdict script(calls::Kind::Write, {.at_most = 2});
    write_file_atomically(path, "seven!!", 0600);
    CHECK(script.written == std::vector<std::int64_t>{2, 2, 2, 1});
  }
  const CallVerdict script(calls::Kind::Read, {.at_most = 3});
  CHECK(read_file(path, 10) == "seven!!");
}

TEST_CASE("a descriptor is closed even if an observer lets close fail") {
  const int fd = calls::open(kTemp.c_str(), O_RDONLY);
  REQUIRE(fd >= 0);
  {
    const CallVerdict script(calls::Kind::Close, {.failure = EIO});
    UniqueFd owner(fd);
    CHECK(code_of([&] { owner.close("it"); }) == ErrorCode::Io);
  }
  CHECK(::fcntl(fd, F_GETFD) == -1);
}
