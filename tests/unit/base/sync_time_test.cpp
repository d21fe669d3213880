#include "base/sync_time.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>

#include "base/fd.hpp"
#include "support/temp.hpp"

using namespace ociferry;

TEST_CASE("only the time of fsync is counted") {
  const TempDirectory directory = testing::temp_directory();
  const UniqueFd file = open_file(directory.path() / "file", O_RDWR | O_CREAT);
  auto before = sync_time();
  write_full(file.get(), as_bytes("content"), "file");
  CHECK(sync_time() == before);
  fsync_fd(file.get(), "file");
  CHECK(sync_time() > before);
  before = sync_time();
  fsync_directory(directory.path());
  CHECK(sync_time() > before);
  before = sync_time();
  sync_file_system(file.get(), "file");
  CHECK(sync_time() > before);
}
