#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

/// A program of others that takes images out of archives. Its own state is in a temporary directory.
class Reader {
 public:
  virtual ~Reader() = default;
  /// The program, as in the table of docs/readers.md.
  [[nodiscard]] virtual std::string name() const = 0;
  /// The programs that it takes.
  [[nodiscard]] virtual Words needs() const = 0;
  /// Reads `archive`; then `images` lists what it has.
  [[nodiscard]] virtual Outcome read(const std::filesystem::path& archive) = 0;
  /// The names of the images that were read, sorted.
  [[nodiscard]] virtual std::vector<std::string> images() = 0;
};

/// `podman load -i ARCHIVE`
[[nodiscard]] std::unique_ptr<Reader> podman_load();
/// `ctr images import ARCHIVE`, with a containerd of its own. Needs root.
[[nodiscard]] std::unique_ptr<Reader> ctr_import();
/// `skopeo list-tags docker-archive:ARCHIVE`
[[nodiscard]] std::unique_ptr<Reader> skopeo_docker_archive();
/// `skopeo copy oci-archive:ARCHIVE:NAME`, for each NAME in its index.json that names an OCI image or index
[[nodiscard]] std::unique_ptr<Reader> skopeo_oci_archive();
/// `buildah pull oci-archive:ARCHIVE`
[[nodiscard]] std::unique_ptr<Reader> buildah_pull();
/// `tar x`, then `umoci ls`
[[nodiscard]] std::unique_ptr<Reader> umoci_list();

}  // namespace ociferry::testing
