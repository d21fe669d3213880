#include "rows.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <regex>

#include "base/text.hpp"

namespace ociferry::testing {

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// How the lines of progress begin.
constexpr std::array kPhases = {"looking for ", "checking ", "writing ", "exporting ", "verifying ", "pulling "};

std::string filled(const std::string& text, const World& world, const std::string& repository) {
  std::string out = replaced(text, "{R}", world.outside.host() + "/" + repository);
  return replaced(replaced(out, "{O}", world.outside.host()), "{I}", world.inside.host());
}

void check_text(const std::string& expected, const std::string& actual) {
  if (expected.starts_with('~')) {
    INFO("expected somewhere: " << expected.substr(1) << "\nactual: " << actual);
    CHECK(actual.find(expected.substr(1)) != std::string::npos);
  } else {
    CHECK(actual == expected);
  }
}

/// What a program says on standard error, less the lines that tell how far work has come which takes long: whether any
/// does depends on the machine.
std::string without_progress(const std::string& err) {
  std::string rest;
  for (const std::string& line : text::split(err, '\n')) {
    const bool is_progress = std::ranges::any_of(kPhases, [&](const char* phase) { return line.starts_with(phase); });
    if (!is_progress && !line.empty()) rest += line + "\n";
  }
  return rest;
}

}  // namespace

Outcome run_as(Name name, World& world, const Words& arguments) {
  Program program = world.ociferry.program(arguments);
  if (name == Name::Imgpkg) {
    const std::filesystem::path link = world.path("bin/imgpkg");
    if (!std::filesystem::exists(link)) {
      std::filesystem::create_directories(link.parent_path());
      std::filesystem::create_symlink(OCIFERRY_BINARY, link);
    }
    program.arguments.front() = link.string();
  }
  Outcome outcome = run(program);
  outcome.err = without_progress(outcome.err);
  return outcome;
}

void check_rows(World& world, const std::vector<Row>& rows) {
  int number = 0;
  for (const Row& row : rows) {
    INFO("row: " << row.name);
    const std::string repository = "rows/r" + std::to_string(++number);
    Words arguments;
    for (const std::string& word : row.arguments) arguments.push_back(filled(word, world, repository));
    const Outcome outcome = run_as(Name::Ociferry, world, arguments);
    INFO("standard output: " << outcome.out << "\nstandard error: " << outcome.err);
    CHECK(outcome.exit_code == row.exit_code);
    check_text(filled(row.out, world, repository), outcome.out);
    check_text((row.err.empty() ? "" : "~") + filled(row.err, world, repository), outcome.err);
    if (row.after) row.after(world, repository, outcome);
  }
}

std::string timeless(const std::string& text, const World& world) {
  std::string rest = replaced(replaced(text, world.outside.host(), "outside:5000"), world.inside.host(), "inside:5000");
  rest = std::regex_replace(rest, std::regex(R"(\([0-9]+ms\))"), "(TIME)");
  // Hosts are in lock files, and so in sizes.
  rest = std::regex_replace(rest, std::regex(R"(\b[0-9.]+ k?B\b)"), "SIZE");
  rest = std::regex_replace(rest, std::regex("(Bytes|Size)\": [0-9]+"), "$1\": SIZE");
  rest = std::regex_replace(rest, std::regex(R"((Seconds": )[0-9.e-]+)"), "$1SECONDS");
  rest = std::regex_replace(rest, std::regex("([0-9a-f]{4}-){7}[0-9a-f]{4}"), "FINGERPRINT");
  std::map<std::string, std::string> names;
  std::string out;
  static const std::regex kDigest("[0-9a-f]{64}");
  for (std::smatch found; std::regex_search(rest, found, kDigest); rest = found.suffix()) {
    const auto [name, is_new] = names.try_emplace(found.str(), "DIGEST" + std::to_string(names.size() + 1));
    out += found.prefix().str() + name->second;
  }
  return out + rest;
}

std::string digest_of(const RegistryServer& registry, const std::string& repository, const std::string& tag) {
  const HttpAnswer answer =
      registry.request("HEAD", "/v2/" + repository + "/manifests/" + tag,
                       {"Accept: application/vnd.docker.distribution.manifest.v2+json, "
                        "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"});
  return answer.header("docker-content-digest");
}

}  // namespace ociferry::testing
