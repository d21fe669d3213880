#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>

#include "base/text.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "rows.hpp"
#include "stream/sha256.hpp"
#include "support/fake_registry.hpp"
#include "support/http_server.hpp"
#include "support/temp.hpp"

// Layers that may not be redistributed: left out with a word, or taken along from wherever they are.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// A registry that takes manifests with URLs, which Debian's does not unless it is told to.
struct Registry {
  FakeRegistry content;
  HttpServer server{content.handler()};
};

/// An image with an ordinary and a foreign layer; only a web server has the latter.
struct Windows {
  Registry source;
  Registry destination;
  std::string foreign = random_bytes(30'000, 7);
  Descriptor layer{"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", sha256(foreign), foreign.size()};
  std::atomic<bool> spoiled = false;  ///< the web server's layer has another last byte
  HttpServer web{[this](const HttpRequest& request) {
    if (request.path != "/base.tgz") return HttpReply{404};
    HttpReply reply{200, {}, foreign};
    if (spoiled) reply.body.back() = static_cast<char>(reply.body.back() ^ 1);
    return reply;
  }};
  Ociferry ociferry{OCIFERRY_BINARY};
  std::string digest;

  Windows() {
    const Image image = make_image({.family = ImageFamily::Docker, .layers = {{.size = 2000, .seed = 1}}});
    std::string manifest = image.manifests.back().bytes;
    for (const auto& [blob, bytes] : image.blobs) source.content.add_blob("windows", bytes);
    const std::string row = text::cat(R"(,{"mediaType":")", layer.media_type, R"(","size":)", layer.size,
                                      R"(,"digest":")", layer.digest.text(), R"(","urls":[")", web.origin(),
                                      R"(/gone",")", web.origin(), R"(/base.tgz"]}]})");
    manifest.replace(manifest.rfind("]}"), 2, row);
    digest = source.content.add_manifest("windows", manifest, image.descriptor.media_type, "v1").text();
  }

  [[nodiscard]] std::string from() const { return source.server.host() + "/windows:v1"; }
  [[nodiscard]] std::string to(const std::string& repository) const {
    return destination.server.host() + "/" + repository;
  }
  [[nodiscard]] bool arrived(const std::string& repository) const {
    return destination.content.has_blob(repository, layer.digest);
  }
  Outcome run(const Words& words, int exit_code = 0) const {
    Outcome outcome = ociferry.run(words);
    INFO("standard output: " << outcome.out << "\nstandard error: " << outcome.err);
    CHECK(outcome.exit_code == exit_code);
    return outcome;
  }
};

const std::string kInclude = "--include-non-distributable-layers";

}  // namespace

TEST_CASE("foreign layers are left out with imgpkg's warning, and every copy of the rest works") {
  const Windows windows;
  const std::string skipped = "Skipped the followings layer(s) due to it being non-distributable.";
  const Words copy{"copy", "-i", windows.from(), "--to-repo", windows.to("copied")};
  for (const Words& words : {copy, Words{"export", "-i", windows.from(), "-o", "a.tar"},
                             Words{"import", "a.tar", "--to-repo", windows.to("imported")}}) {
    const std::string said = windows.run(words).err;
    CHECK(said.find(skipped) != std::string::npos);
    CHECK(said.find("- Image: " + windows.source.server.host() + "/windows@" + windows.digest) != std::string::npos);
    CHECK(said.find(windows.layer.digest.text()) != std::string::npos);
  }
  CHECK_FALSE(windows.arrived("copied"));
  CHECK_FALSE(windows.arrived("imported"));
  CHECK(windows.destination.content.tag("imported", "v1").has_value());
  CHECK(windows.web.requests().empty());
  // What the archive lacks is fetched on demand.
  CHECK(windows.run({"import", "a.tar", "--to-repo", windows.to("all"), kInclude}).err.empty());
  CHECK(windows.arrived("all"));
  CHECK(windows.web.requests().size() == 2);
}

TEST_CASE("import puts no tag if a layer is unavailable, and names all places and the option that leaves it out") {
  Windows windows;
  windows.run({"export", "-i", windows.from(), "-o", "a.tar"});
  windows.spoiled = true;
  const std::string error = windows.run({"import", "a.tar", "--to-repo", windows.to("all"), kInclude}, 11).err;
  CHECK(error.find(windows.layer.digest.text()) != std::string::npos);
  CHECK(error.find(windows.web.origin() + "/gone") != std::string::npos);
  CHECK(error.find("leave out " + kInclude) != std::string::npos);
  CHECK_FALSE(windows.destination.content.tag("all", "v1").has_value());
  // A conversion has no network at all.
  const std::string converted = windows.run({"copy", "--tar", "a.tar", "--to-tar", "b.tar", kInclude}, 11).err;
  CHECK(converted.find(windows.layer.digest.text()) != std::string::npos);
}

TEST_CASE("called as imgpkg, copy reports left-out layers only on a terminal") {
  if (lacks({"docker-registry"})) return;
  World world;
  const Windows windows;
  const Words copy{"copy", "-i", windows.from(), "--to-repo", windows.to("copied")};
  const Outcome quiet = run_as(Name::Imgpkg, world, copy);
  CHECK(quiet.out.empty());
  CHECK(quiet.err.empty());
  Words shown = copy;
  shown.emplace_back("--tty");
  const Outcome outcome = run_as(Name::Imgpkg, world, shown);
  const auto warning = outcome.out.find("copy | Warning: Skipped the followings layer(s)");
  const auto list = outcome.out.find("copy |  - Image: " + windows.source.server.host() + "/windows@" + windows.digest +
                                     "\ncopy |    Layers:\ncopy |      - " + windows.layer.digest.text() + "\n");
  CHECK(warning != std::string::npos);
  CHECK(list != std::string::npos);
  CHECK(list > warning);
  CHECK(outcome.out.find("copy | Tagging images") > list);
  CHECK(outcome.err.empty());
}

