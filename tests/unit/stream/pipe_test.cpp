#include "stream/pipe.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <latch>

#include "ociferry/error.hpp"
#include "stream/memory.hpp"

using namespace ociferry;

namespace {

std::string pattern(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 31 + i / 251);
  return out;
}

}  // namespace

TEST_CASE("a producer's bytes are read in order, also if they exceed the pipe's size") {
  const std::string content = pattern(3'500'001);
  const auto pipe = make_pipe(
      [&content](ByteSink& out, const std::stop_token&) {
        for (std::size_t at = 0; at < content.size(); at += 70'001) {
          out.write(as_bytes(std::string_view(content).substr(at, 70'001)));
        }
      },
      {});
  CHECK(read_all(*pipe, content.size()) == content);
}

TEST_CASE("one write larger than the pipe is read completely") {
  const std::string content = pattern(2'100'000);
  const auto pipe = make_pipe([&content](ByteSink& out, const std::stop_token&) { out.write(as_bytes(content)); }, {});
  CHECK(read_all(*pipe, content.size()) == content);
}

TEST_CASE("a producer without output gives an empty stream") {
  const auto pipe = make_pipe([](ByteSink&, const std::stop_token&) {}, {});
  CHECK(read_all(*pipe, 0).empty());
}

TEST_CASE("a producer's error is thrown after the bytes that it wrote") {
  const auto pipe = make_pipe(
      [](ByteSink& out, const std::stop_token&) {
        out.write(as_bytes("abc"));
        throw Error(ErrorCode::Corrupt, "broken");
      },
      {});
  std::array<std::byte, 10> buffer{};
  std::string got;
  try {
    while (const std::size_t count = pipe->read(buffer)) got += as_text(Bytes(buffer).first(count));
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.message() == "broken");
  }
  CHECK(got == "abc");
}

TEST_CASE("destroying a pipe early ends its producer, also one that waits") {
  std::atomic<bool> write_failed = false;
  std::latch started(1);
  {
    const auto pipe = make_pipe(
        [&](ByteSink& out, const std::stop_token&) {
          const std::string chunk(100'000, 'x');
          started.count_down();
          try {
            while (true) out.write(as_bytes(chunk));
          } catch (const Error& error) {
            write_failed = error.code() == ErrorCode::Interrupted;
            throw;
          }
        },
        {});
    started.wait();
  }
  CHECK(write_failed);
}

TEST_CASE("a request to stop reaches the producer") {
  std::stop_source stop;
  const auto pipe = make_pipe(
      [](ByteSink&, const std::stop_token& token) {
        std::latch stopped(1);
        const std::stop_callback when_stopped(token, [&] { stopped.count_down(); });
        stopped.wait();
        throw Error(ErrorCode::Interrupted, "stopped");
      },
      stop.get_token());
  stop.request_stop();
  CHECK_THROWS_WITH_AS((void)read_all(*pipe, 1), "stopped", Error);
}
