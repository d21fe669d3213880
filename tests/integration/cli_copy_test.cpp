#include <doctest/doctest.h>

#include "rows.hpp"
#include "support/golden.hpp"
#include "support/temp.hpp"

// copy, export and import, flag by flag.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// An application, a bundle of it and a bundle of that, in the outside registry.
struct CopySource {
  explicit CopySource(World& world)
      : app(push_image(world.outside, "apps/app", make_image(), "v1")),
        inner(world.push_bundle("bundles/inner", {app})),
        outer(world.push_bundle("bundles/outer", {inner, app})) {}

  Reference app;
  Reference inner;
  Reference outer;
};

/// Checks that a repository inside has this tag.
auto inside_has(const std::string& repository, const std::string& tag) {
  return [=](World& world, const std::string&, const Outcome&) {
    CHECK_FALSE(digest_of(world.inside, repository, tag).empty());
  };
}

auto inside_has_not(const std::string& repository, const std::string& tag) {
  return [=](World& world, const std::string&, const Outcome&) {
    CHECK(digest_of(world.inside, repository, tag).empty());
  };
}

auto file_has(const std::string& file, const std::string& text) {
  return [=](World& world, const std::string&, const Outcome&) {
    CHECK(read_text(world.path(file)).find(text) != std::string::npos);
  };
}

}  // namespace

TEST_CASE("copy, export and import take their flags in all forms") {
  if (lacks({"docker-registry"})) return;
  World world;
  const CopySource source(world);
  const std::string outer_digest = source.outer.digest->text();
  write_text(world.path("images.yml"), "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- image: " +
                                           to_string(Reference{source.app.name, {}, source.app.digest}) +
                                           "\n  annotations:\n    note: kept\n");
  check_rows(
      world,
      {
          {.name = "bundle to repository",
           .arguments = {"copy", "-b", "{O}/bundles/outer:v1", "--to-repo", "{I}/to-a"},
           .out = "~\n  {O}/bundles/outer:v1 -> {I}/to-a:v1@" + outer_digest + "\n",
           .after = inside_has("to-a", "v1")},
          {.name = "image, with a lock file",
           .arguments = {"copy", "--image={O}/apps/app:v1", "--to-repo={I}/to-b", "--lock-output", "b.yml"},
           .out = "~ in {I}/to-",
           .after = file_has("b.yml", "kind: ImagesLock")},
          {.name = "bundle, with a lock file",
           .arguments = {"copy", "-b{O}/bundles/outer:v1", "--to-repo", "{I}/to-c", "--lock-output=c.yml", "-j2"},
           .out = "~ in {I}/to-",
           .after = file_has("c.yml", "/to-c@" + outer_digest + "\n  tag: v1")},
          {.name = "from that lock file",
           .arguments = {"copy", "--lock", "c.yml", "--to-repo", "{I}/to-d", "--concurrency", "1"},
           .out = "~ in {I}/to-",
           .after = inside_has("to-d", "v1")},
          {.name = "from an ImagesLock, whose annotations are kept",
           .arguments = {"copy", "--lock", "images.yml", "--to-repo", "{I}/to-e", "--lock-output", "e.yml"},
           .out = "~ in {I}/to-",
           .after = file_has("e.yml", "note: kept")},
          {.name = "to a file",
           .arguments = {"copy", "-b", "{O}/bundles/outer:v1", "--to-tar", "a.tar"},
           .out = "~Exported 3 images (2 bundles) to a.tar: ",
           .after = [](World& here, const std::string&,
                       const Outcome&) { CHECK(std::filesystem::exists(here.path("a.tar"))); }},
          {.name = "from that file",
           .arguments = {"copy", "--tar", "a.tar", "--to-repo", "{I}/to-f", "--verify-first"},
           .out = "~ in {I}/to-",
           .after = inside_has("to-f", "v1")},
          {.name = "without tags of roots",
           .arguments = {"copy", "--tar", "a.tar", "--to-repo", "{I}/to-g", "--no-root-tags"},
           .out = "~ in {I}/to-",
           .after = inside_has_not("to-g", "v1")},
          {.name = "again, asking for every blob",
           .arguments = {"copy", "-b", "{O}/bundles/outer:v1", "--to-repo", "{I}/to-a", "--recheck"},
           .out = "~ in {I}/to-",
           .after = inside_has("to-a", "v1")},
          {.name = "export of two roots",
           .arguments = {"export", "-b", "{O}/bundles/outer:v1", "-i", "{O}/apps/app:v1", "-o", "b.tar"},
           .out = "~Exported 3 images (2 bundles) to b.tar: "},
          {.name = "import",
           .arguments = {"import", "b.tar", "--to-repo", "{I}/to-h", "--no-root-tags", "--lock-output="},
           .out = "~3 images (2 bundles) in {I}/to-h: wrote "},
      });
}