TEST_CASE("foreign layers come from their URLs if that is requested, and travel in archives like all others") {
  const Windows windows;
  CHECK(windows.run({"export", "-i", windows.from(), "-o", "a.tar", kInclude}).err.empty());
  ArchiveReader reader(windows.ociferry.home() / "a.tar");
  CHECK(reader.size_of(windows.layer.digest) == windows.layer.size);
  windows.run({"verify", "a.tar"});
  for (const std::string command : {"import", "copy"}) {
    Words words = command == "import" ? Words{"import", "a.tar"} : Words{"copy", "--tar", "a.tar"};
    const std::string repository = "from-" + command;
    words.insert(words.end(), {"--to-repo", windows.to(repository), kInclude});
    CHECK(windows.run(words).err.empty());
    CHECK(windows.arrived(repository));
  }
  // The site may not want what the archive holds.
  for (const Words& words : {Words{"import", "a.tar", "--to-repo", windows.to("held")},
                             Words{"copy", "--tar", "a.tar", "--to-repo", windows.to("held")}}) {
    const std::string said = windows.run(words).err;
    CHECK(said.find(windows.layer.digest.text()) != std::string::npos);
    CHECK(said.find(kInclude) != std::string::npos);
    CHECK_FALSE(windows.arrived("held"));
  }
  // A conversion loses nothing.
  windows.run({"copy", "--tar", "a.tar", "--to-tar", "b.tar"});
  CHECK(ArchiveReader(windows.ociferry.home() / "b.tar").size_of(windows.layer.digest) == windows.layer.size);
  CHECK(windows.web.requests().size() == 2);  // the one that is gone, and the one that is there
}

TEST_CASE("foreign layers are sent after a copy that left them out, although all tags are right") {
  const Windows windows;
  windows.run({"copy", "-i", windows.from(), "--to-repo", windows.to("copied")});
  CHECK_FALSE(windows.arrived("copied"));
  windows.run({"copy", "-i", windows.from(), "--to-repo", windows.to("copied"), kInclude});
  CHECK(windows.arrived("copied"));
  // Once they are there, nobody else is asked for them.
  const std::size_t asked = windows.web.requests().size();
  windows.run({"copy", "-i", windows.from(), "--to-repo", windows.to("copied"), kInclude});
  CHECK(windows.web.requests().size() == asked);
}

TEST_CASE("a layer URL with wrong bytes leaves no archive; requesting layers that no image has is a warning") {
  Windows windows;
  windows.spoiled = true;
  const Outcome outcome = windows.run({"export", "-i", windows.from(), "-o", "a.tar", kInclude}, 11);
  CHECK(outcome.err.find(windows.layer.digest.text()) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(windows.ociferry.home() / "a.tar"));

  const Image plain = make_image();
  for (const auto& [blob, bytes] : plain.blobs) windows.source.content.add_blob("plain", bytes);
  windows.source.content.add_manifest("plain", plain.manifests.back().bytes, plain.descriptor.media_type, "v1");
  CHECK(windows.run({"export", "-i", windows.source.server.host() + "/plain:v1", "-o", "b.tar", kInclude}).err ==
        "Warning: '--include-non-distributable-layers' flag provided, but no images contained a non-distributable "
        "layer.\n");
}

TEST_CASE("a registry that refuses layers with URLs is a final error, with the option that helps") {
  if (lacks({"docker-registry"})) return;
  const Windows windows;
  const RegistryServer strict({.takes_urls = false});
  const Outcome outcome = windows.run({"copy", "-i", windows.from(), "--to-repo", strict.host() + "/strict"}, 24);
  CHECK(outcome.err.find(kInclude) != std::string::npos);
  CHECK(World::tags(strict, "strict").empty());
}

TEST_CASE("a layer with URLs that may be redistributed travels like all others, and its URLs are not asked") {
  const HttpServer web([](const HttpRequest&) { return HttpReply{404}; });
  Registry source;
  Registry destination;
  const Image image = make_image({.layers = {{.size = 2000, .seed = 1}}});
  for (const auto& [blob, bytes] : image.blobs) source.content.add_blob("app", bytes);
  std::string manifest = image.manifests.back().bytes;
  manifest.insert(manifest.rfind("}]}"), text::cat(R"(,"urls":[")", web.origin(), R"(/layer.tgz"])"));
  const Digest digest = source.content.add_manifest("app", manifest, image.descriptor.media_type, "v1");
  const Digest layer = layers_of(image).front().digest;
  const Ociferry ociferry(OCIFERRY_BINARY);
  const std::string from = source.server.host() + "/app:v1";
  const std::string to = destination.server.host();
  for (const Words& words :
       {Words{"export", "-i", from, "-o", "a.tar"}, Words{"import", "a.tar", "--to-repo", to + "/imported"},
        Words{"copy", "-i", from, "--to-repo", to + "/copied"}}) {
    const Outcome outcome = ociferry.run(words);
    CHECK(outcome.exit_code == 0);
    CHECK(outcome.err.empty());
  }
  for (const char* repository : {"imported", "copied"}) {
    CHECK(destination.content.has_blob(repository, layer));
    CHECK(destination.content.tag(repository, "v1") == digest);
  }
  CHECK(web.requests().empty());
}
