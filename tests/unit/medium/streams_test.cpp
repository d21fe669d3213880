#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "medium/file_medium.hpp"
#include "medium/input_stream.hpp"
#include "medium/output_stream.hpp"
#include "medium/stream_medium.hpp"
#include "stream/memory.hpp"
#include "support/error_of.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

struct PipeEnds {
  UniqueFd read;
  UniqueFd write;
  PipeEnds() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
};

std::string read_from(const Medium& medium, std::uint64_t offset, std::size_t size) {
  std::string text(size, '\0');
  text.resize(medium.read_at(offset, std::as_writable_bytes(std::span(text))));
  return text;
}

/// Remembers all that it got.
struct Tap : ByteSink {
  void write(Bytes bytes) override { text += as_text(bytes); }
  std::string text;
};

/// Refuses the byte '!'.
struct StrictTap : ByteSink {
  void write(Bytes bytes) override {
    if (as_text(bytes).find('!') != std::string_view::npos) throw Error(ErrorCode::Corrupt, "a bad byte");
  }
};

constexpr std::size_t kArrival = 256 * 1024;

}  // namespace

TEST_CASE("the beginning of a stream is kept and can be read in any order") {
  const std::string content = random_bytes(300000, 1);
  const StreamMedium medium("stream", std::make_unique<StringSource>(content));
  CHECK(read_from(medium, 200000, 1000) == content.substr(200000, 1000));
  CHECK(read_from(medium, 0, 1000) == content.substr(0, 1000));
  CHECK(read_from(medium, 299990, 1000) == content.substr(299990));
  CHECK(medium.stream() == &medium);
}

TEST_CASE("a stream whose beginning is larger than the limit is refused") {
  const StreamMedium medium("stream", std::make_unique<StringSource>(std::string(3 * kArrival, 'x')),
                            {.front = kArrival, .window = kArrival});
  CHECK(read_from(medium, 0, kArrival).size() == kArrival);
  CHECK(code_of([&] { read_from(medium, kArrival, 1); }) == ErrorCode::Hostile);
}

TEST_CASE("behind its beginning a stream can reread its window, and refuses earlier bytes") {
  const std::string content = random_bytes(10 * kArrival, 2);
  const StreamMedium medium("stream", std::make_unique<StringSource>(content), {.window = 2 * kArrival});
  CHECK(read_from(medium, 0, 100) == content.substr(0, 100));
  const auto tap = std::make_shared<Tap>();
  medium.pass(tap);
  CHECK(medium.front_bytes() == kArrival);
  CHECK(tap->text == content.substr(0, kArrival));
  medium.read_until(5 * kArrival);
  CHECK(read_from(medium, 3 * kArrival, 2 * kArrival) == content.substr(3 * kArrival, 2 * kArrival));
  CHECK(read_from(medium, 10, 100) == content.substr(10, 100));  // of the beginning
  const Error gone = error_of([&] { read_from(medium, 2 * kArrival, 1); });
  CHECK(gone.code() == ErrorCode::Io);
  CHECK(gone.hint_text().find("run both sides again") != std::string::npos);
  medium.read_to_end();
  CHECK(tap->text == content);
  CHECK(medium.size() == content.size());
}

TEST_CASE("bytes that a stream's check refuses cannot be read, then or later") {
  std::string content(4 * kArrival, 'x');
  content[2 * kArrival + 5] = '!';
  const StreamMedium medium("stream", std::make_unique<StringSource>(content), {.window = 2 * kArrival});
  medium.pass(std::make_shared<StrictTap>());
  CHECK(read_from(medium, kArrival, kArrival).size() == kArrival);
  CHECK(code_of([&] { read_from(medium, 2 * kArrival, 1); }) == ErrorCode::Corrupt);
  CHECK(code_of([&] { medium.read_to_end(); }) == ErrorCode::Corrupt);
}

TEST_CASE("an output stream writes records of one size, and pads the last one with zeros") {
  const TempDirectory directory = temp_directory();
  const auto path = directory.path() / "tape";
  {
    const UniqueFd fd = open_file(path, O_WRONLY | O_CREAT);
    OutputStream output(fd.get(), "tape", 512, {});
    output.write(as_bytes("a"));
    CHECK(output.written() == 0);
    output.write(as_bytes(std::string(1200, 'b')));
    CHECK(output.written() == 1024);
    output.finish();
    CHECK(output.written() == 1536);
  }
  const std::string written = read_text(path);
  CHECK(written == "a" + std::string(1200, 'b') + std::string(335, '\0'));
}

TEST_CASE("an output stream whose reader has ended is an error with the number of bytes") {
  ::signal(SIGPIPE, SIG_IGN);  // as the program does
  PipeEnds pipe;
  OutputStream output(pipe.write.get(), "standard output", 0, {});
  output.write(as_bytes("begun"));
  pipe.read = UniqueFd();
  const Error error = error_of([&] { output.write(as_bytes("more")); });
  CHECK(error.code() == ErrorCode::Io);
  CHECK(error.message() == "standard output: the reader has ended after 5 bytes");
}

TEST_CASE("a stop request ends waiting for a pipe on either side") {
  PipeEnds pipe;
  std::stop_source stop;
  const auto stopping = [&](const std::function<void()>& work) {
    const std::jthread later([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      stop.request_stop();
    });
    return code_of(work);
  };
  InputStream input(UniqueFd(::dup(pipe.read.get())), "pipe", stop.get_token());
  std::array<std::byte, 10> buffer{};
  CHECK(stopping([&] { static_cast<void>(input.read(buffer)); }) == ErrorCode::Interrupted);
  stop = {};
  OutputStream output(pipe.write.get(), "pipe", 0, stop.get_token());
  CHECK(stopping([&] { output.write(as_bytes(std::string(4 << 20, 'x'))); }) == ErrorCode::Interrupted);
  CHECK((::fcntl(pipe.write.get(), F_GETFL) & O_NONBLOCK) == 0);  // the caller's own descriptor is as it was
}

TEST_CASE("checking the type of a path does not open a pipe") {
  const TempDirectory directory = temp_directory();
  const auto path = directory.path() / "fifo";
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(open_medium(path) == nullptr);
  CHECK(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC) == -1);  // nobody reads, so nobody was woken up
  const auto stream = open_input_stream(path, {});
  REQUIRE(stream != nullptr);
  {
    const UniqueFd writer = open_file(path, O_WRONLY);
    write_full(writer.get(), as_bytes("hello"), "fifo");
  }
  CHECK(read_from(*stream, 0, 100) == "hello");
  CHECK(open_input_stream(directory.path(), {}) == nullptr);
}