TEST_CASE("copy, export and import refuse contradictions in imgpkg's words, and ask no registry") {
  if (lacks({"docker-registry"})) return;
  World world;
  std::vector<Row> rows = {
      {.arguments = {"copy", "--to-repo", "{I}/to-a"},
       .err = "Error: Expected either --lock, --bundle (-b), --image (-i), or --tar as a source\n"},
      {.arguments = {"copy", "-b", "{R}", "-i", "{R}", "--to-repo", "{I}/to-a"},
       .err = "Error: Expected either --lock, --bundle (-b), --image (-i), or --tar as a source\n"},
      {.arguments = {"copy", "-b", "{R}"}, .err = "Error: Expected either --to-tar or --to-repo\n"},
      {.arguments = {"copy", "-b", "{R}", "--bundle", "{R}", "--to-repo", "{I}/to-a"},
       .err = "Error: --bundle (-b) is given more than once, but only one value counts\n"},
      {.arguments = {"copy", "-i", "{R}", "-i", "{R}", "--to-tar", "a.tar"},
       .err = "Error: --image (-i) is given more than once, but only one value counts\n"},
      {.arguments = {"--color=false", "copy", "-i", "{R}", "--to-tar", "a.tar", "--color"},
       .err = "Error: --color is given as true and as false, but only one value counts\n"},
      {.arguments = {"copy", "--tar", "a.tar", "--to-repo", "{I}/to-a", "--to-repo", "{I}/to-b"},
       .err = "Error: --to-repo is given more than once, but only one value counts\n"},
      {.arguments = {"copy", "-b", "{R}", "--to-tar", "a.tar", "--keep-tags"},
       .err = "Error: --keep-tags goes with --to-repo only\n"},
      {.arguments = {"copy", "--lock", "empty.yml", "--to-repo", "{I}/to-a"}, .err = "the lock file lists no images\n"},
      {.arguments = {"copy", "-b", "{R}", "--to-repo", "{I}/to-a", "--to-tar", "a.tar"},
       .err = "Error: Expected either --to-tar or --to-repo\n"},
      {.arguments = {"copy", "-b", "{R}", "--to-tar", "a.tar", "--lock-output", "a.yml"},
       .err = "Error: cannot output lock file with tar destination\n"},
      {.arguments = {"copy", "-b", "{R}", "--to-repo", "{I}/to-a:v1"},
       .err = "must be a repository, without tag or digest\n"},
      {.arguments = {"copy", "-b", "{R}", "--to-tar", "a.tar", "--recheck"},
       .err = "Error: --recheck goes with --to-repo only\n"},
      {.arguments = {"copy", "-b", "{R}", "--to-repo", "{I}/to-a", "--verify-first"},
       .err = "Error: --verify-first goes with --tar and --to-repo only\n"},
      {.arguments = {"copy", "--tar", "a.tar", "--to-repo", "{I}/to-a", "--with-referrers=false"},
       .err = "Error: --with-referrers does not go with --tar"},
      {.arguments = {"export", "-b", "{R}"}, .err = "Error: required flag(s) \"output\" not set\n"},
      {.arguments = {"export", "-o", "a.tar"}, .err = "Error: Nothing to export"},
      {.arguments = {"import", "--to-repo", "{I}/to-a"}, .err = "Error: ARCHIVE is missing\n"},
      {.arguments = {"copy", "-b", "{R}", "--to-tar", "a.tar", "--map", "a=b"},
       .err = "Error: --map goes with --to-registry only\n"},
      {.arguments = {"copy", "-b", "{R}", "--to-tar", "a.tar", "--mapping-output", "m"},
       .err = "Error: --mapping-output goes with --to-repo only\n"},
      {.arguments = {"import", "a.tar", "--to-repo", "{R}", "--to-registry", "r.example"},
       .err = "Error: --to-repo puts all images into one repository, --to-registry each into its own\n"},
      {.arguments = {"import", "a.tar"}, .err = "Error: No destination: give --to-repo or --to-registry\n"},
      {.arguments = {"inspect", "a.tar", "b.tar"}, .err = "Error: b.tar is not of the archive that a.tar is of\n"},
  };
  write_text(world.path("empty.yml"), "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages: []\n");
  for (Row& row : rows) {
    row.name = row.err;
    row.exit_code = 1;
  }
  check_rows(world, rows);
  CHECK(world.outside.requests().empty());
  CHECK(world.inside.requests().empty());
}

