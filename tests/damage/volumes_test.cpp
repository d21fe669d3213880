#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "medium/volumes/volume_list.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "sealed_sample.hpp"
#include "stream/sha256.hpp"
#include "support/seed.hpp"
#include "support/temp.hpp"

// Volumes on sticks: each that is lost, swapped, renamed, cut, grown or damaged is named.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kTarBlockBytes = 512;
constexpr std::size_t kVolumes = 5;

/// Notes what it is warned of.
struct Notes : Progress {
  void warn(std::string_view line) override { text += text::cat(line, "\n"); }
  std::string text;
};

/// A small archive in volumes; the first one ends behind the seal, as with real sizes.
class VolumeTrial {
 public:
  /// Without a list, all volumes must have the same size to be known when one is missing.
  VolumeTrial(const SealedSample& sample, bool has_list) : sample_(sample), has_list_(has_list) {
    const auto seal = std::ranges::find_if(sample.regions, [](const Region& region) {
      return region.kind == "headers" && region.member.starts_with("blobs/");
    });
    const std::uint64_t rest = sample.bytes.size() - seal->begin;
    const std::uint64_t blocks = (rest + kVolumes - 2) / (kVolumes - 1) / kTarBlockBytes + 1;
    const std::uint64_t each = has_list ? blocks * kTarBlockBytes : seal->begin;
    const std::uint64_t first = seal->begin;
    VolumeList list{.set = seal_digest(), .archive_bytes = sample.bytes.size()};
    for (std::uint64_t offset = 0; offset < sample.bytes.size();) {
      const std::string bytes = sample.bytes.substr(offset, offset == 0 ? first : each);
      const std::string name = volume_name("sample.tar", list.volumes.size() + 1);
      list.volumes.push_back({name, offset, bytes.size(), sha256(bytes), sha256(bytes), {}});
      volumes_.push_back(bytes);
      offset += bytes.size();
    }
    list_ = to_json(list);
    anew();
  }

  /// All volumes as they were written.
  void anew() {
    fs::remove_all(set());
    for (std::size_t i = 0; i < volumes_.size(); ++i) write_text(file(i), volumes_[i]);
    if (has_list_) write_text(set() / "sample.tar.volumes.json", list_);
  }

  /// How `verify` ends: its exit code, and all that it says.
  struct End {
    int code = 0;
    std::string says = {};
  };
  [[nodiscard]] End verify_set(bool medium) const {
    Notes notes;
    Context context;
    context.jobs = 2;
    context.progress = &notes;
    try {
      static_cast<void>(verify({.archive = set(), .medium = medium}, context));
      return {0, notes.text};
    } catch (const Error& error) {
      return {exit_code(error.code()), text::cat(notes.text, error.message(), "\n", text::join(error.context(), "\n"))};
    }
  }
  /// Empty if every way to verify ends with one of `codes` and names the file `name`.
  [[nodiscard]] std::string judge(const std::vector<int>& codes, const std::string& name) const {
    for (const bool medium : {false, true}) {
      const End end = verify_set(medium);
      const bool is_right =
          std::ranges::find(codes, end.code) != codes.end() && end.says.find(name) != std::string::npos;
      if (!is_right) return text::cat("ended with ", end.code, ", must name ", name, ": ", end.says);
    }
    return {};
  }

  [[nodiscard]] fs::path set() const { return directory_.path() / "set"; }
  [[nodiscard]] fs::path file(std::size_t index) const { return set() / name(index); }
  [[nodiscard]] static std::string name(std::size_t index) { return volume_name("sample.tar", index + 1); }
  [[nodiscard]] const std::vector<std::string>& volumes() const { return volumes_; }

 private:
  [[nodiscard]] Digest seal_digest() const {
    const auto seal = std::ranges::find(sample_.regions, "ociferry.json", &Region::kind);
    return sha256(sample_.bytes.substr(seal->begin, seal->end - seal->begin));
  }

  const SealedSample& sample_;
  bool has_list_;
  TempDirectory directory_ = temp_directory();
  std::vector<std::string> volumes_;
  std::string list_;
};

const std::vector<int> kWhole{0};
const std::vector<int> kRefused{10, 11, 13};

void try_all(const SealedSample& sample, bool has_list) {
  VolumeTrial trial(sample, has_list);
  REQUIRE(trial.volumes().size() >= 2);
  CHECK(trial.judge(kWhole, "") == "");
  Dice dice(seed_of_run());
  const auto check = [&](const char* what, std::size_t index, const std::string& wrong) {
    CHECK_MESSAGE(wrong.empty(), what, " volume ", index + 1, has_list ? " (list)" : " (no list)", ": ", wrong);
    trial.anew();
  };
  for (std::size_t i = 0; i < trial.volumes().size(); ++i) {
    const std::string& bytes = trial.volumes()[i];
    fs::remove(trial.file(i));
    check("lost", i, trial.judge(kRefused, VolumeTrial::name(i)));

    write_text(trial.file(i), bytes.substr(0, dice.below(bytes.size())));
    check("cut", i, trial.judge(kRefused, VolumeTrial::name(i)));

    write_text(trial.file(i), bytes + random_bytes(1 + dice.below(1000), dice.below(99)));
    check("grown", i, trial.judge(kRefused, VolumeTrial::name(i)));

    write_text(trial.file(i), random_bytes(bytes.size(), dice.below(99)));
    check("replaced", i, trial.judge(kRefused, VolumeTrial::name(i)));

    for (int times = 0; times < 12; ++times) {
      std::string flipped = bytes;
      flipped[dice.below(bytes.size())] ^= static_cast<char>(1 << dice.below(8));
      write_text(trial.file(i), flipped);
      // A seal in which a digest is changed disagrees with a header, and without a list nothing tells which is right.
      const bool is_told_apart = has_list || i > 0;
      check("flipped", i, trial.judge(kRefused, is_told_apart ? VolumeTrial::name(i) : "sample.tar.0"));
    }
  }
}

}  // namespace

TEST_CASE("a volume that is lost, cut, grown, replaced or damaged is named, with and without the list") {
  const SealedSample sample;
  try_all(sample, true);
  try_all(sample, false);
}

TEST_CASE("a volume of a delta that is lost, cut, grown, replaced or damaged is named") {
  const SealedSample sample = SealedSample::delta();
  try_all(sample, true);
}

TEST_CASE("volumes with swapped names are found by their content, and each is named") {
  const SealedSample sample;
  VolumeTrial trial(sample, true);
  for (std::size_t i = 0; i < trial.volumes().size(); ++i) {
    fs::rename(trial.file(i), trial.set() / "stick.bin");
    CHECK(trial.judge(kWhole, "stick.bin is volume " + std::to_string(i + 1)) == "");
    trial.anew();
    const std::size_t other = (i + 1) % trial.volumes().size();
    write_text(trial.file(i), trial.volumes()[other]);
    write_text(trial.file(other), trial.volumes()[i]);
    CHECK(trial.judge(kWhole, VolumeTrial::name(i)) == "");
    CHECK(trial.judge(kWhole, VolumeTrial::name(other)) == "");
    trial.anew();
  }
}
