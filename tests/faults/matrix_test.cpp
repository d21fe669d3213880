#include "matrix.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <regex>
#include <thread>

#include "support/process.hpp"
#include "support/seed.hpp"

// Every fault of the network, at every kind of request, in every command: once, and always.

using namespace ociferry::testing;

namespace {

constexpr std::size_t kSample = 60;
constexpr std::size_t kWorkers = 4;

}  // namespace

TEST_CASE("a sample of the fault matrix ends as it must") {
  if (lacks({"docker-registry", "openssl"})) return;
  const std::uint64_t seed = seed_of_run();
  CAPTURE(seed);
  Matrix matrix;
  std::size_t done = 0;
  for (const Cell& cell : matrix.cells(seed)) {
    if (cell.fall->slow) continue;
    if (done++ == kSample) break;
    const std::string wrong = matrix.judge(cell);
    CHECK_MESSAGE(wrong.empty(), wrong);
  }
  CHECK(done > kSample);
}

TEST_CASE("cells of the fault matrix named on the command line" * doctest::skip()) {
  const char* wanted = std::getenv("OCIFERRY_CELLS");
  if (wanted == nullptr || lacks({"docker-registry", "openssl"})) return;
  Matrix matrix;
  for (const Cell& cell : matrix.cells(seed_of_run())) {
    if (!std::regex_search(to_string(cell), std::regex(wanted))) continue;
    const std::string wrong = matrix.judge(cell);
    CHECK_MESSAGE(wrong.empty(), wrong);
    std::cout << (wrong.empty() ? "ok  " : "bad ") << to_string(cell) << std::endl;
  }
}

TEST_CASE("the whole fault matrix ends as it must" * doctest::skip()) {
  if (lacks({"docker-registry", "openssl"})) return;
  const std::uint64_t seed = seed_of_run();
  const auto begun = std::chrono::steady_clock::now();
  const std::vector<Cell> cells = Matrix().cells(seed);
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> failed{0};
  const auto work = [&] {
    Matrix matrix;  // much of the time goes into waiting, for a fault that stalls, or until a server may be asked again
    for (std::size_t at = next++; at < cells.size(); at = next++) {
      const std::string wrong = matrix.judge(cells[at]);
      CHECK_MESSAGE(wrong.empty(), wrong);
      failed += wrong.empty() ? 0 : 1;
      if (at % 250 == 249) std::cout << at + 1 << " of " << cells.size() << " cells" << std::endl;
    }
  };
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < kWorkers; ++i) workers.emplace_back(work);
  }
  const auto took = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - begun);
  std::cout << "matrix: seed " << seed << ", " << falls().size() << " faults, " << kinds().size()
            << " kinds of request, " << kCommands.size() << " commands: " << cells.size() << " cells, " << failed
            << " failed, " << took.count() << " s" << std::endl;
}
