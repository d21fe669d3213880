#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>

#include "bundle/bundle.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "rows.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"
#include "world.hpp"

// What pull makes of layers of every kind, and where it writes.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

using Names = std::vector<std::string>;

std::string lock_of(const std::vector<Reference>& images) {
  std::string lock = "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:";
  if (images.empty()) lock += " []";
  for (const Reference& image : images) lock += "\n- image: " + to_string(Reference{image.name, {}, image.digest});
  return lock + "\n";
}

TarBuilder& add_lock(TarBuilder& tar, const std::vector<Reference>& images) {
  return tar.directory(".imgpkg/").file(".imgpkg/images.yml", lock_of(images));
}

Image bundle_of(const std::vector<LayerRecipe>& layers, ImageFamily family = ImageFamily::Oci) {
  return make_image({.family = family, .layers = layers, .labels = {{std::string(kBundleLabel), "true"}}});
}

Image image_of(const std::vector<std::string>& tars) {
  std::vector<LayerRecipe> layers;
  for (const std::string& tar : tars) layers.push_back({.tar = tar});
  return make_image({.layers = layers});
}

/// All files and links below a directory, sorted; directories with a slash at their end.
Names tree(const std::filesystem::path& root) {
  Names names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string name = entry.path().lexically_relative(root).string();
    names.push_back(entry.is_directory() && !entry.is_symlink() ? name + "/" : name);
  }
  std::ranges::sort(names);
  return names;
}

/// A directory that no layer must reach.
struct Outside {
  TempDirectory directory = temp_directory();
  [[nodiscard]] std::string path() const { return directory.path().string(); }
  [[nodiscard]] bool untouched() const { return std::filesystem::is_empty(directory.path()); }
};

unsigned current_umask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

unsigned mode_of(const std::filesystem::path& path) {
  return static_cast<unsigned>(std::filesystem::status(path).permissions());
}

}  // namespace

TEST_CASE("bundles with layers of every compression and media type family are pulled, exported and imported") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  int number = 0;
  for (const ImageFamily family : {ImageFamily::Docker, ImageFamily::Oci}) {
    for (const LayerCompression compression :
         {LayerCompression::Gzip, LayerCompression::Zstd, LayerCompression::None}) {
      INFO("family " << static_cast<int>(family) << ", compression " << static_cast<int>(compression));
      TarBuilder first;
      first.directory("config/").file("config/app.yml", "replicas: 2\n").file("README", "read me");
      TarBuilder second;
      add_lock(second, {app}).file("README", "read this instead");
      const Image bundle = bundle_of(
          {{.compression = compression, .tar = first.tar()}, {.compression = compression, .tar = second.tar()}},
          family);
      const std::string name = "bundles/kind" + std::to_string(++number);
      push_image(world.outside, name, bundle, "v1");
      const auto check_pulled = [&](const std::string& from) {
        world.succeed({"pull", "-b", from, "-o", "pulled"});
        CHECK(tree(world.path("pulled")) ==
              Names{".imgpkg/", ".imgpkg/images.yml", "README", "config/", "config/app.yml"});
        CHECK(read_text(world.path("pulled/README")) == "read this instead");
        CHECK(read_text(world.path("pulled/config/app.yml")) == "replicas: 2\n");
      };
      check_pulled(world.outside_ref(name));
      CHECK(read_text(world.path("pulled/.imgpkg/images.yml")) == lock_of({app}));  // nothing was relocated
      CHECK(world.succeed({"describe", "-b", world.outside_ref(name)}).find(app.digest->text()) != std::string::npos);
      world.succeed({"copy", "-b", world.outside_ref(name), "--to-repo", world.inside_repo("copied/" + name)});
      check_pulled(world.inside_repo("copied/" + name) + ":v1");
      world.succeed({"export", "-b", world.outside_ref(name), "-o", "a.tar"});
      world.succeed({"import", "a.tar", "--to-repo", world.inside_repo(name)});
      check_pulled(world.inside_repo(name) + ":v1");
      const Reference moved{{world.inside.host(), name}, {}, app.digest};
      CHECK(ImagesLock::parse(read_text(world.path("pulled/.imgpkg/images.yml"))).images ==
            std::vector<ImageRef>{{.image = moved}});
      CHECK(world.inside.request("GET", "/v2/" + name + "/manifests/v1", {"Accept: " + bundle.descriptor.media_type})
                .body == bundle.manifests.back().bytes);
    }
  }
}

