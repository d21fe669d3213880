#include <doctest/doctest.h>

#include <iostream>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "figures.hpp"
#include "hostile_image.hpp"
#include "hostile_members.hpp"
#include "pull_trial.hpp"
#include "support/seed.hpp"
#include "support/tar_builder.hpp"

// Whatever an image's layers hold, a pull of it writes the tree that they describe, or nothing; and nothing elsewhere.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::uint64_t kHostileSample = 120;
constexpr std::uint64_t kHostileAll = 10'000;

/// One layer that is mostly zeros: `unpacked` bytes of them.
HostileImage zeros(std::uint64_t unpacked, LayerCompression compression) {
  HostileImage image{.trick = "zeros"};
  image.layers = {{.compression = compression, .tar = TarBuilder().file("zeros", std::string(unpacked, '\0')).tar()}};
  return image;
}

}  // namespace

TEST_CASE("hostile images are pulled, or refused without leaving files (a sample)") {
  PullTrial trial;
  std::uint64_t pulled = 0;
  for (std::uint64_t number = 0; number < kHostileSample; ++number) {
    const HostileImage image = make_hostile_image(seed_of_run(), number, trial.outside());
    const std::string wrong = trial.judge(image);
    CHECK_MESSAGE(wrong.empty(), number, ": ", image.trick, ": ", wrong, "\n", image.what);
    pulled += image.tree ? 1 : 0;
  }
  CHECK(pulled > kHostileSample / 20);  // not everything is refused
}

TEST_CASE("each forbidden form of a member is refused") {
  PullTrial trial;
  for (const ForbiddenMember& forbidden : forbidden_members()) {
    Dice dice(seed_of_run());
    HostileImage image{.trick = std::string(forbidden.trick)};
    image.layers = {{.compression = LayerCompression::None,
                     .tar = TarBuilder().file("a", "good").raw(forbidden.bytes(dice, trial.outside())).tar()}};
    const std::string wrong = trial.judge(image);
    CHECK_MESSAGE(wrong.empty(), image.trick, ": ", wrong);
  }
}

TEST_CASE("ten thousand hostile images are pulled, or refused without leaving files" * doctest::skip()) {
  PullTrial trial;
  Counts counts;
  const Watch watch;
  for (std::uint64_t number = 0; number < kHostileAll; ++number) {
    const HostileImage image = number % 500 == 499 ? zeros((64 + number % 7) * kMiB, LayerCompression::Zstd)
                                                   : make_hostile_image(seed_of_run(), number, trial.outside());
    const std::string wrong = trial.judge(image);
    CHECK_MESSAGE(wrong.empty(), number, ": ", image.trick, ": ", wrong, "\n", image.what);
    counts.add(image.tree ? "pulled" : text::cat("refused: ", image.trick), !wrong.empty());
    if (number % 2000 == 1999) std::cout << number + 1 << " hostile images" << std::endl;
  }
  std::cout << "hostile: seed " << seed_of_run() << ", " << kHostileAll << " images (" << counts.text() << "), "
            << counts.failed() << " failed; memory grew by at most " << trial.growth() << " MiB in one of them; "
            << watch.seconds() << " s" << std::endl;
}
