#include "credentials/credential_files.hpp"

#include <optional>

#include "base/fd.hpp"
#include "base/sizes.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxConfigBytes = 4 * kMiB;
constexpr std::string_view kContentVariable = "DOCKER_AUTH_CONFIG";

/// Why `path` is skipped; nullopt if it is readable.
std::optional<Finding> absence(const fs::path& path) {
  std::error_code failure;
  const fs::file_status status = fs::status(path, failure);
  if (status.type() == fs::file_type::not_found) return not_set("there is no such file");
  // For example, HOME in a container belongs to another user: a directory without access has no credentials for us.
  if (failure) return skipped(failure.message());
  // Mounting a missing file into a container creates a directory.
  if (fs::is_directory(status)) return skipped("it is a directory");
  return std::nullopt;
}

std::string read_config(const fs::path& path) {
  try {
    return read_file(path, kMaxConfigBytes);
  } catch (Error& error) {
    error.hint("make it readable or remove it, or use --registry-anon or --registry-username");
    throw;
  }
}

}  // namespace

std::vector<CredentialFile> credential_files(const Environment& environment, unsigned user_id) {
  using Format = CredentialFile::Format;
  std::vector<CredentialFile> files;
  const auto home = lookup(environment, "HOME");
  const auto add = [&](fs::path path, Format format = Format::Config) { files.push_back({std::move(path), format}); };
  if (const auto folder = lookup(environment, "DOCKER_CONFIG")) {
    add(fs::path(*folder) / "config.json");
  } else if (home) {
    add(fs::path(*home) / ".docker" / "config.json");
  }
  if (lookup(environment, std::string(kContentVariable))) files.push_back({.variable = std::string(kContentVariable)});
  if (const auto file = lookup(environment, "REGISTRY_AUTH_FILE")) add(*file);
  if (const auto folder = lookup(environment, "XDG_RUNTIME_DIR")) {
    add(fs::path(*folder) / "containers" / "auth.json");
  } else {
    add(text::cat("/run/containers/", user_id, "/auth.json"));
  }
  if (const auto folder = lookup(environment, "XDG_CONFIG_HOME")) {
    add(fs::path(*folder) / "containers" / "auth.json");
  } else if (home) {
    add(fs::path(*home) / ".config" / "containers" / "auth.json");
  }
  if (home) add(fs::path(*home) / ".dockercfg", Format::Dockercfg);
  return files;
}

Finding find_in_file(const CredentialFile& file, const Environment& environment, const RepositoryName& name,
                     const HelperRunner& run_helper) {
  if (!file.variable.empty()) {
    const std::string content = lookup(environment, file.variable).value_or("");
    return DockerConfig::parse(content, file.variable).find(name, run_helper);
  }
  if (auto absent = absence(file.path)) return *std::move(absent);
  const std::string content = read_config(file.path);
  const auto config = file.format == CredentialFile::Format::Dockercfg
                          ? DockerConfig::parse_dockercfg(content, file.path.string())
                          : DockerConfig::parse(content, file.path.string());
  return config.find(name, run_helper);
}

}  // namespace ociferry