TEST_CASE("upper layers replace and hide files of lower ones, in a pull and for the lock file") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference old_app = push_image(world.outside, "apps/old", make_image({.layers = {{.seed = 1}}}), "v1");
  const Reference new_app = push_image(world.outside, "apps/new", make_image({.layers = {{.seed = 2}}}), "v1");
  TarBuilder lower;
  add_lock(lower, {old_app}).file("a/gone", "1").file("a/kept", "2").file("b/x", "3").file("b/c/y", "4");
  lower.file("turned", "file").directory("dir/").file("dir/inner", "5").symlink("link", "a/kept");
  TarBuilder middle;
  middle.file("a/.wh.gone", "").file("b/.wh..wh..opq", "").file("b/fresh", "6");
  middle.directory("turned/").file("turned/into", "directory").file(".wh.dir", "").file("link", "now a file");
  TarBuilder upper;
  add_lock(upper, {new_app}).file("dir", "now a file");
  push_image(world.outside, "bundles/layered",
             bundle_of({{.tar = lower.tar()}, {.tar = middle.tar()}, {.tar = upper.tar()}}), "v1");
  world.succeed({"pull", "-b", world.outside_ref("bundles/layered"), "-o", "pulled"});
  CHECK(tree(world.path("pulled")) == Names{".imgpkg/", ".imgpkg/images.yml", "a/", "a/kept", "b/", "b/fresh", "dir",
                                            "link", "turned/", "turned/into"});
  CHECK(read_text(world.path("pulled/link")) == "now a file");
  CHECK(read_text(world.path("pulled/a/kept")) == "2");
  CHECK(read_text(world.path("pulled/.imgpkg/images.yml")) == lock_of({new_app}));

  world.succeed({"export", "-b", world.outside_ref("bundles/layered"), "-o", "a.tar"});
  const ArchiveReader reader(world.path("a.tar"));
  CHECK(std::ranges::count(reader.blobs(), *new_app.digest, &Descriptor::digest) == 1);
  CHECK(std::ranges::count(reader.blobs(), *old_app.digest, &Descriptor::digest) == 0);
}

TEST_CASE("a layer that would break out of the directory is refused, with nothing written outside or left behind") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Outside outside;
  const auto refuse = [&](const std::vector<std::string>& tars) {
    push_image(world.outside, "apps/hostile", image_of(tars), "v1");
    const std::string error = world.fail(13, {"pull", "-i", world.outside_ref("apps/hostile"), "-o", "pulled"});
    CHECK(outside.untouched());
    CHECK_FALSE(std::filesystem::exists(world.path("pulled")));
    CHECK_FALSE(std::filesystem::exists(world.path("evil")));
    CHECK(tree(world.path("")) == Names{"tmp/"});
    return error;
  };
  CHECK(refuse({TarBuilder().file("good", "1").file("../evil", "2").tar()}).find("../evil") != std::string::npos);
  refuse({TarBuilder().file("a/../../evil", "2").tar()});
  refuse({TarBuilder().file("/.." + outside.path() + "/evil", "2").tar()});
  refuse({TarBuilder().hardlink("stolen", "../tmp").tar()});
  refuse({TarBuilder().hardlink("stolen", "/etc/passwd").tar()});
  refuse({TarBuilder().pax(pax_record("path", "../evil")).file("good", "1").tar()});
  refuse({TarBuilder().file("good", "1").tar(), TarBuilder().file("../.wh.pulled", "").tar()});
}

TEST_CASE("a member with an absolute name is unpacked below the output") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Outside outside;
  push_image(world.outside, "apps/app", image_of({TarBuilder().file(outside.path() + "/file", "x").tar()}), "v1");
  world.succeed({"pull", "-i", world.outside_ref("apps/app"), "-o", "pulled"});
  CHECK(outside.untouched());
  CHECK(read_text(world.path("pulled" + outside.path() + "/file")) == "x");
}

