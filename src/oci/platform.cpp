#include "oci/platform.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

using Spelling = std::pair<std::string_view, std::string_view>;

constexpr std::array<Spelling, 4> kArchitectures = {
    {{"i386", "386"}, {"x86_64", "amd64"}, {"x86-64", "amd64"}, {"aarch64", "arm64"}}};
constexpr std::array<Spelling, 5> kArmVariants = {{{"", "v7"}, {"5", "v5"}, {"6", "v6"}, {"7", "v7"}, {"8", "v8"}}};
constexpr std::array<Spelling, 5> kArm64Variants = {{{"8", ""}, {"v8", ""}, {"v8.0", ""}, {"9", "v9"}, {"v9.0", "v9"}}};
constexpr std::array<Spelling, 1> kAmd64Variants = {{{"v1", ""}}};

template <std::size_t Count>
std::string respelled(std::string word, const std::array<Spelling, Count>& table) {
  const auto found = std::ranges::find(table, word, &Spelling::first);
  return found == table.end() ? std::move(word) : std::string(found->second);
}

bool is_word(std::string_view text) {
  constexpr std::string_view kOthers = "_.-";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

bool has_version(const Platform& given, const std::string& version) {
  return version.empty() || given.os_version == version || given.os_version.starts_with(version + ".");
}

}  // namespace

Platform parse_platform(std::string_view text) {
  std::vector<std::string> parts = text::split(text, '/');
  Platform platform;
  if (const auto open = parts.front().find('('); open != std::string::npos && parts.front().ends_with(')')) {
    platform.os_version = parts.front().substr(open + 1, parts.front().size() - open - 2);
    parts.front().resize(open);
    if (!is_word(platform.os_version)) parts.clear();
  }
  if (parts.size() < 2 || parts.size() > 3 || !std::ranges::all_of(parts, is_word)) {
    throw Error(ErrorCode::Usage, text::cat("'", text::printable(text),
                                            "' is not a platform such as linux/amd64, linux/arm64 or linux/arm/v7"));
  }
  platform.os = std::move(parts[0]);
  platform.architecture = std::move(parts[1]);
  if (parts.size() == 3) platform.variant = std::move(parts[2]);
  return canonical(std::move(platform));
}

Platform canonical(Platform platform) {
  platform.os = text::lower(platform.os);
  if (platform.os == "macos") platform.os = "darwin";
  std::string variant = text::lower(platform.variant);
  std::string architecture = respelled(text::lower(platform.architecture), kArchitectures);
  if (architecture == "armhf" || architecture == "armel") {
    variant = architecture == "armhf" ? "v7" : "v6";
    architecture = "arm";
  }
  if (architecture == "arm") variant = respelled(std::move(variant), kArmVariants);
  if (architecture == "arm64") variant = respelled(std::move(variant), kArm64Variants);
  if (architecture == "amd64") variant = respelled(std::move(variant), kAmd64Variants);
  if (architecture == "386") variant.clear();
  platform.architecture = std::move(architecture);
  platform.variant = std::move(variant);
  return platform;
}

bool is_real(const Platform& platform) {
  return !platform.os.empty() && !platform.architecture.empty() && platform.os != "unknown" &&
         platform.architecture != "unknown";
}

bool is_for(const Platform& given, const std::vector<Platform>& wanted) {
  const Platform one = canonical(given);
  return std::ranges::any_of(wanted, [&](const Platform& each) {
    const Platform platform = canonical(each);
    return one.os == platform.os && one.architecture == platform.architecture && one.variant == platform.variant &&
           has_version(one, platform.os_version);
  });
}

std::string full_name(const Platform& platform) {
  std::string name = to_string(platform);
  if (!platform.os_version.empty()) name.insert(platform.os.size(), text::cat("(", platform.os_version, ")"));
  return text::printable(name);
}

}  // namespace ociferry