TEST_CASE("copy with the wrong one of -b and -i names the right one") {
  if (lacks({"docker-registry"})) return;
  World world;
  const CopySource source(world);
  write_text(world.path("images.yml"), "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- image: " +
                                           to_string(Reference{source.inner.name, {}, source.inner.digest}) + "\n");
  check_rows(world, {{.name = "-i",
                      .arguments = {"copy", "-i", "{O}/bundles/outer:v1", "--to-repo", "{I}/to-a"},
                      .exit_code = 1,
                      .err = "Error: Expected bundle flag when copying a bundle\n"},
                     {.name = "-b",
                      .arguments = {"copy", "-b", "{O}/apps/app:v1", "--to-repo", "{I}/to-a"},
                      .exit_code = 1,
                      .err = "Error: Expected bundle image but found plain image\n"},
                     {.name = "--lock",
                      .arguments = {"copy", "--lock", "images.yml", "--to-repo", "{I}/to-a"},
                      .exit_code = 1,
                      .err = "Error: Unable to copy bundles using an Images Lock file\n"}});
  CHECK(writes(world.inside).empty());
}

TEST_CASE("export, import, inspect and verify have a result with and without a terminal") {
  if (lacks({"docker-registry"})) return;
  World world;
  const CopySource source(world);
  const auto golden = [&](const std::string& file, Words words) {
    check_golden(kCliGolden / (file + ".txt"), timeless(world.succeed(words), world));
    words.push_back("--tty");
    check_golden(kCliGolden / (file + "-tty.txt"), timeless(world.succeed(words), world));
    words.back() = "--json";
    check_golden(kCliGolden / (file + "-json.txt"), timeless(world.succeed(words), world));
  };
  world.succeed({"export", "-b", world.outside_ref("bundles/outer"), "-o", "a.tar"});
  golden("export", {"export", "-b", world.outside_ref("bundles/outer"), "-o", "b.tar"});
  golden("inspect", {"inspect", "a.tar"});
  golden("verify", {"verify", "a.tar"});
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("all")});
  golden("import", {"import", "a.tar", "--to-repo", world.inside_repo("all")});
}

TEST_CASE("called as imgpkg, of several sources the last counts, with a warning") {
  if (lacks({"docker-registry"})) return;
  World world;
  const CopySource source(world);
  const Outcome outcome = run_as(Name::Imgpkg, world,
                                 {"copy", "-b", world.outside_ref("bundles/inner"), "--bundle",
                                  world.outside_ref("bundles/outer"), "--to-repo", world.inside_repo("to-last")});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out.empty());
  CHECK(outcome.err == "Warning: --bundle (-b) is given more than once: only the last value counts\n");
  CHECK(digest_of(world.inside, "to-last", "v1") == source.outer.digest->text());
}

TEST_CASE("copies on a terminal print imgpkg's lines") {
  if (lacks({"docker-registry"})) return;
  World world;
  const CopySource source(world);
  const std::string from = world.outside_ref("bundles/outer");
  const auto golden = [&](const std::string& file, const Words& words) {
    const Outcome outcome = run_as(Name::Imgpkg, world, words);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.empty());
    check_golden(kCliGolden / file, timeless(outcome.out, world));
  };
  golden("copy-to-repo-tty.txt", {"copy", "--tty", "-b", from, "--to-repo", world.inside_repo("to-a")});
  golden("copy-to-repo-again-tty.txt", {"copy", "--tty", "-b", from, "--to-repo", world.inside_repo("to-a")});
  golden("copy-from-copy-tty.txt",
         {"copy", "--tty", "-b", world.inside_repo("to-a") + ":v1", "--to-repo", world.inside_repo("to-b")});
  golden("copy-to-tar-tty.txt", {"copy", "--tty", "-b", from, "--to-tar", "a.tar"});
  golden("copy-from-tar-tty.txt", {"copy", "--tty", "--tar", "a.tar", "--to-repo", world.inside_repo("to-c")});
  golden("copy-json.txt", {"copy", "--json", "-b", from, "--to-repo", world.inside_repo("to-d")});
}
