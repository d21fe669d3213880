#include "ociferry/login.hpp"

#include <fcntl.h>

#include <functional>

#include "base/fd.hpp"
#include "base/sizes.hpp"
#include "base/system_calls.hpp"
#include "base/temporary.hpp"
#include "base/text.hpp"
#include "credentials/credentials.hpp"
#include "credentials/helper_patience.hpp"
#include "credentials/login_file.hpp"
#include "ferry/write/archive_output.hpp"
#include "ociferry/ferry.hpp"
#include "registry/connection.hpp"
#include "registry/registry_client.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kMaxConfigBytes = 4 * kMiB;

LoginFile file_of(const LoginOptions& options) {
  if (!options.auth_file.empty() && !options.docker_config.empty()) {
    throw Error(ErrorCode::Usage, "--authfile and --docker-config exclude each other");
  }
  LoginFile file = login_file(current_environment(), options.auth_file, options.docker_config);
  // Changes the target of a link, not the link.
  file.path = behind_links(fs::absolute(file.path));
  return file;
}

std::string shown(const LoginTarget& target) {
  return target.path.empty() ? target.registry : text::cat(target.registry, "/", target.path);
}

/// Creates a directory that only the user can access, as Docker and podman do: it holds secrets.
void make_private_directory(const fs::path& directory) {
  std::error_code unknown;
  if (fs::exists(directory, unknown)) return;
  if (directory.has_relative_path()) make_private_directory(directory.parent_path());
  if (make_directory_if_absent(directory)) fs::permissions(directory, fs::perms::owner_all);
}

/// Serializes logins and logouts that change the same file; otherwise one could overwrite the other's change. Locks a
/// separate file, since the file itself is replaced.
class LoginLock {
 public:
  /// Blocks until the lock is free. Throws Error{Busy} after 30 s.
  LoginLock(const fs::path& file, const Context& context)
      : path_(file.parent_path() / (temporary_prefix(file) + "lock")) {
    constexpr std::chrono::seconds kPatience{30};
    constexpr std::chrono::milliseconds kPause{20};
    const auto end = real_clock().now() + kPatience;
    while (!try_lock()) {
      if (real_clock().now() > end) {
        throw Error(ErrorCode::Busy, text::cat("another login or logout is changing ", file.string()))
            .hint("wait for it to end; it may be waiting for a credential helper");
      }
      real_clock().sleep_until(real_clock().now() + kPause, context.stop);
    }
  }
  LoginLock(const LoginLock&) = delete;
  LoginLock& operator=(const LoginLock&) = delete;
  ~LoginLock() { static_cast<void>(calls::unlinkat(AT_FDCWD, path_.c_str(), 0)); }  // a leftover is harmless

 private:
  /// Also false if the previous owner has removed the file in the meantime.
  bool try_lock() {
    fd_ = open_file(path_, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    return lock_file(fd_.get(), path_.string()) && is_named(fd_.get(), path_);
  }

  fs::path path_;
  UniqueFd fd_;
};

/// Reads the file, applies `change` to its text, and replaces it atomically.
void change(const LoginFile& file, const Context& context, const std::function<void(LoginText&)>& change) {
  make_private_directory(file.path.parent_path());
  const LoginLock lock(file.path, context);
  const std::string before = fs::exists(file.path) ? read_file(file.path, kMaxConfigBytes) : "";
  LoginText text(before, file.format, file.path.string());
  change(text);
  if (!text.is_changed()) return;
  write_file_atomically(file.path, text.text(), 0600);
}

HelperTools helper_tools(const Context& context) {
  const auto with_retries = [&context](const std::string& name, const std::function<void()>& work) {
    run_with_retries("docker-credential-" + name, work, real_clock(), *context.progress, context.stop);
  };
  const CredentialHelper helper(context.stop);
  return {.find =
              [=](const std::string& name, const std::string& server) {
                std::optional<Credential> found;
                with_retries(name, [&] { found = helper(name, server); });
                return found;
              },
          .store =
              [=](const std::string& name, const std::string& server, const Credential& credential) {
                with_retries(name, [&] { helper.store(name, server, credential); });
              },
          .erase = [=](const std::string& name,
                       const std::string& server) { with_retries(name, [&] { helper.erase(name, server); }); }};
}

/// The credentials that other commands would use. Throws Error{Usage} for malformed variables.
Credentials usual_credentials(const Context& context) {
  return {{}, current_environment(), {CredentialHelper(context.stop), &real_clock(), context.progress, context.stop}};
}

const CredentialStep* winner(const CredentialReport& report) {
  for (const CredentialStep& step : report.steps) {
    if (step.outcome == CredentialStep::Outcome::Wins) return &step;
  }
  return nullptr;
}

/// Warnings if other commands will not use the login in `file`.
std::vector<std::string> notes_after_login(const CredentialReport& found, const fs::path& file) {
  if (found.failure) return {text::cat("other commands will fail: ", found.failure->message())};
  const CredentialStep* const used = winner(found);
  if (used == nullptr) {
    return {
        text::cat("other commands do not look into this file unless REGISTRY_AUTH_FILE=", file.string(), " is set")};
  }
  std::error_code unknown;
  if (fs::equivalent(used->source, file, unknown)) return {};
  return {text::cat("other commands use what comes first: ", used->source, " (", used->detail, ")")};
}

}  // namespace

fs::path login_file_of(const LoginOptions& options) { return file_of(options).path; }

LoginReport login(const LoginOptions& options, const Context& context) {
  const LoginTarget target = parse_login_target(options.registry);
  const LoginFile file = file_of(options);
  const Credential credential{.username = context.registry.username, .password = context.registry.password};
  if (credential.username.empty() || credential.password.empty()) {
    throw Error(ErrorCode::Usage, "a user name and a password are needed to log in").hint("-u USER --password-stdin");
  }
  Credentials others = usual_credentials(context);
  // Ignores the environment, so that the password that is checked is the one that is written.
  const auto client =
      std::make_shared<ClientContext>(context.registry, make_transport(context.registry, *context.progress),
                                      *context.progress, context.stop, Environment{}, real_clock());
  LoginReport report{.registry = shown(target), .file = file.path};
  report.proved = Connection(client, target.registry).prove_credentials(target.path, context.stop);
  change(file, context,
         [&](LoginText& text) { report.helper = text.store(target, credential, helper_tools(context)); });
  report.notes = notes_after_login(others.explain({target.registry, target.path}), file.path);
  if (!report.proved)
    report.notes.push_back(report.registry + " requires no credentials: the password was not checked");
  return report;
}

LogoutReport logout(const LoginOptions& options, const Context& context) {
  const LoginTarget target = parse_login_target(options.registry);
  const LoginFile file = file_of(options);
  Credentials others = usual_credentials(context);
  LogoutReport report{.registry = shown(target), .file = file.path};
  if (fs::exists(file.path)) {
    change(file, context, [&](LoginText& text) { report.was_logged_in = text.erase(target, helper_tools(context)); });
  }
  const CredentialReport found = others.explain({target.registry, target.path});
  if (const CredentialStep* const used = winner(found)) {
    report.notes.push_back(text::cat("there are other credentials for it in ", used->source, ": ", used->detail));
  }
  return report;
}

}  // namespace ociferry