TEST_CASE("pull writes nothing through a symbolic link, and leaves out links that lead out, with a warning") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Outside outside;
  TarBuilder lower;
  lower.symlink("absolute", outside.path()).symlink("up", "../..").directory("real/").symlink("inner", "real");
  TarBuilder upper;
  upper.file("absolute/evil", "1").file("up/evil", "2");
  push_image(world.outside, "apps/links", image_of({lower.tar(), upper.tar()}), "v1");
  const Outcome outcome = world.ociferry.run({"pull", "-i", world.outside_ref("apps/links"), "-o", "pulled"});
  INFO(outcome.err);
  CHECK(outside.untouched());
  CHECK_FALSE(std::filesystem::exists(world.path("evil")));
  REQUIRE(outcome.exit_code == 0);
  CHECK(outcome.err.find("Warning: 2 links or special files were left out") != std::string::npos);
  CHECK(read_text(world.path("pulled/up/evil")) == "2");
  CHECK(read_text(world.path("pulled/absolute/evil")) == "1");

  push_image(world.outside, "apps/through", image_of({lower.tar(), TarBuilder().file("inner/evil", "3").tar()}), "v1");
  world.fail(13, {"pull", "-i", world.outside_ref("apps/through"), "-o", "through"});
  CHECK_FALSE(std::filesystem::exists(world.path("through")));

  // A link in place of the lock file, or of the directory it is in, is no lock file.
  TarBuilder disguised;
  disguised.file("decoy/images.yml", lock_of({})).symlink(".imgpkg", "decoy");
  push_image(world.outside, "bundles/disguised", bundle_of({{.tar = disguised.tar()}}), "v1");
  world.fail(13, {"pull", "-b", world.outside_ref("bundles/disguised"), "-o", "bundle"});
  world.fail(13, {"export", "-b", world.outside_ref("bundles/disguised"), "-o", "a.tar"});
  CHECK_FALSE(std::filesystem::exists(world.path("bundle")));
  CHECK_FALSE(std::filesystem::exists(world.path("a.tar")));
}

TEST_CASE("pull refuses unsafe output directories before any request") {
  if (lacks({"docker-registry"})) return;
  World world;
  write_text(world.path("precious/file"), "1");
  world.outside.forget_requests();
  const std::string home = world.path("").string();
  for (const std::string output : {"/", ".", "..", "", "./", "../", "precious/..", home.c_str(), "//", "precious/."}) {
    INFO("output '" << output << "'");
    const std::string error = world.fail(1, {"pull", "-i", world.outside_ref("apps/app"), "-o", output});
    CHECK(error.find("output") != std::string::npos);
  }
  const std::string above = std::filesystem::path(home).parent_path().parent_path().string();
  world.fail(1, {"pull", "-i", world.outside_ref("apps/app"), "-o", above});
  std::filesystem::create_directory_symlink("..", world.path("precious/up"));
  world.fail(1, {"pull", "-i", world.outside_ref("apps/app"), "-o", "precious/up"});
  Program elsewhere =
      world.ociferry.program({"pull", "-i", world.outside_ref("apps/app"), "-o", world.path("").string()});
  elsewhere.directory = "/";
  CHECK(run(elsewhere).exit_code == 1);  // the home directory, from wherever
  CHECK(world.outside.requests().empty());
  CHECK(read_text(world.path("precious/file")) == "1");
}

TEST_CASE("pull replaces the whole output directory, and only after success") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Image image = make_image({.layers = {{.size = 100, .seed = 1}, {.size = 200, .seed = 2}}});
  push_image(world.outside, "apps/app", image, "v1");
  const Words arguments = {"pull", "-i", world.outside_ref("apps/app"), "-o", "new/parents/out", "--force"};
  world.succeed(arguments);
  CHECK(tree(world.path("new/parents")) == Names{"out/", "out/file-1-100", "out/file-2-200"});

  write_text(world.path("new/parents/out/old.txt"), "old");
  world.succeed(arguments);
  CHECK(tree(world.path("new/parents")) == Names{"out/", "out/file-1-100", "out/file-2-200"});

  std::filesystem::remove_all(world.path("new/parents/out"));
  write_text(world.path("new/parents/out"), "a file");
  CHECK(world.fail(1, arguments).find("is not a directory") != std::string::npos);
  CHECK(read_text(world.path("new/parents/out")) == "a file");
  std::filesystem::remove(world.path("new/parents/out"));

  write_text(world.path("new/parents/out/old.txt"), "old");
  const Names before = tree(world.path("new"));
  world.fail(22, {"pull", "-i", world.outside_ref("apps/missing"), "-o", "new/parents/out", "--force"});
  CHECK(tree(world.path("new")) == before);
  lose_blob(world.outside, layers_of(image).back().digest);
  world.fail(22, arguments);
  CHECK(tree(world.path("new")) == before);
  CHECK(read_text(world.path("new/parents/out/old.txt")) == "old");
}

