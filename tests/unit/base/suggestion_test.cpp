#include "base/suggestion.hpp"

#include <doctest/doctest.h>

using namespace ociferry;

TEST_CASE("a misspelt word gets the nearest suggestion, and a distant one none") {
  const std::vector<std::string> known = {"push", "pull", "import", "inspect", "verify", "version", "tag list"};
  struct Row {
    const char* word;
    const char* meant;
  };
  for (const Row& row : {Row{"pul", "pull"}, Row{"psuh", "push"}, Row{"imprt", "import"}, Row{"imporrt", "import"},
                         Row{"inspekt", "inspect"}, Row{"verfiy", "verify"}, Row{"vers", "version"},
                         Row{"tag lst", "tag list"}, Row{"xyzzy", ""}, Row{"p", ""}, Row{"", ""},
                         // both are as near
                         Row{"pu", ""}, Row{"ver", ""}, Row{"pusl", ""}}) {
    CAPTURE(row.word);
    CHECK(suggestion_for(row.word, known) == row.meant);
  }
  CHECK(suggestion_for(std::string(100'000, 'x'), known).empty());
  CHECK(suggestion_for("pus", {"push", "push"}) == "push");
}
