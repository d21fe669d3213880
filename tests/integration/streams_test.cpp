#include <doctest/doctest.h>

#include <array>

#include "oci/json.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// Archives through pipes: between two registries, through the programs that people put in between, cut and damaged.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A bundle with two images outside, and its archive as a file.
struct StreamStage {
  World world;
  std::string bundle;
  std::string archive;

  StreamStage() {
    const Image large = make_image({.layers = {LayerRecipe{.size = 3000000, .seed = 5}, LayerRecipe{.seed = 6}}});
    const Image small = make_image({.layers = {LayerRecipe{.seed = 6}, LayerRecipe{.size = 200000, .seed = 7}}});
    world.push_bundle("apps/all",
                      {push_image(world.outside, "apps/a", large, "v1"), push_image(world.outside, "apps/b", small)});
    bundle = world.outside_ref("apps/all");
    world.succeed({"export", "-b", bundle, "-o", "file.tar"});
    archive = read_text(world.path("file.tar"));
  }

  /// Runs a line of a shell, in which $ociferry is the program.
  Outcome shell(const std::string& line, const Variables& more = {}) const {
    Variables variables = more;
    variables.emplace("ociferry", OCIFERRY_BINARY);
    variables.emplace("bundle", bundle);
    Program program = world.ociferry.program({}, variables);
    program.arguments = {"bash", "-c", "set -o pipefail; " + line};
    Outcome outcome = run(program);
    INFO(line << "\nstandard output: " << outcome.out << "\nstandard error: " << outcome.err);
    return outcome;
  }
  /// The same for a line that must succeed; returns what it wrote to standard output.
  std::string pass(const std::string& line) const {
    const Outcome outcome = shell(line);
    INFO(line << "\nstandard output: " << outcome.out << "\nstandard error: " << outcome.err);
    CHECK(outcome.exit_code == 0);
    return outcome.out;
  }
  /// `import -` of `content` into `repository`.
  Outcome import_of(const std::string& content, const std::string& repository, const Words& more = {}) const {
    write_text(world.path("content"), content);
    std::string line = "cat content | $ociferry import - --to-repo " + world.inside_repo(repository);
    for (const std::string& word : more) line += " " + word;
    return shell(line);
  }
  /// Everything of the bundle can be pulled from there.
  void check_there(const std::string& repository) {
    std::filesystem::remove_all(world.path("pulled"));
    world.succeed({"pull", "-b", world.inside_repo(repository) + ":v1", "-o", "pulled"});
    // Each locations image has a tag of its own digest, which depends on the repository.
    CHECK(World::tags(world.inside, repository).size() == World::tags(world.inside, "from-file").size());
  }
};

bool says_that(const Outcome& outcome, const std::string& words) {
  INFO(outcome.err);
  return outcome.err.find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("an export to standard output writes the archive's bytes, and messages to standard error") {
  if (lacks({"docker-registry"})) return;
  StreamStage stage;
  World& world = stage.world;
  const Outcome outcome = stage.shell("$ociferry export -b $bundle -o - --tty | cat");
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == stage.archive);
  CHECK(says_that(outcome, "Exported 3 images (1 bundle) to standard output"));
  CHECK(says_that(outcome, "Fingerprint: "));
  CHECK(says_that(outcome, "Succeeded"));
  CHECK_FALSE(std::filesystem::exists(world.path("-")));
  const Outcome json = stage.shell("$ociferry copy -b $bundle --to-tar - --json --progress none > json.tar");
  CHECK(read_text(world.path("json.tar")) == stage.archive);
  CHECK(Json::parse(json.err, "json").string_at("archive") == "-");
  CHECK(stage.pass("$ociferry copy --tar file.tar --to-tar -") == stage.archive);
}

TEST_CASE("a stream is imported like a file, into one registry, by name, and into two destinations") {
  if (lacks({"docker-registry"})) return;
  StreamStage stage;
  World& world = stage.world;
  world.succeed({"import", "file.tar", "--to-repo", world.inside_repo("from-file")});
  stage.pass("$ociferry export -b $bundle -o - | $ociferry import - --to-repo " + world.inside_repo("piped"));
  stage.check_there("piped");
  CHECK(stage.pass("cat file.tar | $ociferry import - --to-repo " + world.inside_repo("piped"))
            .starts_with("Nothing to do"));
  // What several repositories need is mounted, from the one that the stream went to.
  const std::string by_name =
      stage.pass("cat file.tar | $ociferry import - --to-registry " + world.inside.host() + "/mirror");
  CHECK(by_name.find("mounted") != std::string::npos);
  world.succeed({"pull", "-b", world.inside_repo("mirror/apps/all") + ":v1", "-o", "by-name"});
  stage.pass("cat file.tar | $ociferry import - --to-repo " + world.inside_repo("east/all") + " --to-repo " +
             world.inside_repo("west/all"));
  stage.check_there("east/all");
  stage.check_there("west/all");
}

TEST_CASE("a named pipe and a redirected file are read like a pipe and like a file") {
  if (lacks({"docker-registry"})) return;
  StreamStage stage;
  World& world = stage.world;
  world.succeed({"import", "file.tar", "--to-repo", world.inside_repo("from-file")});
  stage.pass("mkfifo fifo; cat file.tar > fifo & $ociferry import fifo --to-repo " + world.inside_repo("fifo") +
             " && wait");
  stage.check_there("fifo");
  CHECK(stage.pass("$ociferry verify - < file.tar").starts_with("standard input is whole"));
  CHECK(stage.pass("cat file.tar | $ociferry verify /dev/stdin").find("is whole: 3 images") != std::string::npos);
  // It reads the beginning only, so its writer may be told that nobody reads any more.
  CHECK(stage.shell("cat file.tar | $ociferry inspect -").out.find("3 images (1 bundle)") != std::string::npos);
  CHECK(stage.pass("gzip < file.tar | cat > packed; $ociferry verify - < packed").find("is whole") !=
        std::string::npos);
  CHECK(says_that(stage.shell("gzip < file.tar | $ociferry verify -"), "gzip -dc | ociferry"));
}

