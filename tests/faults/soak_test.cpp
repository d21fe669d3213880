#include "soak.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "base/text.hpp"
#include "support/process.hpp"
#include "support/seed.hpp"

// Hours of work between two registries, and a few seconds of it.

using namespace ociferry::testing;

namespace {

constexpr std::size_t kSteps = 12;

std::chrono::minutes minutes_of_run() {
  const char* value = std::getenv("OCIFERRY_MINUTES");
  return std::chrono::minutes(value == nullptr ? 60 : std::strtol(value, nullptr, 10));
}

void print(const SoakFigures& figures, const Footprint& now) {
  std::cout << figures.requests << " requests, " << figures.faults << " of them met a fault;";
  for (const auto& [name, count] : figures.operations) std::cout << " " << count << " " << name << ",";
  std::cout << " failures by exit code:";
  for (const auto& [code, count] : figures.failures) std::cout << " " << code << ": " << count;
  std::cout << "; " << now.bytes / 1024 << " KiB, " << now.files << " files; " << figures.wrong.size() << " wrong"
            << std::endl;
}

}  // namespace

TEST_CASE("a short soak leaves no wrong state and no open file") {
  if (lacks({"docker-registry"})) return;
  const std::uint64_t seed = seed_of_run();
  CAPTURE(seed);
  Soak soak(seed);
  const Footprint before = footprint();
  for (std::size_t i = 0; i < kSteps; ++i) soak.step();
  for (const std::string& wrong : soak.figures().wrong) FAIL_CHECK(wrong);
  CHECK(soak.figures().requests > 100);
  CHECK(footprint().files <= before.files + 8);  // connections of the proxies that are just ending
}

TEST_CASE("a soak of OCIFERRY_MINUTES minutes" * doctest::skip()) {
  if (lacks({"docker-registry"})) return;
  using Clock = std::chrono::steady_clock;
  const std::uint64_t seed = seed_of_run();
  const std::chrono::seconds length = minutes_of_run();
  const auto begin = Clock::now();
  Soak soak(seed);
  std::optional<Footprint> warm;
  auto next_line = begin;
  while (Clock::now() - begin < length) {
    soak.step();
    if (!warm && Clock::now() - begin > length / 5) warm = footprint();
    if (Clock::now() < next_line) continue;
    print(soak.figures(), footprint());
    next_line += std::chrono::minutes{1};
  }
  const Footprint end = footprint();
  std::cout << "seed " << seed << ", the end: ";
  print(soak.figures(), end);
  for (const std::string& wrong : soak.figures().wrong) FAIL_CHECK(wrong);
  REQUIRE(warm);
  std::cout << "after a fifth of the time: " << warm->bytes / 1024 << " KiB, " << warm->files << " files" << std::endl;
  CHECK(end.files <= warm->files + 8);
  CHECK(end.bytes <= warm->bytes + warm->bytes / 4 + 8 * 1024 * 1024);
}
