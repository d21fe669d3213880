#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ociferry/export.hpp"
#include "ociferry/reference.hpp"

namespace ociferry {

/// A rule that gives images another name at the destination. The first that matches counts.
///
/// Patterns are those of the shell: `*` (any characters, also '/'), `?` and `[...]`.
struct NameMapping {
  std::string registry = "*";  ///< pattern for the source's registry, with its port if it has one
  std::string path = "*";      ///< pattern for the repository within it
  std::string tag = "*";       ///< pattern for the tag; an image without a tag matches only "*"
  /// The repository below the destination's prefix, with `:tag` if the tag changes, too. {registry}, {path}, {name}
  /// (the last part of the path) and {tag} stand for the source's. A port in {registry} follows a '-':
  /// "localhost-5000".
  std::string to = {};
  std::optional<std::string> refuse = {};  ///< instead of `to`: images that match are an error, with this reason
  /// The argument that names one image or repository. If there is none of that name, a warning says so.
  std::string argument = {};
};

/// What a --map option names: mappings, and how many parts a path may have.
struct NameMap {
  std::vector<NameMapping> mappings = {};
  /// How many parts a repository may have below the registry; 0: any. The parts of a longer path are joined by '-'
  /// behind the first ones, with eight digits of the digest of the whole path at the end.
  std::size_t levels = 0;
};

/// Reads a file of mappings (YAML; see the manual of `import`, "MAPPING FILE"). Throws Error{Usage} naming the file and
/// what is wrong, Error{Io}.
[[nodiscard]] OCIFERRY_EXPORT NameMap read_name_map(const std::filesystem::path& file);

/// The mapping of an "OLD=NEW" argument: OLD is a repository, or an image by tag; NEW is as NameMapping::to. Throws
/// Error{Usage}.
[[nodiscard]] OCIFERRY_EXPORT NameMapping parse_name_mapping(std::string_view argument);

/// A registry where images keep their names: each in a repository of its own.
struct NamedDestination {
  std::string registry;        ///< with its port if it has one
  std::string prefix = {};     ///< path that all repositories begin with; empty: none
  bool keep_registry = false;  ///< the source's registry becomes the first part of the path below the prefix
  NameMap map = {};            ///< for images that do not keep their path
  /// By default the images of bundles are mounted into the bundle's repository, too, because imgpkg and kapp-controller
  /// look only there. No blob travels twice for it.
  bool only_own_repository = false;
};

/// Parses "HOST[/PREFIX]". Throws Error{Usage}.
[[nodiscard]] OCIFERRY_EXPORT NamedDestination parse_named_destination(std::string_view text);

/// A tag that an image gets at the destination, beside its own.
struct AddedTag {
  std::string image;  ///< a name of it at the source, as the user gives it: by repository, tag or digest
  std::string tag;
};

/// Parses "IMAGE=TAG". Throws Error{Usage}.
[[nodiscard]] OCIFERRY_EXPORT AddedTag parse_added_tag(std::string_view argument);

/// A file for another program that says where images are after a transfer.
struct EmittedFile {
  enum class Kind {
    ContainerdHosts,  ///< a directory of containerd: `<registry>/hosts.toml` for each source
    RegistriesConf,   ///< registries.conf of podman, buildah, skopeo and CRI-O: mirrors of the sources
    DigestMirrors,    ///< Kubernetes: an ImageDigestMirrorSet, of OpenShift
    TagMirrors,       ///< Kubernetes: an ImageTagMirrorSet, of OpenShift
    Kustomize,        ///< a kustomization with an `images:` list
  };
  Kind kind = Kind::RegistriesConf;
  std::filesystem::path path = {};
};

/// Parses "KIND=FILE". Throws Error{Usage} that lists the kinds.
[[nodiscard]] OCIFERRY_EXPORT EmittedFile parse_emitted_file(std::string_view argument);

}  // namespace ociferry
