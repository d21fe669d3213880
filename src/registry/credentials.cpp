#include "registry/credentials.hpp"

#include "base/fd.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kMaxConfigBytes = 4 * limits::kMiB;

std::string given_or(const std::string& option, const Environment& environment, const std::string& variable) {
  return option.empty() ? lookup(environment, variable).value_or("") : option;
}

std::vector<std::filesystem::path> config_files(const Environment& environment) {
  std::vector<std::filesystem::path> files;
  if (const auto folder = lookup(environment, "DOCKER_CONFIG")) {
    files.push_back(std::filesystem::path(*folder) / "config.json");
  } else if (const auto home = lookup(environment, "HOME")) {
    files.push_back(std::filesystem::path(*home) / ".docker" / "config.json");
  }
  if (const auto file = lookup(environment, "REGISTRY_AUTH_FILE")) files.emplace_back(*file);
  if (const auto folder = lookup(environment, "XDG_RUNTIME_DIR")) {
    files.push_back(std::filesystem::path(*folder) / "containers" / "auth.json");
  }
  return files;
}

std::optional<std::string> read_if_present(const std::filesystem::path& path) {
  try {
    return read_file(path, kMaxConfigBytes);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::NotFound) return std::nullopt;
    throw;
  }
}

}  // namespace

Credentials::Credentials(const RegistryOptions& options, const Environment& environment, HelperRunner run_helper)
    : environment_(environment), files_(config_files(environment)), run_helper_(std::move(run_helper)) {
  given_.username = given_or(options.username, environment, "IMGPKG_USERNAME");
  given_.password = given_or(options.password, environment, "IMGPKG_PASSWORD");
  if (!given_.is_basic()) given_.registry_token = given_or(options.token, environment, "IMGPKG_TOKEN");
  anonymous_ = options.anonymous || lookup(environment, "IMGPKG_ANON") == "true";
}

Credential Credentials::find(const RepositoryName& name) {
  // Held while a helper runs: it may ask the user something, and must not do so twice at once.
  const std::lock_guard lock(mutex_);
  const auto found = found_.find(name);
  if (found != found_.end()) return found->second;
  return found_.emplace(name, search(name)).first->second;
}

Credential Credentials::search(const RepositoryName& name) const {
  if (auto found = environment_.find(name)) return *found;
  if (!given_.is_anonymous() || anonymous_) return given_;
  for (const auto& path : files_) {
    const auto content = read_if_present(path);
    if (!content) continue;
    const auto config = DockerConfig::parse(*content, path.string());
    if (auto found = config.find(name, run_helper_)) return *found;
  }
  return {};
}

}  // namespace ociferry
