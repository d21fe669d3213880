#include "store/resumable_slot.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;

namespace {

constexpr std::uint64_t kOffset = 512;

/// A medium in memory, of which the test says where its only hole begins. It ends with the slot.
class Memory : public WritableMedium {
 public:
  explicit Memory(const std::string& slot) : content_(std::string(kOffset, 'h') + slot) {}

  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return content_.size(); }
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override {
    const std::string_view rest = std::string_view(content_).substr(static_cast<std::size_t>(offset));
    const std::size_t got = std::min(rest.size(), buffer.size());
    std::ranges::copy(as_bytes(rest.substr(0, got)), buffer.begin());
    reads.push_back(offset - kOffset);
    return got;
  }
  void write_at(std::uint64_t offset, Bytes bytes) override {
    content_.replace(static_cast<std::size_t>(offset), bytes.size(), as_text(bytes));
  }
  [[nodiscard]] std::uint64_t written_until(std::uint64_t offset) const override {
    return offset > kOffset + hole ? content_.size() : std::min(content_.size(), kOffset + hole);
  }
  std::size_t hole = 1 << 20;
  mutable std::vector<std::uint64_t> reads;

 private:
  std::string name_ = "memory";
  std::string content_;
};

struct Stage {
  explicit Stage(const std::string& there, Existing existing = Existing::Keep)
      : medium(there), slot(BlobPlace{.medium = medium, .offset = kOffset}, existing) {}

  /// Fills the slot; what is there counts as wrong if `wrong_beginning` is set.
  void fill() {
    slot.fill(blob, progress, [&](std::uint64_t there) {
      brought.push_back(there);
      if (there > 0 && wrong_beginning) throw Error(ErrorCode::Corrupt, "another digest");
      if (fails) throw Error(ErrorCode::Network, "reset");
    });
  }

  struct Told : Progress {
    void debug(std::string_view line) override { lines.emplace_back(line); }
    std::vector<std::string> lines;
  };

  std::string content = "0123456789";
  Descriptor blob{.media_type = {}, .digest = sha256(content), .size = content.size()};
  Memory medium;
  ResumableSlot slot;
  Told progress;
  std::vector<std::uint64_t> brought;
  bool wrong_beginning = false;
  bool fails = false;
};

using Begins = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("a slot that an earlier run filled is read once, and is whole") {
  Stage stage("0123456789");
  CHECK(stage.slot.holds(stage.blob, {}));
  const std::size_t reads = stage.medium.reads.size();
  CHECK(stage.slot.holds(stage.blob, {}));
  CHECK(stage.medium.reads.size() == reads);
  CHECK(stage.slot.is_whole());
}

TEST_CASE("the content of a new medium is not read") {
  Stage stage("0123456789", Existing::Discard);
  CHECK_FALSE(stage.slot.holds(stage.blob, {}));
  stage.fill();
  CHECK(stage.brought == Begins{0});
  CHECK(stage.medium.reads.empty());
  CHECK(stage.slot.holds(stage.blob, {}));
}

TEST_CASE("a blob is resumed at the hole, or before the zeros on media without holes") {
  Stage hole("01234xxxxx");
  hole.medium.hole = 5;
  CHECK_FALSE(hole.slot.holds(hole.blob, {}));
  hole.fill();
  CHECK(hole.brought == Begins{5});
  Stage zeros(std::string("0123456\0\0\0", 10));
  CHECK_FALSE(zeros.slot.holds(zeros.blob, {}));
  zeros.fill();
  CHECK(zeros.brought == Begins{7});
  CHECK(zeros.slot.is_whole());
}

TEST_CASE("a slot with foreign content is filled from the beginning") {
  Stage stage("??????????");
  CHECK_FALSE(stage.slot.holds(stage.blob, {}));
  stage.fill();
  CHECK(stage.brought == Begins{0});
}

TEST_CASE("a slot that was not checked is hashed by fill") {
  Stage stage("0123456789");
  stage.fill();
  CHECK(stage.brought == Begins{10});
  CHECK(stage.medium.reads.empty());
}

TEST_CASE("a wrong beginning is tried once, with a line that reports it") {
  Stage stage("01234xxxxx");
  stage.medium.hole = 5;
  stage.wrong_beginning = true;
  stage.fill();
  CHECK(stage.brought == Begins{5, 0});
  CHECK(stage.progress.lines ==
        std::vector<std::string>{"another digest; the partial content of an earlier run is discarded"});
  CHECK(stage.slot.is_whole());
}

TEST_CASE("after a failure the slot is not whole, and its content is not reused") {
  Stage stage("01234xxxxx");
  stage.medium.hole = 5;
  stage.fails = true;
  CHECK_THROWS_AS(stage.fill(), Error);
  CHECK_FALSE(stage.slot.is_whole());
  CHECK_FALSE(stage.slot.holds(stage.blob, {}));
  stage.fails = false;
  stage.fill();
  CHECK(stage.brought == Begins{5, 0});
}
