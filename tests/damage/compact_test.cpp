#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "archive/unpacker.hpp"
#include "archive/zstd_sink.hpp"
#include "base/text.hpp"
#include "ociferry/compact.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "stream/memory.hpp"
#include "support/image_builder.hpp"
#include "support/seed.hpp"
#include "support/temp.hpp"

// Damaged compact archives, and forged ones whose checksum is right: refused, or nothing but the same archive.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMost = 1 << 24;
constexpr std::uint64_t kDamageOfEach = 60;

Context few_jobs() {
  Context context;
  context.jobs = 2;
  return context;
}

/// A small archive with layers in gzip, which share a file, and without; plain and compact.
class CompactTrial {
 public:
  CompactTrial() {
    const LayerRecipe noise{.size = 9000, .seed = 5};
    const Image image = make_image({.layers = {noise,
                                               {.size = 9000, .seed = 5, .compression = LayerCompression::None},
                                               {.size = 7000, .seed = 6},
                                               {.size = 500, .seed = 7}}});
    write_layout(image, at("layout"), "v1");
    static_cast<void>(convert_archive({.archives = {at("layout")}, .output = at("plain.tar")}, few_jobs()));
    const CompactReport report = compact_archive({.archive = at("plain.tar"), .output = at("small.zst")}, few_jobs());
    REQUIRE(report.layers_opened == 3);
    plain = read_text(at("plain.tar"));
    packed = read_text(at("small.zst"));
    StringSource source(packed);
    Unpacker unpacker(source, "small.zst");
    tar_ = read_all(unpacker, kMost);
  }

  [[nodiscard]] const std::string& tar() const { return tar_; }
  [[nodiscard]] static std::string pack(const std::string& tar) {
    StringSink out(kMost);
    ZstdSink sink(out, 3);
    sink.write(as_bytes(tar));
    sink.finish();
    return out.content;
  }

  /// Empty if `bytes` are refused as damaged by everything, by name, and leave no file; or are the same archive.
  [[nodiscard]] std::string judge(const std::string& bytes) {
    write_text(at("carried.zst"), bytes);
    const std::string by_verify =
        ending([&] { static_cast<void>(verify({.archive = at("carried.zst")}, few_jobs())); });
    fs::remove(at("out.tar"));
    const std::string by_expand = ending([&] {
      static_cast<void>(expand_archive({.archive = at("carried.zst"), .output = at("out.tar")}, few_jobs()));
    });
    if (by_verify == kTaken && by_expand == kTaken) {
      ++taken_;
      return read_text(at("out.tar")) == plain ? "" : "it expands to other bytes";
    }
    ++refused_;
    if (by_verify != kRefused) return text::cat("verify: ", by_verify);
    if (by_expand != kRefused) return text::cat("expand: ", by_expand);
    return fs::exists(at("out.tar")) ? "a file is there" : "";
  }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }
  [[nodiscard]] std::uint64_t taken() const { return taken_; }

  std::string plain;
  std::string packed;

 private:
  static constexpr const char* kTaken = "taken";
  static constexpr const char* kRefused = "refused";

  [[nodiscard]] fs::path at(const std::string& name) const { return directory_.path() / name; }
  template <typename Action>
  [[nodiscard]] static std::string ending(const Action& action) {
    try {
      action();
      return kTaken;
    } catch (const Error& error) {
      const std::string all = text::cat(error.message(), "\n", text::join(error.context(), "\n"));
      const int code = exit_code(error.code());
      // What is damaged so that it is no compact archive any more, is another file that cannot be expanded.
      const bool is_right =
          code == 10 || code == 11 || code == 13 || all.find("is not a compact archive") != std::string::npos;
      if (is_right && all.find("carried.zst") != std::string::npos) return kRefused;
      return text::cat("ended with ", code, ": ", all);
    }
  }

  TempDirectory directory_ = temp_directory();
  std::string tar_;
  std::uint64_t refused_ = 0;
  std::uint64_t taken_ = 0;
};

}  // namespace

TEST_CASE("a compact archive that is flipped, cut, longer or empty is refused") {
  CompactTrial trial;
  CHECK(trial.judge(trial.packed) == "");
  CHECK(trial.taken() == 1);
  Dice dice(seed_of_run());
  for (std::uint64_t i = 0; i < kDamageOfEach; ++i) {
    std::string flipped = trial.packed;
    const std::size_t at = i < 16 ? i : dice.below(flipped.size());
    flipped[at] = static_cast<char>(flipped[at] ^ 1 << dice.below(8));
    const std::string wrong = trial.judge(flipped);
    CHECK_MESSAGE(wrong.empty(), "flipped at ", at, ": ", wrong);
    const std::size_t size = i < 16 ? i : dice.below(trial.packed.size());
    const std::string of_cut = trial.judge(trial.packed.substr(0, size));
    CHECK_MESSAGE(of_cut.empty(), "cut to ", size, ": ", of_cut);
  }
  CHECK(trial.refused() > kDamageOfEach * 19 / 10);
}

TEST_CASE("a forged compact archive is refused, or is the same archive") {
  CompactTrial trial;
  CHECK(trial.judge(CompactTrial::pack(trial.tar())) == "");
  Dice dice(seed_of_run());
  const std::size_t blocks = trial.tar().size() / 512;
  for (std::uint64_t i = 0; i < kDamageOfEach; ++i) {
    std::string forged = trial.tar();
    const std::size_t at = dice.below(forged.size());
    forged[at] = static_cast<char>(forged[at] ^ 1 << dice.below(8));
    const std::string wrong = trial.judge(CompactTrial::pack(forged));
    CHECK_MESSAGE(wrong.empty(), "byte ", at, ": ", wrong);
    std::string moved = trial.tar();
    moved.replace(dice.below(blocks) * 512, 512, trial.tar().substr(dice.below(blocks) * 512, 512));
    const std::string of_moved = trial.judge(CompactTrial::pack(moved));
    CHECK_MESSAGE(of_moved.empty(), of_moved);
  }
  CHECK(trial.refused() > kDamageOfEach);
}
