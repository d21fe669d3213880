#include "damage.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>

#include "base/text.hpp"
#include "figures.hpp"
#include "trial.hpp"

// An archive that is not the one that was exported is refused, whatever happened to it; and nobody sees anything of it.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

constexpr std::uint64_t kDamageSample = 150;
constexpr std::uint64_t kDamageAll = 10'000;
/// Of all bytes, the ordinary run changes one in so many.
constexpr std::uint64_t kStride = 127;

}  // namespace

TEST_CASE("the sample archive is whole: verified, imported, and imported again without a write") {
  const SealedSample sample;
  CHECK(sample.kinds.size() == 12);
  const std::string wrong = Trial(sample).judge_whole(sample.bytes);
  CHECK_MESSAGE(wrong.empty(), wrong);
}

TEST_CASE("a flipped byte is found wherever it is: a sample of all bytes") {
  const SealedSample sample;
  Trial trial(sample);
  Dice dice(seed_of_run());
  for (std::uint64_t at = dice.below(kStride); at < sample.bytes.size(); at += kStride) {
    const std::string wrong = trial.judge_flip(at, static_cast<char>(1 << dice.below(8)));
    CHECK_MESSAGE(wrong.empty(), "byte ", at, " in ", sample.region_at(at).member, ": ", wrong);
  }
}

TEST_CASE("a flipped byte of a delta is found wherever it is: a sample of all bytes") {
  const SealedSample whole;
  const SealedSample sample = SealedSample::delta();
  CHECK(sample.bytes.size() < whole.bytes.size());
  Trial trial(sample);
  CHECK(trial.refusal(sample.bytes).empty());
  Dice dice(seed_of_run());
  for (std::uint64_t at = dice.below(kStride); at < sample.bytes.size(); at += kStride) {
    const std::string wrong = trial.judge_flip(at, static_cast<char>(1 << dice.below(8)));
    CHECK_MESSAGE(wrong.empty(), "byte ", at, " in ", sample.region_at(at).member, ": ", wrong);
  }
  for (std::uint64_t i = 0; i < 40; ++i) {
    const std::string wrong =
        trial.judge_cut(sample.bytes.size() - 1 - dice.below(sample.bytes.size() / 50) - i * sample.bytes.size() / 50);
    CHECK_MESSAGE(wrong.empty(), wrong);
  }
}

TEST_CASE("damaged archives are refused, and nothing of them reaches the registry (a sample)") {
  const SealedSample sample;
  Trial trial(sample);
  for (std::uint64_t number = 0; number < kDamageSample; ++number) {
    const Damage damage = make_damage(sample, seed_of_run(), number);
    const std::string wrong = trial.judge(damage.bytes);
    CHECK_MESSAGE(wrong.empty(), damage.what, ": ", wrong);
  }
}

TEST_CASE("messages about damage name the place, what was found and what was expected") {
  const SealedSample sample;
  Trial trial(sample);
  const auto first = [&](const std::string& kind) {
    return std::ranges::find_if(sample.regions, [&](const Region& region) {
      return region.kind == kind && region.member.starts_with("blobs/");
    });
  };
  const auto changed = [&](std::uint64_t at, char to) {
    std::string bytes = sample.bytes;
    bytes[at] = to;
    return trial.refusal(bytes);
  };
  const auto says = [](const std::string& error, const std::string& part) {
    CAPTURE(error);
    CHECK(error.find(part) != std::string::npos);
  };
  const std::uint64_t header = first("headers")->begin;
  says(changed(header + 106, '7'), text::cat("0x37 where 0x34 must be (at offset ", header + 106, ")"));
  says(changed(header, 'B'), text::cat("it names 'B", first("headers")->member.substr(1), "'"));
  says(changed(106, '7'), "'oci-layout' is wrong: it says ");
  const std::uint64_t padding = first("padding")->begin;
  says(changed(padding, '!'), text::cat("is not all zero: it holds 0x21 (at offset ", padding, ")"));
  const Region& layer = *first("layers");
  const std::string damaged = changed(layer.begin, '!');
  says(damaged, text::cat(layer.member, " at offset ", layer.begin));
  says(damaged, text::cat("sha256:", layer.member.substr(std::string("blobs/sha256/").size())));
  says(trial.refusal(sample.bytes.substr(0, layer.begin + 1)),
       text::cat("it ends within ", layer.member, " (at offset ", layer.begin + 1, "); the file has ", layer.begin + 1,
                 " bytes, but the seal says ", sample.bytes.size()));
}

TEST_CASE("each byte of an archive flipped, one after the other, is found" * doctest::skip()) {
  const SealedSample sample;
  Trial trial(sample);
  Counts counts;
  const Watch watch;
  for (std::uint64_t at = 0; at < sample.bytes.size(); ++at) {
    const Region& region = sample.region_at(at);
    const std::string wrong = trial.judge_flip(at, static_cast<char>(1 << at % 8));
    CHECK_MESSAGE(wrong.empty(), "byte ", at, " in ", region.member, ": ", wrong);
    counts.add(region.kind, !wrong.empty());
  }
  std::cout << "flips: " << sample.bytes.size() << " bytes (" << counts.text() << "), " << counts.failed()
            << " failed; " << trial.exact() << " named the member with the flipped byte; " << trial.refusals().text()
            << "; " << watch.seconds() << " s" << std::endl;
}

TEST_CASE("an archive cut at each length, one after the other, is refused" * doctest::skip()) {
  const SealedSample sample;
  Trial trial(sample);
  std::uint64_t failed = 0;
  const Watch watch;
  for (std::uint64_t size = sample.bytes.size(); size-- > 0;) {
    const std::string wrong = trial.judge_cut(size);
    CHECK_MESSAGE(wrong.empty(), "cut to ", size, " bytes: ", wrong);
    failed += wrong.empty() ? 0 : 1;
  }
  std::cout << "cuts: " << sample.bytes.size() << " lengths, " << failed << " failed; " << trial.refusals().text()
            << "; " << watch.seconds() << " s" << std::endl;
}

TEST_CASE("ten thousand damaged archives are refused, and nothing of them reaches the registry" * doctest::skip()) {
  const SealedSample sample;
  Trial trial(sample);
  Counts kinds;
  Counts places;
  const Watch watch;
  for (std::uint64_t number = 0; number < kDamageAll; ++number) {
    const Damage damage = make_damage(sample, seed_of_run(), number);
    const std::string wrong = trial.judge(damage.bytes);
    CHECK_MESSAGE(wrong.empty(), damage.what, ": ", wrong);
    kinds.add(std::string(to_string(damage.kind)), !wrong.empty());
    places.add(damage.where, !wrong.empty());
    if (number % 1000 == 999) std::cout << number + 1 << " damaged archives" << std::endl;
  }
  std::cout << "damage: seed " << seed_of_run() << ", " << kDamageAll << " archives of " << sample.bytes.size()
            << " bytes (" << kinds.text() << "; " << places.text() << "), " << kinds.failed() << " failed; "
            << trial.refusals().text() << "; " << watch.seconds() << " s" << std::endl;
}
