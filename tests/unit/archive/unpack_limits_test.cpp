#include "archive/unpack_limits.hpp"

#include <doctest/doctest.h>

#include <array>
#include <functional>

#include "archive/layer_extractor.hpp"
#include "archive/layer_reader.hpp"
#include "packing.hpp"
#include "stream/memory.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// The error, which must be Hostile, as message and hint; empty if there is none.
std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Hostile);
    return error.message() + "\n" + error.hint_text();
  }
  return "";
}

bool names(const std::string& refusal, const std::string& limit, const std::string& option) {
  return refusal.find("than " + limit + ", which is the limit") != std::string::npos &&
         refusal.find(option) != std::string::npos;
}

std::string reading(const std::string& layer, const UnpackLimits& limits) {
  return refusal([&] {
    StringSource source(layer);
    LayerReader reader(source, "layer", limits);
    while (reader.next()) continue;
  });
}

std::string extracting(const std::vector<std::string>& layers, const UnpackLimits& limits) {
  return refusal([&] {
    const TempDirectory directory = temp_directory();
    LayerExtractor extractor(directory.path(), ConfinedDirectory::Lookup::Kernel, limits);
    for (const std::string& layer : layers) {
      StringSource source(layer);
      extractor.apply(source, "layer");
    }
  });
}

}  // namespace

TEST_CASE("a layer above the ratio limit is read if the user raises the limit") {
  const std::string zeros = packed(TarBuilder().file("zeros", std::string(66 << 20, '\0')).tar(), "zstd");
  CHECK(names(reading(zeros, {}), "1000", "--max-unpack-ratio"));
  CHECK(reading(zeros, {.ratio = 1'000'000}).empty());
}

TEST_CASE("the limit of bytes applies to all layers together, and the message names the option that raises it") {
  const std::string layer = TarBuilder().file("a", std::string(5000, 'x')).tar();
  const std::string other = TarBuilder().file("b", std::string(5000, 'x')).tar();
  CHECK(extracting({layer, other}, {.bytes = 10'000}).empty());
  CHECK(names(extracting({layer, other}, {.bytes = 9'999}), "9999", "--max-unpacked-size"));
  CHECK(names(reading(layer, {.bytes = 4'999}), "4999", "--max-unpacked-size"));
}

TEST_CASE("the limit of members applies to all layers together, and counts implied directories") {
  const std::string layer = TarBuilder().file("a", "").file("b", "").tar();
  const std::string deep = TarBuilder().file("c/d/e/f", "").tar();
  CHECK(extracting({layer, deep}, {.members = 6}).empty());
  CHECK(names(extracting({layer, deep}, {.members = 5}), "5", "--max-members"));
  CHECK(names(reading(layer, {.members = 1}), "1", "--max-members"));
}
