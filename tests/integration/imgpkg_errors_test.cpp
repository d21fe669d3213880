#include <doctest/doctest.h>

#include <unistd.h>

#include <array>
#include <atomic>

#include "cli/help.hpp"
#include "rows.hpp"
#include "support/listener.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// Scripts match what imgpkg writes to standard error. Every line here is the whole of it, as imgpkg v0.43 says it; but
// it also says the detail of a registry's error, in Go's form ("; map[Tag:v1]").

using namespace ociferry;
using namespace ociferry::testing;

namespace {

struct Line {
  Words words;
  std::string said;  ///< behind "imgpkg: Error: "
};

std::vector<Line> lines() {
  return {
      // The command line, in the words of Go's libraries.
      {{},
       "Use one of available subcommands: completion [bash|zsh|fish|powershell], copy, describe, help [command], pull, "
       "push, tag, version"},
      {{"tag"}, "Use one of available subcommands: list, resolve"},
      {{"bogus"}, "command 'imgpkg' does not accept extra arguments 'bogus'"},
      {{"tag", "bogus"}, "command 'imgpkg tag' does not accept extra arguments 'bogus'"},
      {{"version", "x"}, "command 'imgpkg version' does not accept extra arguments 'x'"},
      {{"pull", "-b", "x", "-o", "y", "z"}, "command 'imgpkg pull' does not accept extra arguments 'z'"},
      {{"pull", "z"}, "required flag(s) \"output\" not set"},
      {{"pull", "--bogus"}, "unknown flag: --bogus"},
      {{"push", "--bundel", "x"}, "unknown flag: --bundel"},
      {{"pull", "-x"}, "unknown shorthand flag: 'x' in -x"},
      {{"pull", "-rx"}, "unknown shorthand flag: 'x' in -rx"},
      {{"pull", "--bundle"}, "flag needs an argument: --bundle"},
      {{"pull", "-b"}, "flag needs an argument: 'b' in -b"},
      {{"pull", "--tty=x"},
       "invalid argument \"x\" for \"--tty\" flag: strconv.ParseBool: parsing \"x\": invalid syntax"},
      {{"pull", "-r=x"},
       "invalid argument \"x\" for \"-r, --recursive\" flag: strconv.ParseBool: parsing \"x\": invalid syntax"},
      {{"copy", "--concurrency", "x"},
       "invalid argument \"x\" for \"--concurrency\" flag: strconv.ParseInt: parsing \"x\": invalid syntax"},
      {{"push", "-b", "{I}/a/b", "-f", "good", "-l", "x"},
       "invalid argument \"x\" for \"-l, --labels\" flag: x must be formatted as key=value"},
      {{"completion"}, "accepts 1 arg(s), received 0"},
      {{"completion", "tcsh"}, "invalid argument \"tcsh\" for \"imgpkg completion\""},
      // What excludes or needs each other.
      {{"pull", "-b", "x", "-i", "y", "-o", "z"}, "Expected only one of image, bundle, or lock"},
      {{"pull", "-o", "z"}, "Expected either image or bundle reference"},
      {{"pull", "-b", "x", "-o", ""}, "expected --output to be non-empty"},
      {{"pull", "-b", "x", "-o", "/"}, "Disallowed output directory (trying to avoid accidental deletion)"},
      {{"pull", "-b", "x", "-o", ".."}, "Disallowed output directory (trying to avoid accidental deletion)"},
      {{"pull", "-i", "x", "-r", "-o", "z"}, "Cannot use --recursive (-r) flag when pulling a bundle"},
      {{"pull", "-b", "x", "--image-is-bundle-check=false", "-o", "z"},
       "Cannot set --image-is-bundle-check while using -b flag"},
      {{"push", "-b", "x", "-i", "y"}, "Expected only one of image or bundle"},
      {{"push"}, "Expected either image or bundle"},
      {{"push", "-i", "{I}/a/b", "-f", "plain", "--lock-output", "l"},
       "Lock output is not compatible with image, use bundle for lock output"},
      {{"push", "-b", "{I}/a/b", "-f", "good", "-l", "dev.carvel.imgpkg.bundle=x"},
       "label 'dev.carvel.imgpkg.bundle' is reserved and cannot be overriden. Please use a different key"},
      {{"copy"}, "Expected either --lock, --bundle (-b), --image (-i), or --tar as a source"},
      {{"copy", "-i", "x", "-b", "y", "--to-repo", "z"},
       "Expected either --lock, --bundle (-b), --image (-i), or --tar as a source"},
      {{"copy", "-i", "x"}, "Expected either --to-tar or --to-repo"},
      {{"copy", "-i", "x", "--to-repo", "y", "--to-tar", "z"}, "Expected either --to-tar or --to-repo"},
      {{"copy", "-i", "x", "--to-tar", "y", "--lock-output", "z"}, "cannot output lock file with tar destination"},
      {{"copy", "-i", "x", "--to-repo", "{I}/a/b", "--resume"}, "Flag --resume can only be used when copying to tar"},
      {{"describe", "-b", "x", "-o", "xml"}, "--output-type can only have the following values: [text, yaml]"},
      {{"pull", "-i", "a b", "-o", "z"}, "could not parse reference: a b"},
      {{"tag", "list"}, "could not parse reference: "},
      {{"tag", "resolve"}, "could not parse reference: "},
      // Files.
      {{"push", "-i", "{I}/a/b", "-f", "nope"}, "lstat nope: no such file or directory"},
      {{"push", "-b", "{I}/a/b", "-f", "plain"}, "This directory is not a bundle. It is missing .imgpkg/images.yml"},
      {{"push", "-i", "{I}/a/b", "-f", "good"},
       "Images cannot be pushed with '.imgpkg' directories, consider using --bundle (-b) option"},
      {{"copy", "--lock", "version.yml", "--to-repo", "{I}/a/b"},
       "Validating images lock:\n  Validating apiVersion:\n    Unknown version (known: imgpkg.carvel.dev/v1alpha1)"},
      {{"copy", "--lock", "kind.yml", "--to-repo", "{I}/a/b"},
       "Validating images lock:\n  Validating kind:\n    Unknown kind (known: ImagesLock)"},
      {{"copy", "--lock", "tag.yml", "--to-repo", "{I}/a/b"},
       "Validating images lock:\n  Expected ref to be in digest form, got 'nginx:v1'"},
      {{"pull", "--lock", "bundle.yml", "-o", "z"},
       "Validating bundle lock:\n  Expected ref to be in digest form, got 'foo/bar:v1'"},
      // What is in a registry is something else than it was said to be.
      {{"pull", "-i", "{O}/a/bundle:v1", "-o", "z"},
       "Expected bundle flag when pulling a bundle (hint: Use -b instead of -i for bundles)"},
      {{"pull", "-b", "{O}/a/app:v1", "-o", "z"},
       "Expected bundle image but found plain image (hint: Did you use -i instead of -b?)"},
      {{"pull", "-i", "{O}/a/index:v1", "-o", "z"},
       "Unable to pull non-images, such as image indexes. (hint: provide a specific digest to the image instead)"},
      {{"pull", "-i", "{O}/a/none:v1", "-o", "z"},
       "Fetching image:\n  GET http://{O}/v2/a/none/manifests/v1:\n    MANIFEST_UNKNOWN: manifest unknown"},
      {{"tag", "list", "-i", "{O}/a/none"},
       "GET http://{O}/v2/a/none/tags/list:\n  NAME_UNKNOWN: repository name not known to registry"},
      {{"copy", "-i", "{O}/a/bundle:v1", "--to-repo", "{I}/a/b"},
       "Expected bundle flag when copying a bundle (hint: Use -b instead of -i for bundles)"},
      {{"copy", "-b", "{O}/a/app:v1", "--to-repo", "{I}/a/b"},
       "Expected bundle image but found plain image (hint: Did you use -i instead of -b?)"},
      {{"copy", "--lock", "bundle-in-images.yml", "--to-repo", "{I}/a/b"},
       "Unable to copy bundles using an Images Lock file (hint: Create a bundle with these images)"},
  };
}

void write_imgpkg_inputs(World& world, const std::string& bundle_digest) {
  const std::string api = "apiVersion: imgpkg.carvel.dev/v1alpha1\n";
  write_text(world.path("plain/x"), "x");
  write_text(world.path("good/.imgpkg/images.yml"), api + "kind: ImagesLock\n");
  write_text(world.path("version.yml"), "apiVersion: x\nkind: ImagesLock\n");
  write_text(world.path("kind.yml"), api + "kind: Foo\n");
  write_text(world.path("tag.yml"), api + "kind: ImagesLock\nimages:\n- image: nginx:v1\n");
  write_text(world.path("bundle.yml"), api + "kind: BundleLock\nbundle:\n  image: foo/bar:v1\n");
  write_text(world.path("bundle-in-images.yml"),
             api + "kind: ImagesLock\nimages:\n- image: " + world.outside.host() + "/a/bundle@" + bundle_digest + "\n");
}

std::string with_hosts(std::string text, const World& world) {
  text = replaced(text, "{O}", world.outside.host());
  return replaced(text, "{I}", world.inside.host());
}

}  // namespace