TEST_CASE("import refuses a stream that is cut, damaged or too long, and puts no tag") {
  if (lacks({"docker-registry"})) return;
  StreamStage stage;
  const std::string& whole = stage.archive;
  std::string damaged = whole;
  damaged[whole.size() / 2] = static_cast<char>(damaged[whole.size() / 2] ^ 1);
  const struct {
    std::string content;
    std::string words;
  } cases[] = {{whole.substr(0, whole.size() / 2), "it has lost the last"},
               {whole.substr(0, whole.size() - 100), "within the end of the tar"},
               {damaged, "content has digest"},
               {whole + "x", "other bytes follow the end"},
               {whole.substr(0, 3000), "cut short"},
               {whole.substr(0, 1000), "begins like an archive, but its table is not there"}};
  for (const auto& [content, words] : cases) {
    const Outcome outcome = stage.import_of(content, "bad");
    CHECK(outcome.exit_code == 10);
    CHECK(says_that(outcome, words));
    CHECK(World::tags(stage.world.inside, "bad").empty());
    CHECK(stage.shell("cat content | $ociferry verify -").exit_code == 10);
  }
  // What had arrived is not sent again.
  const Outcome again = stage.import_of(whole, "bad");
  CHECK(again.exit_code == 0);
  CHECK(again.out.find("already there") != std::string::npos);
}

TEST_CASE("options that streams do not support are refused with the reason") {
  if (lacks({"docker-registry"})) return;
  StreamStage stage;
  const std::string to = " --to-repo " + stage.world.inside_repo("refused");
  const struct {
    std::string line;
    std::string words;
  } cases[] = {
      {"cat file.tar | $ociferry import -" + to + " --verify-first", "--verify-first reads an archive twice"},
      {"cat file.tar | $ociferry copy --tar - --to-tar other.tar", "is not written to another archive"},
      {"$ociferry export -b $bundle -o other.tar --blocking-factor 20", "standard output only"},
      {"$ociferry export -b $bundle -o - --with-tool amd64 | cat", "--with-tool needs a file"},
      {"mkdir d; tar -C d -xf file.tar; tar -C d -c . | $ociferry verify -", "no archive that ociferry export wrote"},
      {"head -c 1000000 file.tar > cut; $ociferry export -b $bundle -o other.tar; "
       "cat file.tar | $ociferry import - cut" +
           to,
       "cut"},
  };
  for (const auto& [line, words] : cases) {
    const Outcome outcome = stage.shell(line);
    CHECK(outcome.exit_code != 0);
    CHECK(says_that(outcome, words));
  }
  CHECK(World::tags(stage.world.inside, "refused").empty());
}

TEST_CASE("export reports how far a stream came when its reader ends, and cuts it at a damaged layer") {
  if (lacks({"docker-registry"})) return;
  StreamStage stage;
  const Outcome gone = stage.shell("$ociferry export -b $bundle -o - | head -c 1000 > /dev/null");
  CHECK(gone.exit_code == 31);
  CHECK(says_that(gone, "the reader has ended after"));
  const Outcome full = stage.shell("$ociferry export -b $bundle -o - > /dev/full");
  CHECK(full.exit_code == 30);
  const Outcome closed = stage.shell("$ociferry export -b $bundle -o - >&-");
  CHECK(closed.exit_code == 31);
  CHECK(says_that(closed, "standard output is closed (>&-)"));
  const Image lost = make_image({.layers = {LayerRecipe{.size = 3000, .seed = 40}}});
  const Reference image = push_image(stage.world.outside, "apps/lost", lost, "v1");
  lose_blob(stage.world.outside, layers_of(lost).front().digest);
  const Outcome cut = stage.shell("$ociferry export -i " + to_string(image.name) + ":v1 -o - > cut.tar");
  CHECK(cut.exit_code == 11);
  CHECK(stage.shell("cat cut.tar | $ociferry verify -").exit_code == 10);
}

TEST_CASE("streams pass through tape blocks, split, gpg and age") {
  if (lacks({"docker-registry", "gpg", "age"})) return;
  StreamStage stage;
  const std::string verify = " | $ociferry verify -";
  // Every read of a pipe with whole records gives whole records; the last one is full.
  const std::string records =
      stage.pass("$ociferry export -b $bundle -o - --blocking-factor 20 | dd obs=10240 status=none | wc -c");
  CHECK(std::stoul(records) % 10240 == 0);
  stage.pass(
      "$ociferry export -b $bundle -o - --blocking-factor 20 | dd obs=10240 of=tape status=none && "
      "dd if=tape ibs=10240 status=none" +
      verify);
  stage.pass("tar -tf tape > /dev/null && $ociferry export -b $bundle -o - | split -b 1000000 - part. && cat part.*" +
             verify);
  stage.pass(
      "export GNUPGHOME=$PWD/gnupg; mkdir -m 700 gnupg; echo secret > key; $ociferry export -b $bundle -o - | "
      "gpg --batch --quiet --passphrase-file key --pinentry-mode loopback --symmetric > locked && "
      "gpg --batch --quiet --passphrase-file key --pinentry-mode loopback --decrypt locked" +
      verify);
  stage.pass(
      "age-keygen -o id 2> pub; to=$(grep -o 'age1.*' pub); $ociferry export -b $bundle -o - | age -r $to | "
      "age -d -i id" +
      verify);
}
