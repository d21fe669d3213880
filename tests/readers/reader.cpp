#include "reader.hpp"

#include <algorithm>
#include <optional>
#include <sstream>

#include "containerd.hpp"
#include "oci/json.hpp"

namespace ociferry::testing {

namespace {

/// The lines of `text`, sorted, each once, without empty ones.
std::vector<std::string> sorted_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  std::ranges::sort(lines);
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

/// What podman and buildah share: storage of their own, as plain files.
class Storage {
 public:
  /// `name_field` is what the program calls an image's repository.
  Storage(std::string program, std::string name_field)
      : program_(std::move(program)), name_field_(std::move(name_field)) {}

  [[nodiscard]] Program command(const Words& arguments) const {
    Words words{program_,
                "--root",
                (directory_.path() / "root").string(),
                "--runroot",
                (directory_.path() / "run").string(),
                "--storage-driver",
                "vfs"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return {.arguments = words};
  }

  [[nodiscard]] std::vector<std::string> images() const {
    return sorted_lines(run_or_throw(command({"images", "--format", "{{." + name_field_ + "}}:{{.Tag}}"})));
  }

 private:
  std::string program_;
  std::string name_field_;
  TempDirectory directory_ = temp_directory();
};

class PodmanLoad : public Reader {
 public:
  [[nodiscard]] std::string name() const override { return "podman load"; }
  [[nodiscard]] Words needs() const override { return {"podman"}; }
  [[nodiscard]] Outcome read(const std::filesystem::path& archive) override {
    return run(storage_.command({"load", "-i", archive.string()}));
  }
  [[nodiscard]] std::vector<std::string> images() override { return storage_.images(); }

 private:
  Storage storage_{"podman", "Repository"};
};

class BuildahPull : public Reader {
 public:
  [[nodiscard]] std::string name() const override { return "buildah pull"; }
  [[nodiscard]] Words needs() const override { return {"buildah"}; }
  [[nodiscard]] Outcome read(const std::filesystem::path& archive) override {
    return run(storage_.command({"pull", "oci-archive:" + archive.string()}));
  }
  [[nodiscard]] std::vector<std::string> images() override { return storage_.images(); }

 private:
  Storage storage_{"buildah", "Name"};
};

class CtrImport : public Reader {
 public:
  [[nodiscard]] std::string name() const override { return "ctr images import"; }
  [[nodiscard]] Words needs() const override { return {"ctr", "containerd"}; }
  [[nodiscard]] Outcome read(const std::filesystem::path& archive) override {
    if (!containerd_) containerd_.emplace();
    return run(containerd_->ctr({"images", "import", "--snapshotter", "native", archive.string()}));
  }
  [[nodiscard]] std::vector<std::string> images() override {
    return sorted_lines(run_or_throw(containerd_->ctr({"images", "ls", "-q"})));
  }

 private:
  std::optional<Containerd> containerd_;
};

/// Copies images one by one out of an archive, each into a directory of its own.
class SkopeoCopies : public Reader {
 public:
  [[nodiscard]] Words needs() const override { return {"skopeo", "tar"}; }
  [[nodiscard]] std::vector<std::string> images() override { return names_; }

 protected:
  /// Copies all of `names` with `transport`, until one fails.
  Outcome copy(const std::string& transport, const std::filesystem::path& archive,
               const std::vector<std::string>& names) {
    Outcome outcome{.exit_code = 0, .out = {}, .err = {}};
    for (const std::string& name : names) {
      names_.push_back(name);
      outcome =
          run({.arguments = {"skopeo", "--insecure-policy", "copy", "--all", transport + archive.string() + ":" + name,
                             "dir:" + (directory_.path() / std::to_string(names_.size())).string()}});
      if (outcome.exit_code != 0) break;
    }
    std::ranges::sort(names_);
    return outcome;
  }

 private:
  TempDirectory directory_ = temp_directory();
  std::vector<std::string> names_;
};

class SkopeoDockerArchive : public SkopeoCopies {
 public:
  [[nodiscard]] std::string name() const override { return "skopeo docker-archive:"; }
  [[nodiscard]] Outcome read(const std::filesystem::path& archive) override {
    Outcome listed = run({.arguments = {"skopeo", "list-tags", "docker-archive:" + archive.string()}});
    if (listed.exit_code != 0) return listed;
    const Json parsed = Json::parse(listed.out, "skopeo list-tags");
    std::vector<std::string> names;
    if (const auto* tags = parsed.find("Tags")->as_array()) {  // null: there are none
      for (const Json& tag : *tags) names.push_back(*tag.as_string());
    }
    return copy("docker-archive:", archive, names);
  }
};

class SkopeoOciArchive : public SkopeoCopies {
 public:
  [[nodiscard]] std::string name() const override { return "skopeo oci-archive:"; }
  [[nodiscard]] Outcome read(const std::filesystem::path& archive) override {
    const std::string index = run_or_throw({.arguments = {"tar", "xOf", archive.string(), "index.json"}});
    const Json parsed = Json::parse(index, "index.json");
    std::vector<std::string> names;
    for (const Json& entry : *parsed.find("manifests")->as_array()) {
      const std::string name = entry.find("annotations")->string_at("org.opencontainers.image.ref.name");
      // Debian 12's skopeo passes over Docker's manifests in a layout.
      if (name.empty() || entry.string_at("mediaType").starts_with("application/vnd.docker")) continue;
      names.push_back(name);
    }
    return copy("oci-archive:", archive, names);
  }
};

class UmociList : public Reader {
 public:
  [[nodiscard]] std::string name() const override { return "umoci"; }
  [[nodiscard]] Words needs() const override { return {"umoci", "tar"}; }
  [[nodiscard]] Outcome read(const std::filesystem::path& archive) override {
    run_or_throw({.arguments = {"tar", "xf", archive.string(), "-C", directory_.path().string()}});
    Outcome outcome = run({.arguments = {"umoci", "ls", "--layout", directory_.path().string()}});
    names_ = sorted_lines(outcome.out);
    return outcome;
  }
  [[nodiscard]] std::vector<std::string> images() override { return names_; }

 private:
  TempDirectory directory_ = temp_directory();
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<Reader> podman_load() { return std::make_unique<PodmanLoad>(); }
std::unique_ptr<Reader> ctr_import() { return std::make_unique<CtrImport>(); }
std::unique_ptr<Reader> skopeo_docker_archive() { return std::make_unique<SkopeoDockerArchive>(); }
std::unique_ptr<Reader> skopeo_oci_archive() { return std::make_unique<SkopeoOciArchive>(); }
std::unique_ptr<Reader> buildah_pull() { return std::make_unique<BuildahPull>(); }
std::unique_ptr<Reader> umoci_list() { return std::make_unique<UmociList>(); }

}  // namespace ociferry::testing
