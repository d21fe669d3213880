#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "gate.hpp"
#include "oci/json.hpp"
#include "rows.hpp"
#include "stream/sha256.hpp"
#include "support/contains.hpp"
#include "support/temp.hpp"

// Compact archives of layers that other programs packed: what is written, and everything that reads them.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

const Words kPackers{"docker-registry", "skopeo", "umoci", "gzip", "pigz", "zstd", "tar"};

std::string lines_by(int seed, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += text::cat("line ", i * seed % 997, " of file ", seed, "\n");
  return text;
}

/// An image of these layers: media types and bytes.
Image image_of(const std::vector<std::pair<std::string_view, std::string>>& layers) {
  std::map<Digest, std::string> blobs;
  const auto add = [&](const std::string& bytes, std::string_view type) {
    blobs[sha256(bytes)] = bytes;
    return text::cat(R"({"mediaType":")", type, R"(","digest":")", sha256(bytes).text(), R"(","size":)", bytes.size(),
                     "}");
  };
  const std::string config = add(R"({"architecture":"amd64","os":"linux"})", media_type::kOciConfig);
  std::vector<std::string> rows;
  for (const auto& [type, bytes] : layers) rows.push_back(add(bytes, type));
  const std::string manifest = text::cat(R"({"schemaVersion":2,"mediaType":")", media_type::kOciManifest,
                                         R"(","config":)", config, R"(,"layers":[)", text::join(rows, ","), "]}");
  const Descriptor descriptor{std::string(media_type::kOciManifest), sha256(manifest), manifest.size()};
  return {.descriptor = descriptor,
          .manifests = {{.descriptor = descriptor, .bytes = manifest}},
          .blobs = std::move(blobs)};
}

/// In one directory: plain.tar, fast.zst and small.zst, the same archive.
struct CompactStage {
  World world;
  Words source{"export"};
  std::string plain;
  std::string fast;
  Json made{nullptr};

