#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "base/text.hpp"
#include "containerd.hpp"
#include "oci/tag_names.hpp"
#include "reader.hpp"
#include "world.hpp"

// docs/readers.md tells what other programs read out of which archive. Here each cell of its table is tried.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

/// An archive of each kind in the table, by the name of its row.
class Shelf {
 public:
  Shelf() {
    const Image app = make_image({.layers = {{.seed = 1}}});
    const Image multi = make_index({make_image({.layers = {{.seed = 3}}}),
                                    make_image({.layers = {{.seed = 4}}, .platform = {"linux", "arm64", "v8", ""}})});
    const Reference app_ref = push(app, "team/app");
    const Reference multi_ref = push(multi, "team/multi");
    push(make_image({.family = ImageFamily::Docker, .layers = {{.seed = 2}}}), "team/docker");
    push(make_artifact("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "a chart"), "team/chart");
    push(app, "team/signed");
    push_image(world_.outside, "team/signed", make_signature(), attachment_tag(app.descriptor.digest, "sig"));
    push_image(world_.outside, "team/signed", make_artifact("application/spdx+json", "packages", app.descriptor));
    world_.push_bundle("team/bundle", {app_ref, multi_ref});

    export_as("image", {"-i", "team/app"});
    export_as("Docker image", {"-i", "team/docker"});
    export_as("index", {"-i", "team/multi"});
    export_as("bundle of image and index", {"-b", "team/bundle"});
    export_as("signed image", {"-i", "team/signed"});
    export_as("image and chart", {"-i", "team/app", "-i", "team/chart"});
    export_as("chart", {"-i", "team/chart"});
    world_.succeed({"copy", "--tar", FIXTURES "/imgpkg/imgpkg-tar-outer.tar", "--to-tar", "converted imgpkg tar.tar"});
  }

  [[nodiscard]] std::filesystem::path archive(const std::string& kind) const { return world_.path(kind + ".tar"); }
  /// The name of an image in the registry that the archives were exported from.
  [[nodiscard]] std::string name(const std::string& repository, const std::string& tag = "v1") const {
    return text::cat(world_.outside.host(), "/", repository, ":", tag);
  }

 private:
  Reference push(const Image& image, const std::string& repository) {
    return push_image(world_.outside, repository, image, "v1");
  }

  void export_as(const std::string& kind, const Words& sources) {
    Words words{"export", "-o", kind + ".tar"};
    for (const std::string& word : sources) words.push_back(word.starts_with("-") ? word : name(word));
    world_.succeed(words);
  }

  World world_;
};

using MakeReader = std::unique_ptr<Reader> (*)();
constexpr MakeReader kReaders[] = {podman_load,        buildah_pull,          ctr_import,
                                   skopeo_oci_archive, skopeo_docker_archive, umoci_list};

/// How many images a reader finds, or "refused".
std::string cell(Reader& reader, const std::filesystem::path& archive) {
  const Outcome outcome = reader.read(archive);
  INFO(reader.name() << ": " << outcome.out << outcome.err);
  return outcome.exit_code == 0 ? std::to_string(reader.images().size()) : "refused";
}

/// The rows of the first table in docs/readers.md, each as the texts of its cells.
std::vector<std::vector<std::string>> documented_table() {
  std::vector<std::vector<std::string>> rows;
  std::istringstream page(read_text(DOCS "/readers.md"));
  for (std::string line; std::getline(page, line);) {
    if (!line.starts_with("|")) {
      if (rows.empty()) continue;
      break;
    }
    std::vector<std::string> row;
    for (const std::string& part : text::split(line.substr(1, line.rfind('|') - 1), '|')) {
      row.emplace_back(text::trim(part));
    }
    rows.push_back(row);
  }
  return rows;
}

bool lacks_readers() {
  Words needed{"docker-registry"};
  for (const MakeReader make : kReaders) {
    const Words more = make()->needs();
    needed.insert(needed.end(), more.begin(), more.end());
  }
  return lacks(needed);
}

/// containerd mounts what it unpacks.
bool lacks_root() {
  if (::geteuid() == 0) return false;
  MESSAGE("skipped: containerd needs root");
  return true;
}

}  // namespace

TEST_CASE("each program reads from each archive what docs/readers.md says") {
  if (lacks_readers() || lacks_root()) return;
  const Shelf shelf;
  const auto table = documented_table();
  REQUIRE(table.size() > 2);
  for (std::size_t row = 2; row < table.size(); ++row) {
    const std::string& kind = table[row].front();
    for (std::size_t column = 1; column < table[row].size(); ++column) {
      const auto reader = kReaders[column - 1]();
      CAPTURE(kind);
      CAPTURE(reader->name());
      REQUIRE(table.front()[column].find(reader->name()) != std::string::npos);
      CHECK(cell(*reader, shelf.archive(kind)) == table[row][column]);
    }
  }
}

TEST_CASE("runtimes load every image under its name, and nothing else") {
  if (lacks_readers() || lacks_root()) return;
  const Shelf shelf;
  const auto images_of = [&](MakeReader make, const std::string& kind) {
    const auto reader = make();
    const Outcome outcome = reader->read(shelf.archive(kind));
    INFO(outcome.err);
    REQUIRE(outcome.exit_code == 0);
    return reader->images();
  };
  for (const MakeReader make : {podman_load, ctr_import, skopeo_docker_archive}) {
    CHECK(images_of(make, "signed image") == std::vector{shelf.name("team/signed")});
    CHECK(images_of(make, "image and chart") == std::vector{shelf.name("team/app")});
  }
  CHECK(images_of(skopeo_docker_archive, "index") ==
        std::vector{shelf.name("team/multi"), shelf.name("team/multi", "v1-arm64-v8")});
  const auto loaded = images_of(podman_load, "bundle of image and index");
  CHECK(std::ranges::count(loaded, shelf.name("team/bundle")) == 1);
}

TEST_CASE("containerd pulls an image by its old name where --emit containerd-hosts leads it") {
  if (lacks({"docker-registry", "ctr", "containerd", "openssl"}) || lacks_root()) return;
  const TempDirectory identities = temp_directory();
  const TlsIdentity identity = make_tls_identity(identities.path());
  RegistryServer inside({.tls = identity});
  World world;
  push_image(world.outside, "team/app", make_image({.layers = {{.seed = 1}}}), "v1");
  const std::string old = world.outside_ref("team/app");
  world.succeed({"export", "-i", old, "-o", "app.tar"});
  world.succeed({"import", "app.tar", "--to-registry", inside.host() + "/mirror", "--emit", "containerd-hosts=certs.d",
                 "--registry-ca-cert-path", identity.authority.string()});
  world.outside.stop();
  const Containerd containerd;
  const auto pull = [&](const std::string& hosts) {
    return run(containerd.ctr({"images", "pull", "--snapshotter", "native", "--hosts-dir", world.path(hosts).string(),
                               "--tlscacert", identity.authority.string(), old}));
  };
  CHECK(pull("none").exit_code != 0);
  const Outcome pulled = pull("certs.d");
  INFO(pulled.out << pulled.err);
  CHECK(pulled.exit_code == 0);
  CHECK(run_or_throw(containerd.ctr({"images", "ls", "-q"})) == old + "\n");
}
