// How small recipes of gzip streams are, and how fast they are made and followed on one core, without a disk. For each
// file: the predictor chosen, the size of the recipes in percent of the file, and MB of unpacked bytes a second for
// parsing, coding and rebuilding, by the time that the processor worked on it. Ends with 1 if bytes came out
// differently.
//   recipe_speed FILE.gz...
// fixtures/recipe/make shows how to make such files with many encoders.

#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <functional>

#include "base/fd.hpp"
#include "ociferry/error.hpp"
#include "recipe/gzip_recipe.hpp"
#include "recipe/predictor_choice.hpp"
#include "stream/memory.hpp"

namespace {

using namespace ociferry;

constexpr std::uint64_t kLargestFile = std::uint64_t{2} << 30;

class View : public ByteSource {
 public:
  explicit View(Bytes bytes) : bytes_(bytes) {}
  std::size_t read(MutableBytes buffer) override {
    const std::size_t size = std::min(buffer.size(), bytes_.size());
    std::memcpy(buffer.data(), bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
    return size;
  }

 private:
  Bytes bytes_;
};

/// The processor's time for `work`, in seconds, added to `sum`.
void timed(double& sum, const std::function<void()>& work) {
  const std::clock_t begin = std::clock();
  work();
  sum += static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

const char* name_of(Predictor::Kind kind) {
  switch (kind) {
    case Predictor::Kind::Chains: return "chains";
    case Predictor::Kind::Zlib: return "zlib";
    case Predictor::Kind::Go: return "go";
    case Predictor::Kind::Klauspost: return "klauspost";
  }
  return "?";
}

bool measure(const char* path) {
  const std::string gzip = read_file(path, kLargestFile);
  View view(as_bytes(gzip));
  GzipParser parser(view);
  StringSink out(kLargestFile);
  BitRunJoiner joiner(out);
  double parsing = 0;
  double choosing = 0;
  double coding = 0;
  double rebuilding = 0;
  std::uint64_t plain = 0;
  std::uint64_t recipes = 0;
  PredictorChoice predictors;
  Predictor predictor;
  std::vector<std::byte> history;
  while (true) {
    std::optional<GzipPiece> piece;
    timed(parsing, [&] { piece = parser.next(); });
    if (!piece) break;
    timed(choosing, [&] { predictor = predictors.next(*piece, history); });
    std::vector<std::byte> recipe;
    timed(coding, [&] { recipe = recipe_of(*piece, history, predictor); });
    BitRun run;
    timed(rebuilding, [&] { run = rebuilt(recipe, piece->plain, history); });
    joiner.append(run);
    plain += piece->plain.size();
    recipes += recipe.size();
    history.insert(history.end(), piece->plain.begin(), piece->plain.end());
    if (history.size() > kPieceHistory) {
      history.erase(history.begin(), history.end() - static_cast<std::ptrdiff_t>(kPieceHistory));
    }
  }
  joiner.finish();
  const bool same = out.content == gzip;
  const auto speed = [&](double seconds) { return static_cast<double>(plain) / (seconds + 1e-9) / 1e6; };
  std::printf("%-28s %9s %u %7.3f %% %5.0f %5.0f %5.0f MB/s, chosen in %.2f s%s\n",
              std::filesystem::path(path).filename().c_str(), name_of(predictor.kind), predictor.level,
              100 * static_cast<double>(recipes) / static_cast<double>(gzip.size()), speed(parsing), speed(coding),
              speed(rebuilding), choosing, same ? "" : " DIFFERENT");
  std::fflush(stdout);
  return same;
}

}  // namespace

int main(int argc, char** argv) {
  bool good = true;
  std::printf("%-28s %11s %9s %5s %5s %5s\n", "file", "predictor", "recipe", "parse", "code", "build");
  for (int i = 1; i < argc; ++i) {
    try {
      good = measure(argv[i]) && good;
    } catch (const Error& error) {
      std::printf("%s: %s\n", argv[i], error.what());
      good = false;
    }
  }
  return good ? 0 : 1;
}
