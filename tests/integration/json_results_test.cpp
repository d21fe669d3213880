#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "oci/json.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// What --json gives for each command, against what the manual says of it.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// Adds the words of a page's section "JSON result", and of those on the pages that it refers to, which may refer back.
void add_words(const std::string& page, std::set<std::string>& pages, std::set<std::string>& words) {
  if (!pages.insert(page).second) return;
  const std::filesystem::path file = std::filesystem::path(FIXTURES) / ".." / "man" / ("ociferry-" + page + ".1");
  bool is_in = false;
  for (const std::string& line : text::split(read_text(file), '\n')) {
    if (line.starts_with(".S")) is_in = line == ".Ss JSON result";
    if (!is_in) continue;
    const auto parts = text::split(line, ' ');
    words.insert(parts.begin(), parts.end());
    constexpr std::string_view kPage = "ociferry-";
    if (parts.size() < 2 || parts[0] != ".Xr" || !parts[1].starts_with(kPage) || parts[1] == "ociferry-json") continue;
    add_words(parts[1].substr(kPage.size()), pages, words);
  }
}

/// Checks that the object is one, with members of its own, all of which the manual names.
void check_result(const std::string& name, const std::string& out) {
  const Json result = Json::parse(out, name);
  for (const char* common : {"schemaVersion", "command", "movedTags", "warnings", "error"}) {
    CAPTURE(common);
    REQUIRE(result.find(common) != nullptr);
  }
  CHECK(*result.find("schemaVersion")->as_int() == 1);
  CHECK(result.string_at("command") == name);
  for (const char* list : {"movedTags", "warnings"}) CHECK(result.find(list)->as_array() != nullptr);
  CHECK(result.find("error")->is_null());
  std::string page = name;
  std::ranges::replace(page, ' ', '-');
  std::set<std::string> pages;
  std::set<std::string> words;
  add_words(page, pages, words);
  std::size_t own = 0;
  for (const Json::Member& member : *result.as_object()) {
    const std::string& key = member.first;
    const bool is_common =
        std::set<std::string>{"schemaVersion", "command", "movedTags", "warnings", "error"}.contains(key);
    if (is_common) continue;
    ++own;
    CAPTURE(key);
    CHECK(key != "text");  // what was printed is no result
    CHECK(words.contains(key));
  }
  CHECK(own > 0);
}

}  // namespace

TEST_CASE("with --json every command prints one object, whose members the manual names") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.outside, "apps/one", make_image({.layers = {{.size = 900, .seed = 1}}}), "v1");
  push_image(world.outside, "apps/two", make_image({.layers = {{.size = 900, .seed = 2}}}), "v2");
  const std::string first = world.outside_ref("apps/one");
  const std::string second = world.outside.host() + "/apps/two:v2";
  write_text(world.path("config/a.yml"), "a: b\n");
  const std::string to = world.inside_repo("all");
  const std::vector<std::pair<std::string, Words>> commands = {
      {"push", {"-i", world.inside_repo("files") + ":v1", "-f", "config"}},
      {"export", {"-i", first, "-o", "a.tar"}},
      {"add", {"a.tar", "-i", second, "-o", "both.tar"}},
      {"rm", {"both.tar", second, "-o", "rest.tar"}},
      {"merge", {"a.tar", "both.tar", "-o", "merged.tar"}},
      {"inspect", {"both.tar"}},
      {"verify", {"both.tar"}},
      {"diff", {"a.tar", "both.tar"}},
      {"ls", {"a.tar", first}},
      {"extract", {"a.tar", first, "-o", "extracted"}},
      {"inventory", {"a.tar", "-o", "have.json"}},
      {"compact", {"a.tar", "-o", "a.tar.zst"}},
      {"expand", {"a.tar.zst", "-o", "again.tar"}},
      {"split", {"both.tar", "--volume-size", "1M", "-o", "set/both.tar"}},
      {"join", {"set/both.tar.001", "-o", "joined.tar"}},
      {"protect", {"both.tar", "--parity", "10%"}},
      {"repair", {"both.tar", "-o", "repaired.tar"}},
      {"import", {"both.tar", "--to-repo", to}},
      {"copy", {"-i", first, "--to-repo", world.inside_repo("copied")}},
      {"pull", {"-i", world.inside_repo("files") + ":v1", "-o", "pulled"}},
      {"tag list", {"-i", to}},
      {"tag resolve", {"-i", to + ":v1"}},
      {"auth explain", {to}},
      {"version", {}}};
  std::filesystem::create_directory(world.path("set"));
  for (const auto& command : commands) {
    const std::string& name = command.first;
    Words words = text::split(name, ' ');
    words.insert(words.end(), command.second.begin(), command.second.end());
    words.emplace_back("--json");
    CAPTURE(name);
    check_result(name, world.succeed(words));
  }
}
