#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "layout/compact/shared_contents.hpp"
#include "medium/kept_bytes.hpp"
#include "support/seed.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"

// Which contents come up again, and the steps that name them, whatever pieces the layers are in.

using namespace ociferry;
using namespace ociferry::testing;
using namespace ociferry::compact;

namespace {

/// Layers, what is known of them, and what a reader makes of the steps.
class Layers {
 public:
  explicit Layers(std::vector<std::string> tars) : tars_(std::move(tars)) {
    for (const std::string& tar : tars_) {
      ContentFinder finder;
      finder.write(as_bytes(tar));
      contents_.push_back(finder.take());
      shared_.count(contents_.back());
    }
    for (auto& contents : contents_) shared_.keep_repeated(contents);
    kept_.emplace(shared_.kept_bytes(), directory_.path(), "kept");
  }

  /// Reads all layers back from their steps, in pieces of the sizes that `next_size` gives.
  template <typename NextSize>
  void check(const NextSize& next_size) {
    for (std::size_t i = 0; i < tars_.size(); ++i) {
      std::string back;
      std::size_t next = 0;
      while (back.size() < tars_[i].size()) {
        const std::size_t size = std::min<std::size_t>(next_size(), tars_[i].size() - back.size());
        const auto steps = shared_.steps(contents_[i], next, back.size(), size);
        back += play(steps, std::string_view(tars_[i]).substr(back.size(), size));
      }
      CHECK((back == tars_[i]));
      CHECK(next == contents_[i].size());
    }
    CHECK(kept_->size() == shared_.kept_bytes());
  }

  [[nodiscard]] std::uint64_t kept_bytes() const { return shared_.kept_bytes(); }
  [[nodiscard]] std::uint64_t copied() const { return copied_; }
  [[nodiscard]] std::size_t repeated(std::size_t layer) const { return contents_[layer].size(); }

 private:
  /// What a reader makes of a piece, whose new bytes come from `piece`.
  std::string play(const std::vector<Step>& steps, std::string_view piece) {
    std::string bytes;
    const Step* last = nullptr;
    for (const Step& step : steps) {
      REQUIRE(step.bytes > 0);
      REQUIRE(step.kind != Step::Kind::Differ);
      if (last != nullptr && step.kind != Step::Kind::Copy) CHECK(last->kind != step.kind);
      last = &step;
      const auto count = static_cast<std::size_t>(step.bytes);
      std::string got(piece.substr(bytes.size(), count));
      REQUIRE(got.size() == count);
      if (step.kind == Step::Kind::Copy) {
        kept_->read(step.from, std::as_writable_bytes(std::span(got)));
        copied_ += count;
      } else if (step.kind == Step::Kind::Kept) {
        kept_->append(as_bytes(got));
      }
      bytes += got;
    }
    CHECK(bytes.size() == piece.size());
    return bytes;
  }

  TempDirectory directory_ = temp_directory();
  std::vector<std::string> tars_;
  std::vector<std::vector<FoundContent>> contents_;
  SharedContents shared_;
  std::optional<KeptBytes> kept_;
  std::uint64_t copied_ = 0;
};

const std::string kOne = random_bytes(3000, 1);
const std::string kTwo = random_bytes(5120, 2);
const std::string kThree = random_bytes(700, 3);

}  // namespace

TEST_CASE("content of one layer is not kept, and content of several is kept once") {
  Layers layers({TarBuilder().file("a", kOne).file("b", kTwo).tar(), TarBuilder().file("c", kTwo).tar(),
                 TarBuilder().file("d", kThree).file("e", kTwo).file("f", kTwo).tar()});
  CHECK(layers.kept_bytes() == kTwo.size());
  CHECK(layers.repeated(0) == 1);
  CHECK(layers.repeated(2) == 2);
  layers.check([] { return std::size_t{1} << 20; });
  CHECK(layers.copied() == 3 * kTwo.size());
}

TEST_CASE("nothing is kept of layers that share no content, or are no tars") {
  Layers layers({TarBuilder().file("a", kOne).tar(), TarBuilder().file("b", kTwo).tar(), kThree, kThree, "", "x"});
  CHECK(layers.kept_bytes() == 0);
  layers.check([] { return std::size_t{1000}; });
  CHECK(layers.copied() == 0);
}

TEST_CASE("content across the borders of pieces is kept and copied in parts") {
  const std::string tar = TarBuilder().file("a", kOne).file("b", kTwo).file("c", kOne).tar();
  for (const std::size_t size : {1U, 2U, 511U, 512U, 513U, 700U, 3512U, 3584U}) {
    CAPTURE(size);
    Layers layers({tar, TarBuilder().file("x", kThree).tar() + tar});
    layers.check([size] { return size; });
    CHECK(layers.kept_bytes() == kOne.size() + kTwo.size());
    CHECK(layers.copied() == 2 * kOne.size() + kTwo.size() + kOne.size());
  }
}

TEST_CASE("random layers round-trip, in random pieces") {
  Dice dice(seed_of_run());
  std::vector<std::string> contents;
  for (std::uint64_t i = 0; i < 12; ++i) contents.push_back(random_bytes(dice.below(4000), 100 + i));
  std::uint64_t copied = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> tars;
    for (std::uint64_t layer = 1 + dice.below(4); layer > 0; --layer) {
      TarBuilder tar;
      for (std::uint64_t file = dice.below(8); file > 0; --file) tar.file("f", dice.pick(contents));
      tars.push_back(tar.tar());
    }
    Layers layers(std::move(tars));
    layers.check([&] { return 1 + dice.below(1U << dice.below(14)); });
    copied += layers.copied();
  }
  CHECK(copied > 100'000);
}