TEST_CASE("files have imgpkg's modes and the times of the layer") {
  if (lacks({"docker-registry"})) return;
  World world;
  TarBuilder tar;
  const std::vector<std::pair<unsigned, unsigned>> modes = {{0644, 0644}, {0600, 0666},  {0700, 0777}, {0755, 0755},
                                                            {0400, 0444}, {04755, 0755}, {0640, 0640}};
  for (const auto& [in, out] : modes) tar.file("m" + octal(in, 4), "x", in, 1'600'000'000);
  tar.directory("empty/");
  push_image(world.outside, "apps/modes", image_of({tar.tar()}), "v1");
  world.succeed({"pull", "-i", world.outside_ref("apps/modes"), "-o", "pulled"});
  const unsigned kept = 0777 & ~current_umask();
  for (const auto& [in, out] : modes) {
    const auto path = world.path("pulled") / ("m" + octal(in, 4));
    INFO(path);
    CHECK(mode_of(path) == (out & kept));
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK(status.st_mtime == 1'600'000'000);
  }
  CHECK(mode_of(world.path("pulled")) == kept);
  CHECK(mode_of(world.path("pulled/empty")) == kept);
}

TEST_CASE("nested bundles of any depth are unpacked side by side in the outermost .imgpkg/bundles, each relocated") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  const Reference low = world.push_bundle("bundles/low", {app});
  const Reference mid = world.push_bundle("bundles/mid", {low, app});
  const Reference top = world.push_bundle("bundles/top", {mid, low});
  const auto directory = [](const Reference& bundle) { return "sha256-" + std::string(bundle.digest->hex()); };
  Names expected = {".imgpkg/", ".imgpkg/bundles/", ".imgpkg/images.yml", "config.yml"};
  for (const Reference& bundle : {low, mid}) {
    const std::string base = ".imgpkg/bundles/" + directory(bundle) + "/";
    for (const std::string name : {"", ".imgpkg/", ".imgpkg/images.yml", "config.yml"}) expected.push_back(base + name);
  }
  std::ranges::sort(expected);

  world.succeed({"pull", "-b", world.outside_ref("bundles/top"), "-r", "-o", "pulled"});
  CHECK(tree(world.path("pulled")) == expected);
  world.succeed({"copy", "-b", world.outside_ref("bundles/top"), "--to-repo", world.inside_repo("all")});
  world.outside.stop();
  const std::string said =
      world.succeed({"pull", "--tty", "-b", world.inside_repo("all") + ":v1", "--recursive", "-o", "pulled"});
  CHECK(tree(world.path("pulled")) == expected);
  CHECK(said.find("Pulling nested bundle '" + world.inside_repo("all") + "@" + low.digest->text()) !=
        std::string::npos);
  for (const std::string& where :
       {std::string(), ".imgpkg/bundles/" + directory(low) + "/", ".imgpkg/bundles/" + directory(mid) + "/"}) {
    const auto lock = ImagesLock::parse(read_text(world.path("pulled") / where / ".imgpkg/images.yml"));
    for (const ImageRef& ref : lock.images) CHECK(to_string(ref.image.name) == world.inside_repo("all"));
  }
  const std::string error = world.fail(1, {"pull", "-i", world.inside_repo("all") + ":v1", "-r", "-o", "pulled"});
  CHECK(error.find("--recursive") != std::string::npos);
}

TEST_CASE("pull --lock takes the bundle by the digest in the lock file, not by its tag") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference first = world.push_bundle("bundles/moving", {});
  write_text(world.path("bundle.lock.yml"), BundleLock{.image = {first.name, {}, first.digest}, .tag = "v1"}.to_yaml());
  write_text(world.path("bundle-bundles-moving/more.yml"), "more");
  world.succeed({"push", "-b", world.outside_ref("bundles/moving"), "-f", "bundle-bundles-moving"});
  world.succeed({"pull", "--lock", "bundle.lock.yml", "-o", "pinned"});
  world.succeed({"pull", "-b", world.outside_ref("bundles/moving"), "-o", "current"});
  CHECK_FALSE(std::filesystem::exists(world.path("pinned/more.yml")));
  CHECK(std::filesystem::exists(world.path("current/more.yml")));
  write_text(world.path("images.lock.yml"), lock_of({first}));
  world.fail(1, {"pull", "--lock", "images.lock.yml", "-o", "pinned"});
  CHECK(tree(world.path("pinned")) == Names{".imgpkg/", ".imgpkg/images.yml", "config.yml"});
}

TEST_CASE("a bundle is pulled with -b and an image with -i; the other way round is refused, an index always") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.outside, "apps/app", make_image(), "v1");
  push_image(world.outside, "apps/multi", make_index({make_image()}), "v1");
  world.push_bundle("bundles/one", {});
  const auto refused = [&](const std::string& flag, const std::string& repository) {
    return world.fail(1, {"pull", flag, world.outside_ref(repository), "-o", "pulled"});
  };
  CHECK(refused("-b", "apps/app").find("Did you use -i instead of -b?") != std::string::npos);
  CHECK(refused("-i", "bundles/one").find("Use -b instead of -i for bundles") != std::string::npos);
  CHECK(refused("-i", "apps/multi").find("image indexes") != std::string::npos);
  CHECK(refused("-b", "apps/multi").find("Expected bundle image") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(world.path("pulled")));
  world.succeed({"pull", "-i", world.outside_ref("bundles/one"), "-o", "pulled", "--image-is-bundle-check=false"});
  CHECK(std::filesystem::exists(world.path("pulled/.imgpkg/images.yml")));
}