TEST_CASE("called as imgpkg, every error line is imgpkg's") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.outside, "a/app", make_image({.layers = {{.size = 100, .seed = 1}}}), "v1");
  const Image child = make_image({.layers = {{.size = 100, .seed = 2}}});
  push_image(world.outside, "a/index", make_index({child}), "v1");
  world.push_bundle("a/bundle", {});
  write_imgpkg_inputs(world, digest_of(world.outside, "a/bundle", "v1"));
  for (const Line& line : lines()) {
    Words words;
    std::string shown = "imgpkg";
    for (const std::string& word : line.words) {
      words.push_back(with_hosts(word, world));
      shown += " " + word;
    }
    const Outcome outcome = run_as(Name::Imgpkg, world, words);
    CAPTURE(shown);
    CHECK(outcome.exit_code == 1);
    CHECK(outcome.out.empty());
    CHECK(outcome.err == "imgpkg: Error: " + with_hosts(line.said, world) + "\n");
  }
}

TEST_CASE("called as imgpkg, a registry that does not answer in time is not asked again, in imgpkg's words") {
  const Ociferry ociferry(OCIFERRY_BINARY);
  std::filesystem::create_symlink(OCIFERRY_BINARY, ociferry.home() / "imgpkg");
  std::atomic<int> connections{0};
  // It speaks no TLS, and takes requests without answering them.
  const Listener silent([&](int client) {
    ++connections;
    std::array<char, 4096> buffer{};
    if (::read(client, buffer.data(), buffer.size()) > 0 && buffer[0] != 'G') {
      send_all(client, "HTTP/1.1 400 Bad Request\r\n\r\n");
      return;
    }
    while (::read(client, buffer.data(), buffer.size()) > 0) continue;
  });
  Program program = ociferry.program(
      {"pull", "-i", silent.host() + "/a/app:v1", "-o", "out", "--registry-response-header-timeout", "1s"});
  program.arguments.front() = (ociferry.home() / "imgpkg").string();
  const Outcome outcome = testing::run(program);
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.err ==
        "imgpkg: Error: Error while preparing a transport to talk with the registry:\n"
        "  Unable to create round tripper:\n"
        "    Get \"http://" +
            silent.host() + "/v2/\": net/http: timeout awaiting response headers\n");
  CHECK(connections == 2);  // https, then http, and neither again
}
