#include "cli/table.hpp"

#include <doctest/doctest.h>

#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

Table tags() {
  return {.title = "Tags",
          .content = "tags",
          .columns = {{"name", "Name"}, {"digest", "Digest"}},
          .rows = {{"v1", "sha256:aa"}, {"\u4e2d\u6587", ""}, {"a\x1b[31m", "x"}},
          .notes = {"one note"}};
}

}  // namespace

TEST_CASE("columns are aligned by display width, and an empty cell is a dash") {
  CHECK(aligned_text(tags(), Emphasis::None) ==
        "Tags\n\n"
        "Name         Digest  \n"
        "v1           sha256:aa  \n"
        "\u4e2d\u6587         -  \n"
        "a\\u{1b}[31m  x  \n"
        "\n"
        "one note\n"
        "\n"
        "3 tags\n");
}

TEST_CASE("only titles and headers are bold") {
  const std::string text = aligned_text(tags(), Emphasis::Bold);
  CHECK(text.starts_with("\x1b[1mTags\x1b[0m\n\n\x1b[1mName"));
  CHECK(text.find("\x1b[1mv1") == std::string::npos);
}

TEST_CASE("without a terminal a table is its cells, each followed by a tab") {
  CHECK(tabbed_text(tags()) == "v1\tsha256:aa\t\n\u4e2d\u6587\t-\t\na\\u{1b}[31m\tx\t\n");
}

TEST_CASE("columns are chosen by name, in the table's order; one that does not exist is refused") {
  const Table chosen = with_columns(tags(), {"digest"});
  CHECK(tabbed_text(chosen) == "sha256:aa\t\n-\t\nx\t\n");
  CHECK(tabbed_text(with_columns(tags(), {"digest", "name"})) == tabbed_text(tags()));
  CHECK(tabbed_text(with_columns(tags(), {})) == tabbed_text(tags()));
  try {
    static_cast<void>(with_columns(tags(), {"name", "size"}));
    FAIL("was taken");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Usage);
    CHECK(error.message() == "Failed to find header: size");
    CHECK(error.hint_text() == "the columns are name, digest");
  }
}

TEST_CASE("as JSON, members are sorted, cells unchanged, and absent notes null") {
  Table table = tags();
  const Json json = table_json(table);
  CHECK(json.find("Rows")->as_array()->at(1).string_at("digest").empty());
  CHECK(json.find("Rows")->as_array()->at(2).string_at("name") == "a\x1b[31m");
  CHECK(json.find("Header")->string_at("digest") == "Digest");
  CHECK(json.find("Notes")->as_array()->size() == 1);
  table.notes.clear();
  CHECK(table_json(table).find("Notes")->is_null());
}