TEST_CASE("pull refuses a directory that no pull made before any request, and replaces it if called as imgpkg") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.outside, "apps/app", make_image(), "v1");
  write_text(world.path("mine/work"), "x");
  const Words arguments = {"pull", "-i", world.outside_ref("apps/app"), "-o", "mine"};
  world.outside.forget_requests();
  CHECK(world.fail(24, arguments).find("give --force to lose what is in it") != std::string::npos);
  CHECK(world.outside.requests().empty());
  CHECK(read_text(world.path("mine/work")) == "x");
  CHECK(run_as(Name::Imgpkg, world, arguments).exit_code == 0);
  CHECK_FALSE(std::filesystem::exists(world.path("mine/work")));
}

TEST_CASE("a rewritten lock file keeps its mode") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  world.push_bundle("bundles/low", {app});
  world.succeed({"copy", "-b", world.outside_ref("bundles/low"), "--to-repo", world.inside_repo("all")});
  world.succeed({"pull", "-b", world.inside_repo("all") + ":v1", "-o", "out"});
  CHECK(read_text(world.path("out/.imgpkg/images.yml")).find(world.inside.host()) != std::string::npos);
  CHECK(mode_of(world.path("out/.imgpkg/images.yml")) == (0666 & ~current_umask()));
  CHECK(mode_of(world.path("out/.imgpkg/images.yml")) == mode_of(world.path("out/config.yml")));
}

TEST_CASE("a bundle with members that must not be unpacked is exported, copied and described") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Reference app = push_image(world.outside, "apps/app", make_image(), "v1");
  TarBuilder tar;
  const std::string bundle = add_lock(tar.file("../evil", "x").hardlink("x", "../y").file("a\\b", ""), {app}).members();
  const Image image = bundle_of({{.compression = LayerCompression::None, .tar = "no tar at all"}, {.tar = bundle}});
  push_image(world.outside, "bundles/odd", image, "v1");
  const std::string ref = world.outside_ref("bundles/odd");
  world.succeed({"export", "-b", ref, "-o", "a.tar"});
  world.succeed({"import", "a.tar", "--to-repo", world.inside_repo("imported")});
  world.succeed({"copy", "-b", ref, "--to-repo", world.inside_repo("copied")});
  world.succeed({"describe", "-b", ref});
  world.fail(1, {"pull", "-b", ref, "-o", "out"});  // its first layer is no tar
  CHECK_FALSE(std::filesystem::exists(world.path("out")));
}

TEST_CASE("pull refuses a layer that is no tar with its type, and not as damage") {
  if (lacks({"docker-registry"})) return;
  World world;
  const auto why = [&](const std::string& content, const std::string& type = "application/wasm") {
    const Image image =
        make_image({.layers = {{.compression = LayerCompression::None, .media_type = type, .tar = content}}});
    push_image(world.outside, "artifacts/a", image, "v1");
    return world.fail(1, {"pull", "-i", world.outside_ref("artifacts/a"), "-o", "out"});
  };
  const std::string wasm = why(std::string("\0asm\1\0\0\0", 8));
  CHECK(wasm.find("does not begin like a tar") != std::string::npos);
  CHECK(wasm.find("of type 'application/wasm'") != std::string::npos);
  CHECK(why("BZh91AY&SY").find("packed with bzip2") != std::string::npos);
  const std::string encrypted = why(random_bytes(2000, 9), "application/vnd.oci.image.layer.v1.tar+gzip+encrypted");
  CHECK(encrypted.find("does not begin like a tar: ") != std::string::npos);
  CHECK(encrypted.find("\\u{") == std::string::npos);  // none of its bytes
  CHECK(encrypted.find("hint: the layer is encrypted") != std::string::npos);
}

TEST_CASE("bytes behind the end of a layer are a warning") {
  if (lacks({"docker-registry"})) return;
  World world;
  push_image(world.outside, "apps/app", image_of({TarBuilder().file("a", "x").tar() + "junk"}), "v1");
  const Outcome outcome = world.ociferry.run({"pull", "-i", world.outside_ref("apps/app"), "-o", "out"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.find("Warning: 4 bytes after the ends of the layers") != std::string::npos);
  CHECK(tree(world.path("out")) == Names{"a"});
}
