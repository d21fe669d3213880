#include "base/suggestion.hpp"

#include <doctest/doctest.h>

using namespace ociferry;

TEST_CASE("a word with a slip finds the one that was meant, and one that is near to nothing finds none") {
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
    CHECK(meant_by(row.word, known) == row.meant);
  }
  CHECK(meant_by(std::string(100'000, 'x'), known).empty());
  CHECK(meant_by("pus", {"push", "push"}) == "push");
}