  CompactStage() {
    const std::string shared = lines_by(31, 1200);
    for (const std::string tree : {"one", "two", "three"}) {
      write_text(at(tree + "/opt/shared"), shared);
      write_text(at(tree + "/etc/only-" + tree), random_bytes(6000, tree.size()) + tree);
      run_or_throw({.arguments = {"tar", "--sort=name", "--mtime=@0", "-cf", tree + ".tar", "-C", tree, "."},
                    .directory = at("")});
    }
    write_text(at("two/opt/noise"), random_bytes(50'000, 2));
    push_image(world.outside, "team/app",
               image_of({{media_type::kOciLayerGzip, shell("gzip -9nc one.tar")},
                         {media_type::kOciLayerGzip, shell("pigz -6nc two.tar")},
                         {media_type::kOciLayer, shell("cat three.tar")},
                         {media_type::kOciLayerZstd, shell("zstd -c two.tar")}}),
               "v1");
    by_skopeo();
    by_umoci();
    source.insert(source.end(), {"-i", world.outside_ref("team/app"), "-i", world.outside_ref("team/skopeo", "v2"),
                                 "-i", world.outside_ref("team/umoci", "v3")});
    world.succeed(with(source, {"-o", "plain.tar"}));
    made = Json::parse(world.succeed({"compact", "plain.tar", "-o", "fast.zst", "--json"}), "compact");
    world.succeed({"compact", "plain.tar", "-o", "small.zst", "--effort", "small"});
    plain = read_text(at("plain.tar"));
    fast = read_text(at("fast.zst"));
  }

  [[nodiscard]] fs::path at(const std::string& name) const { return world.path(name); }
  std::string shell(const std::string& command) const {
    return run_or_throw({.arguments = {"sh", "-c", command}, .directory = at("")});
  }
  static Words with(Words words, const Words& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  [[nodiscard]] bool exists(const std::string& name) const { return fs::exists(at(name)); }
  /// Nothing of that output, whole or begun, is there.
  void check_absent(const std::string& output) const {
    for (const std::string tail : {"", ".partial", ".plain", ".plain.partial"}) {
      CAPTURE(output + tail);
      CHECK_FALSE(exists(output + tail));
    }
  }
  /// Runs a line of a shell, in which $ociferry is the program.
  [[nodiscard]] Outcome line(const std::string& text) const {
    Program program = world.ociferry.program({}, {{"ociferry", OCIFERRY_BINARY}});
    program.arguments = {"bash", "-c", "set -o pipefail; " + text};
    return run(program);
  }
  /// Everything that a repository holds, by tag.
  [[nodiscard]] std::vector<std::string> state(const std::string& repository) const {
    std::vector<std::string> all;
    for (const std::string& tag : World::tags(world.inside, repository)) {
      all.push_back(tag + " " + digest_of(world.inside, repository, tag));
    }
    return all;
  }

 private:
  /// skopeo packs layers that it uploads.
  void by_skopeo() const {
    const Image image = image_of({{media_type::kOciLayer, shell("cat one.tar")}});
    write_layout(image, at("skopeo"), "v1");
    run_or_throw({.arguments = {"skopeo", "copy", "--dest-tls-verify=false", "oci:" + at("skopeo").string() + ":v1",
                                "docker://" + world.outside_ref("team/skopeo", "v2")}});
  }
  void by_umoci() const {
    shell("umoci init --layout umoci && umoci new --image umoci:v1 && umoci insert --rootless --image umoci:v1 two /");
    run_or_throw(
        {.arguments = {"skopeo", "copy", "--preserve-digests", "--dest-tls-verify=false",
                       "oci:" + at("umoci").string() + ":v1", "docker://" + world.outside_ref("team/umoci", "v3")}});
  }
};

/// Shared by the cases, which write nothing over what it made.
CompactStage& compact_stage() {
  static CompactStage stage;
  return stage;
}

}  // namespace

TEST_CASE("layers that gzip, pigz, skopeo, umoci and zstd packed are opened or kept, and expand to the same bytes") {
  if (lacks(kPackers)) return;
  CompactStage& stage = compact_stage();
  World& world = stage.world;
  const Json plain = Json::parse(world.succeed({"inspect", "plain.tar", "--json"}), "plain");
  CHECK(plain.find("compact") == nullptr);
  CHECK(*stage.made.find("archiveBytes")->as_int() == static_cast<std::int64_t>(stage.plain.size()));
  CHECK(*stage.made.find("compactBytes")->as_int() == static_cast<std::int64_t>(stage.fast.size()));
  CHECK(*stage.made.find("layersOpened")->as_int() == 5);  // not the one in zstd
  CHECK(*stage.made.find("inZstd")->find("blobs")->as_int() == 1);
  CHECK(*stage.made.find("inZstd")->find("bytes")->as_int() ==
        static_cast<std::int64_t>(stage.shell("zstd -c two.tar").size()));
  CHECK(stage.made.find("asTheyAre")->as_array()->empty());
  CHECK(*stage.made.find("keptBytes")->as_int() >= static_cast<std::int64_t>(lines_by(31, 1200).size()));
  CHECK(stage.made.string_at("fingerprint") == plain.string_at("fingerprint"));
  CHECK(stage.fast.size() < stage.plain.size() / 4 * 3);
  CHECK(fs::file_size(stage.at("small.zst")) <= stage.fast.size());

  for (const std::string name : {"fast.zst", "small.zst"}) {
    CAPTURE(name);
    CHECK(contains(world.succeed({"verify", name}), " is whole"));
    CHECK(contains(world.succeed({"inspect", name}), "compact, "));
    const Json told = Json::parse(world.succeed({"inspect", name, "--json"}), "inspect");
    CHECK(told.string_at("fingerprint") == plain.string_at("fingerprint"));
    CHECK(*told.find("archiveBytes")->as_int() == static_cast<std::int64_t>(stage.plain.size()));
    const Json* storage = told.find("compact");
    REQUIRE(storage != nullptr);
    CHECK(*storage->find("storedBytes")->as_int() == static_cast<std::int64_t>(fs::file_size(stage.at(name))));
    CHECK(*storage->find("keptBytes")->as_int() == *stage.made.find("keptBytes")->as_int());
    CHECK(*storage->find("memoryBytes")->as_int() == 256 << 20);
    world.succeed({"expand", name, "-o", "expanded.tar"});
    CHECK((read_text(stage.at("expanded.tar")) == stage.plain));
    fs::remove(stage.at("expanded.tar"));
    CHECK((world.succeed({"expand", name, "-o", "-"}) == stage.plain));
    CHECK(stage.shell("zstd -dc " + name + " | tar t | head -n 1") == "ociferry-compact.json\n");
  }
  world.succeed({"expand", "fast.zst", "-o", "divided.tar", "--volume-size", "100K"});
  CHECK(stage.exists("divided.tar.002"));
  CHECK(stage.exists("divided.tar.volumes.json"));
  CHECK((stage.shell("cat divided.tar.0*") == stage.plain));
  CHECK(contains(world.succeed({"expand", "fast.zst", "-o", "medium.tar", "--verify-medium"}), "medium.tar"));
  CHECK((read_text(stage.at("medium.tar")) == stage.plain));
  CHECK(contains(stage.line("cat fast.zst | $ociferry verify -").out, " is whole"));
  CHECK((stage.line("cat fast.zst | $ociferry expand - -o -").out == stage.plain));
  // It may keep what comes up again, although it is no file.
  const Outcome trickling = stage.line("cat fast.zst | $ociferry verify - --debug");
  CHECK(contains(trickling.out, " is whole"));
  CHECK(contains(trickling.err, "writes in " + stage.at("tmp").string()));
}

TEST_CASE("an import of a compact archive leaves a registry as the plain one does, and a second one writes nothing") {
  if (lacks(kPackers)) return;
  CompactStage& stage = compact_stage();
  World& world = stage.world;
  const std::string repo = world.inside_repo("");
  world.succeed({"import", "plain.tar", "--to-repo", repo + "from-plain"});
  const auto expected = stage.state("from-plain");
  REQUIRE(expected.size() >= 3);
  world.succeed({"import", "fast.zst", "--to-repo", repo + "from-compact"});
  CHECK(stage.state("from-compact") == expected);
  world.inside.forget_requests();
  world.succeed({"import", "fast.zst", "--to-repo", repo + "from-compact"});
  CHECK(writes(world.inside).empty());

  CHECK(stage.line("cat small.zst | $ociferry import - --to-repo " + repo + "by-pipe").exit_code == 0);
  CHECK(stage.state("by-pipe") == expected);
  world.succeed({"import", "fast.zst", "--verify-first", "--to-repo", repo + "first"});
  CHECK(stage.state("first") == expected);
  world.succeed({"copy", "--tar", "fast.zst", "--to-repo", repo + "copied"});
  CHECK(stage.state("copied") == expected);
  for (const Words& only : {Words{"plain.tar", "fast.zst"}, Words{"fast.zst", "small.zst"}}) {
    const std::string to = only[0] == "plain.tar" ? "both" : "twice";
    world.succeed({"import", only[0], only[1], "--to-repo", repo + to});
    CHECK(stage.state(to) == expected);
  }
}

TEST_CASE("a layer of zeros, which zstd packs a hundred thousand times smaller, needs no option") {
  if (lacks(kPackers)) return;
  CompactStage& stage = compact_stage();
  World& world = stage.world;
  const std::string layer =
      stage.shell("mkdir -p zeros && truncate -s 80M zeros/disk && tar -cf - -C zeros . | gzip -1n");
  push_image(world.outside, "team/zeros", image_of({{media_type::kOciLayerGzip, layer}}), "v1");
  world.succeed({"export", "-i", world.outside_ref("team/zeros"), "-o", "zeros.tar"});
  world.succeed({"compact", "zeros.tar", "-o", "zeros.zst"});
  CHECK(fs::file_size(stage.at("zeros.zst")) < fs::file_size(stage.at("zeros.tar")) / 2);
  CHECK(contains(world.succeed({"verify", "zeros.zst"}), " is whole"));
}

TEST_CASE("all commands that read archives read compact ones") {
  if (lacks(kPackers)) return;
  CompactStage& stage = compact_stage();
  World& world = stage.world;
  const auto is_same = [&](const Words& words, std::size_t archive) {
    Words other = words;
    other.at(archive) = "fast.zst";
    CAPTURE(words[0]);
    const std::string expected = world.succeed(words);
    CHECK((world.succeed(other) == expected));
    return expected;
  };
  const std::string image = world.outside_ref("team/umoci", "v3");
  CHECK(contains(is_same({"ls", "plain.tar", image}, 1), "opt/shared"));
  CHECK(is_same({"cat", "plain.tar", image, "opt/shared"}, 1) == lines_by(31, 1200));
  world.succeed({"pull", "--from", "fast.zst", "-i", world.outside_ref("team/skopeo", "v2"), "-o", "pulled"});
  CHECK(read_text(stage.at("pulled/etc/only-one")).ends_with("one"));
  CHECK(world.succeed({"diff", "fast.zst", "plain.tar"}) == world.succeed({"diff", "plain.tar", "plain.tar"}));

  world.succeed({"copy", "--tar", "fast.zst", "--to-tar", "copy.tar"});
  CHECK((read_text(stage.at("copy.tar")) == stage.plain));
  world.succeed({"merge", "fast.zst", "small.zst", "-o", "merged.tar"});
  CHECK((read_text(stage.at("merged.tar")) == stage.plain));
  world.succeed({"split", "fast.zst", "--volume-size", "100K", "-o", "split.tar"});
  CHECK((stage.shell("cat split.tar.0*") == stage.plain));

  const Words delta = CompactStage::with(stage.source, {"-i", world.outside_ref("team/new")});
  push_image(world.outside, "team/new", make_image({.layers = {{.size = 3000, .seed = 5}}}), "v1");
  world.succeed(CompactStage::with(delta, {"--have", "plain.tar", "-o", "delta.tar"}));
  world.succeed(CompactStage::with(delta, {"--have", "fast.zst", "-o", "by-compact.tar"}));
  CHECK((read_text(stage.at("by-compact.tar")) == read_text(stage.at("delta.tar"))));
  // A delta may be compact, too.
  world.succeed({"compact", "delta.tar", "-o", "delta.zst"});
  world.succeed({"merge", "fast.zst", "delta.zst", "-o", "full.tar"});
  world.succeed(CompactStage::with(delta, {"-o", "new.tar"}));
  CHECK((read_text(stage.at("full.tar")) == read_text(stage.at("new.tar"))));
}

TEST_CASE("export --compact writes the same bytes as compact, and removes the plain archive") {
  if (lacks(kPackers)) return;
  CompactStage& stage = compact_stage();
  World& world = stage.world;
  const Json told = Json::parse(
      world.succeed(CompactStage::with(stage.source, {"-o", "direct.zst", "--compact", "--json"})), "export");
  CHECK((read_text(stage.at("direct.zst")) == stage.fast));
  CHECK(*told.find("compact")->find("compactBytes")->as_int() == static_cast<std::int64_t>(stage.fast.size()));
  CHECK_FALSE(stage.exists("direct.zst.plain"));
  // It is replaced like any archive of ours, and comes out the same, by any number of threads.
  world.succeed(CompactStage::with(stage.source, {"-o", "direct.zst", "--compact=small", "--jobs", "1"}));
  CHECK((read_text(stage.at("direct.zst")) == read_text(stage.at("small.zst"))));
}

TEST_CASE("compact and expand refuse unsuitable input before any work") {
  if (lacks(kPackers)) return;
  CompactStage& stage = compact_stage();
  World& world = stage.world;
  const auto says = [&](const Words& words, std::string_view part, int code = 1) {
    const std::string error = world.fail(code, words);
    CHECK_MESSAGE(contains(error, part), error);
    stage.check_absent("out.zst");
  };
  says({"compact", "fast.zst", "-o", "out.zst"}, "fast.zst is a compact archive already");
  stage.shell("tar -C umoci -cf foreign.tar .");
  says({"compact", "foreign.tar", "-o", "out.zst"}, "no archive with a seal");
  const Outcome stream = stage.line("cat plain.tar | $ociferry compact - -o out.zst");
  CHECK(stream.exit_code == 1);
  CHECK(contains(stream.err, "is a stream, and is read twice"));
  says({"compact", "missing.tar", "-o", "out.zst"}, "missing.tar", 22);
  says({"compact", "plain.tar", "-o", "out.zst", "--effort", "huge"}, "'huge' is neither fast nor small");
  says({"compact", "plain.tar", "-o", "one"}, "not a file name");
  says({"compact", "plain.tar", "-o", "none/out.zst"}, "none", 22);
  says({"expand", "plain.tar", "-o", "out.zst"}, "plain.tar is not a compact archive");
  says({"expand", "foreign.tar", "-o", "out.zst"}, "is not a compact archive");
  says({"expand", "fast.zst", "-o", "-", "--volume-size", "1M"}, "--volume-size");
  says({"join", "fast.zst", "-o", "out.tar"}, "fast.zst is a compact archive, and no volume");
  says(CompactStage::with(stage.source, {"-o", "out.zst", "--compact", "--work-dir", "none"}), "in none: No such", 22);
  says(CompactStage::with(stage.source, {"-o", "out.tar", "--work-dir", "."}), "--work-dir goes with --compact");
  says(CompactStage::with(stage.source, {"-o", "-", "--compact"}), "--compact needs a file");
  says(CompactStage::with(stage.source, {"-o", "out.zst", "--compact=huge"}), "neither fast nor small");
  // A file of somebody else stays.
  write_text(stage.at("note"), "a note");
  says({"compact", "plain.tar", "-o", "note"}, "note");
  says({"expand", "fast.zst", "-o", "note"}, "note");
  says(CompactStage::with(stage.source, {"-o", "note", "--compact"}), "note");
  CHECK(read_text(stage.at("note")) == "a note");
  world.succeed({"expand", "fast.zst", "-o", "note", "--force"});
  CHECK((read_text(stage.at("note")) == stage.plain));
}

TEST_CASE("parity protects a compact archive as it does any file, and its medium is read back") {
  if (lacks(kPackers)) return;
  CompactStage& stage = compact_stage();
  World& world = stage.world;
  fs::copy_file(stage.at("fast.zst"), stage.at("stick.zst"));
  CHECK(contains(world.succeed({"verify", "stick.zst", "--medium"}), " is whole"));
  world.succeed({"protect", "stick.zst", "--parity", "20%"});
  CHECK(contains(world.succeed({"verify", "stick.zst"}), "Its parity, stick.zst.parity, is whole, too"));
  std::string damaged = stage.fast;
  for (std::size_t i = damaged.size() / 2; i < damaged.size() / 2 + 3000; ++i) damaged[i] ^= 0x55;
  write_text(stage.at("stick.zst"), damaged);
  CHECK(contains(world.fail(10, {"verify", "stick.zst"}), "and this can be repaired"));
  world.succeed({"repair", "stick.zst", "-o", "repaired.zst"});
  CHECK((read_text(stage.at("repaired.zst")) == stage.fast));
}

TEST_CASE("a damaged or forged compact archive is refused, and nothing wrong is uploaded") {
  if (lacks(kPackers)) return;
  CompactStage& stage = compact_stage();
  World& world = stage.world;
  const auto refused = [&](const std::string& name) {
    CAPTURE(name);
    const std::string error = world.fail(10, {"verify", name});
    CHECK(contains(error, name));
    world.fail(10, {"expand", name, "-o", "out.tar"});
    CHECK_FALSE(stage.exists("out.tar"));
    world.inside.forget_requests();
    world.fail(10, {"import", name, "--to-repo", world.inside_repo("damaged")});
    world.fail(10, {"import", name, "--verify-first", "--to-repo", world.inside_repo("damaged")});
    CHECK(World::tags(world.inside, "damaged").empty());
    for (const LoggedRequest& request : world.inside.requests()) {
      CHECK_FALSE((request.method == "PUT" && contains(request.path, "/manifests/")));
    }
    return error;
  };
  for (const std::size_t at : {stage.fast.size() / 3, stage.fast.size() / 2, stage.fast.size() - 2}) {
    std::string damaged = stage.fast;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    write_text(stage.at("damaged.zst"), damaged);
    refused("damaged.zst");
  }
  write_text(stage.at("cut.zst"), stage.fast.substr(0, stage.fast.size() / 2));
  refused("cut.zst");
  // Packed again by somebody, with another byte in a file of a layer: the layer's digest tells.
  std::string tar = stage.shell("zstd -dc fast.zst");
  const std::size_t at = tar.find(random_bytes(6000, 5));  // of the layer that is not compressed
  REQUIRE(at != std::string::npos);
  tar[at] = static_cast<char>(tar[at] ^ 1);
  write_text(stage.at("forged.tar"), tar);
  stage.shell("zstd -c forged.tar > forged.zst");
  const std::string told = refused("forged.zst");
  CHECK_MESSAGE(contains(told, "sha256:"), told);
}

TEST_CASE("a full disk and Ctrl-C leave no incomplete compact or expanded archive, and the next run works") {
  if (lacks(kPackers)) return;
  CompactStage& stage = compact_stage();
  World& world = stage.world;
  const auto on_small_disk = [&](const std::string& size, const Words& words) {
    Program program = world.ociferry.program(words);
    const std::string script = "mkdir -p small; mount -t tmpfs -o size=" + size +
                               " tmpfs small || exit 77; \"$@\"; code=$?; ls -A small; exit $code";
    program.arguments.insert(program.arguments.begin(),
                             {"unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh"});
    return run(program);
  };
  for (const Words& words :
       {Words{"compact", "plain.tar", "-o", "small/out"}, Words{"expand", "fast.zst", "-o", "small/out"},
        CompactStage::with(stage.source, {"--compact", "-o", "small/out"})}) {
    const Outcome outcome = on_small_disk("40k", words);
    if (outcome.exit_code == 77) {
      MESSAGE("skipped: nothing can be mounted here");
      break;
    }
    CAPTURE(words[0]);
    CAPTURE(outcome.err);
    CHECK(outcome.exit_code == 30);
    CHECK(contains(outcome.err, "small"));
    CHECK(outcome.out.empty());  // nothing is listed
  }

  // Making one takes a while: the signal comes as soon as there is something to leave.
  std::vector<LayerRecipe> layers{{.size = 1'000'000, .seed = 3}};
  for (std::uint64_t seed = 10; seed < 34; ++seed) {
    layers.push_back({.size = 40'000, .seed = seed, .compression = LayerCompression::None});
  }
  push_image(world.outside, "team/large", make_image({.layers = layers}), "v1");
  world.succeed({"export", "-i", world.outside_ref("team/large"), "-o", "large.tar"});
  const auto interrupt = [&](Process& process, const std::string& output) {
    await("the middle of " + output, [&] { return stage.exists(output + ".partial") || !process.running(); });
    REQUIRE(process.running());
    process.send_signal(SIGINT);
    CHECK(process.wait().exit_code == 130);
    CHECK_FALSE(stage.exists(output));
  };
  Process making(world.ociferry.program({"compact", "large.tar", "-o", "large.zst", "--jobs", "1"}));
  interrupt(making, "large.zst");
  stage.check_absent("large.zst");
  world.succeed({"compact", "large.tar", "-o", "large.zst"});
  CHECK(contains(world.succeed({"verify", "large.zst"}), " is whole"));

  const std::string large = read_text(stage.at("large.zst"));
  // A pipe that nothing more comes through holds an expansion in its middle.
  REQUIRE(::mkfifo(stage.at("pipe").c_str(), 0600) == 0);
  Process expanding(world.ociferry.program({"expand", "pipe", "-o", "held.tar"}));
  const UniqueFd writer = open_file(stage.at("pipe"), O_WRONLY);
  write_full(writer.get(), as_bytes(std::string_view(large).substr(0, large.size() / 4 * 3)), "pipe");
  interrupt(expanding, "held.tar");
  world.succeed({"expand", "large.zst", "-o", "held.tar"});
  CHECK((read_text(stage.at("held.tar")) == read_text(stage.at("large.tar"))));
  CHECK_FALSE(stage.exists("held.tar.partial"));
}
