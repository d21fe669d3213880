#include "transfer/shared_reading.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <latch>

#include "base/sizes.hpp"
#include "contract/source_contract.hpp"
#include "ociferry/error.hpp"
#include "store/memory_target.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;

namespace {

constexpr std::size_t kLong = 9 * kMiB + 7;  // more than twice the window

std::string long_content() {
  std::string content(kLong, 'x');
  for (std::size_t i = 0; i < content.size(); i += 1000) content[i] = static_cast<char>('a' + i / 1000 % 26);
  return content;
}

/// Counts how often it is opened, and fails at `bad_byte`.
class Counted : public BlobSource {
 public:
  explicit Counted(std::string content, std::size_t bad_byte = std::string::npos)
      : content_(std::move(content)), bad_byte_(bad_byte) {}

  std::unique_ptr<ByteSource> open(const Descriptor&, std::uint64_t offset, std::stop_token) override {
    ++opened;
    return std::make_unique<Stream>(*this, offset);
  }
  [[nodiscard]] Descriptor descriptor() const {
    return {.media_type = "layer", .digest = sha256(content_), .size = content_.size()};
  }

  std::atomic<int> opened{0};
  std::atomic<std::size_t> bytes_read{0};

 private:
  class Stream : public ByteSource {
   public:
    Stream(Counted& all, std::uint64_t offset) : all_(all), position_(offset) {}
    std::size_t read(MutableBytes buffer) override {
      if (position_ >= all_.bad_byte_) throw Error(ErrorCode::Io, "a bad sector");
      StringSource rest(all_.content_.substr(position_, buffer.size()));
      const std::size_t count = rest.read(buffer);
      position_ += count;
      all_.bytes_read += count;
      return count;
    }

   private:
    Counted& all_;
    std::size_t position_;
  };

  std::string content_;
  std::size_t bad_byte_;
};

/// Reads the first bytes only, then does what it is told to.
class Special : public BlobTarget {
 public:
  explicit Special(std::function<void(ByteSource&)> then) : then_(std::move(then)) {}
  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress&, std::stop_token stop) override {
    const auto stream = from.open(blob, 0, stop);
    std::vector<std::byte> some(10);
    static_cast<void>(stream->read(some));
    then_(*stream);
    return BlobOutcome::Written;
  }

 private:
  std::function<void(ByteSource&)> then_;
};

void read_all(ByteSource& stream) {
  std::vector<std::byte> buffer(64 * kKiB);
  while (stream.read(buffer) != 0) {
  }
}

}  // namespace

TEST_CASE("a blob for several targets is read once") {
  Counted source(long_content());
  const Descriptor blob = source.descriptor();
  MemoryTarget one;
  MemoryTarget two;
  MemoryTarget three;
  for (const auto& failure :
       put_into_all(blob, {{&one, &source}, {&two, &source}, {&three, &source}}, silent_progress(), {}))
    CHECK(!failure);
  for (MemoryTarget* target : {&one, &two, &three}) CHECK(target->has_blob(blob));
  CHECK(source.opened == 1);
  CHECK(source.bytes_read == kLong);
}

TEST_CASE("the source that a target gets is read by the contract of a store") {
  struct Checks : BlobTarget {
    BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress&, std::stop_token) override {
      testing::check_blob_source(from, blob);
      return BlobOutcome::Written;
    }
  };
  MemoryTarget source;
  const std::string content = long_content();
  source.add_blob(content, "layer");
  Checks checks;
  const Descriptor blob{.media_type = "layer", .digest = sha256(content), .size = content.size()};
  for (const auto& failure : put_into_all(blob, {{&checks, &source}}, silent_progress(), {})) CHECK(!failure);
}

TEST_CASE("a target that has the blob, and one that fails, do not delay the others") {
  Counted source(long_content());
  const Descriptor blob = source.descriptor();
  MemoryTarget has;
  has.add_blob(long_content(), "layer");
  Special fails([](ByteSource&) { throw Error(ErrorCode::Network, "gone"); });
  MemoryTarget gets;
  const auto failures = put_into_all(blob, {{&has, &source}, {&fails, &source}, {&gets, &source}}, silent_progress(),
                                     {}, std::chrono::hours(1));
  CHECK(!failures[0]);
  REQUIRE(failures[1]);
  CHECK_THROWS_AS(std::rethrow_exception(failures[1]), Error);
  CHECK(!failures[2]);
  CHECK(gets.has_blob(blob));
  CHECK(source.opened == 1);
}

TEST_CASE("a target that stalls does not delay the others, and still gets all bytes") {
  Counted source(long_content());
  const Descriptor blob = source.descriptor();
  std::latch others_are_done(1);
  std::size_t rest = 0;
  Special waits([&](ByteSource& stream) {
    others_are_done.wait();
    std::vector<std::byte> buffer(64 * kKiB);
    while (const std::size_t count = stream.read(buffer)) rest += count;
  });
  Special reads([&](ByteSource& stream) {
    read_all(stream);
    others_are_done.count_down();
  });
  const auto failures =
      put_into_all(blob, {{&waits, &source}, {&reads, &source}}, silent_progress(), {}, std::chrono::milliseconds(1));
  CHECK(!failures[0]);
  CHECK(!failures[1]);
  CHECK(rest == kLong - 10);
  CHECK(source.opened == 2);
}

TEST_CASE("a failure of the source is reported for each target") {
  Counted source(long_content(), 5 * kMiB);
  MemoryTarget one;
  MemoryTarget two;
  for (const auto& failure :
       put_into_all(source.descriptor(), {{&one, &source}, {&two, &source}}, silent_progress(), {})) {
    REQUIRE(failure);
    CHECK_THROWS_WITH(std::rethrow_exception(failure), doctest::Contains("a bad sector"));
  }
}

TEST_CASE("a stop request ends all targets") {
  Counted source(long_content());
  std::stop_source stop;
  std::latch is_stopped(1);
  Special waits([&](ByteSource& stream) {
    is_stopped.wait();
    read_all(stream);
  });
  Special stops([&](ByteSource& stream) {
    stop.request_stop();
    is_stopped.count_down();
    read_all(stream);
  });
  const auto failures = put_into_all(source.descriptor(), {{&waits, &source}, {&stops, &source}}, silent_progress(),
                                     stop.get_token(), std::chrono::hours(1));
  for (const auto& failure : failures) {
    REQUIRE(failure);
    CHECK_THROWS_AS(std::rethrow_exception(failure), Error);
  }
}
