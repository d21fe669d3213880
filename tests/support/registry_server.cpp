#include "support/registry_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry::testing {

namespace {

constexpr int kStartAttempts = 5;
constexpr std::chrono::seconds kStartPatience{30};
constexpr std::chrono::milliseconds kPause{2};
constexpr std::string_view kMarker = "/v2/?rig=";

std::string auth_section(const RegistryOptions& options, const std::filesystem::path& directory) {
  if (options.token) {
    return text::cat("auth: {token: {realm: \"", options.token->url, "\", service: \"", options.token->service,
                     "\", issuer: \"", options.token->issuer, "\", rootcertbundle: \"",
                     options.token->certificates.string(), "\"}}\n");
  }
  if (options.user.empty()) return "";
  return text::cat("auth: {htpasswd: {realm: test, path: \"", (directory / "htpasswd").string(), "\"}}\n");
}

std::string tls_section(const RegistryOptions& options) {
  if (!options.tls) return "";
  return text::cat(", tls: {certificate: \"", options.tls->certificate.string(), "\", key: \"",
                   options.tls->key.string(), "\"",
                   options.client ? text::cat(", clientcas: [\"", options.tls->authority.string(), "\"]") : "", "}");
}

// 127.0.0.1 - - [23/Nov/2026:10:22:19 +0000] "GET /v2/ HTTP/1.1" 200 2 "" "curl/7.88.1"
std::optional<LoggedRequest> parse_log_line(const std::string& line) {
  const std::vector<std::string> quoted = text::split(line, '"');
  if (quoted.size() < 6) return std::nullopt;
  const std::vector<std::string> request = text::split(quoted[1], ' ');
  if (request.size() != 3) return std::nullopt;
  return LoggedRequest{request[0], request[1], std::stoi(quoted[2]), quoted[5]};
}

}  // namespace

std::uint16_t free_port() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), generic, length) != 0 || ::getsockname(socket.get(), generic, &length) != 0) {
    throw system_error("looking for a free port", errno);
  }
  return ntohs(address.sin_port);
}

RegistryServer::RegistryServer(RegistryOptions options) : options_(std::move(options)) {
  if (!options_.user.empty()) {
    const std::vector<std::string> user = text::split(options_.user, ':');
    write_text(directory_.path() / "htpasswd",
               run_or_throw({.arguments = {"htpasswd", "-Bbn", user.at(0), user.at(1)}}));
  }
  for (int attempt = 0; attempt < kStartAttempts; ++attempt) {
    port_ = free_port();
    write_configuration();
    if (comes_up()) return;
  }
  throw Error(ErrorCode::Internal, text::cat("docker-registry does not start:\n", process_->err()));
}

std::string RegistryServer::host() const { return text::cat("127.0.0.1:", port_); }
std::string RegistryServer::url() const { return text::cat(options_.tls ? "https://" : "http://", host()); }

void RegistryServer::write_configuration() const {
  const std::filesystem::path& directory = directory_.path();
  write_text(
      directory / "config.yml",
      text::cat("version: 0.1\n"
                "log: {level: error, accesslog: {disabled: false}}\n"
                "validation: {manifests: {urls: {allow: [",
                options_.takes_urls ? "'.*'" : "", "]}}}\n",
                "storage: {delete: {enabled: ", options_.deletes ? "true" : "false", "}, ",
                options_.remembers_blobs ? "cache: {blobdescriptor: inmemory}, " : "", "filesystem: {rootdirectory: \"",
                (directory / "data").string(), "\"}}\n", auth_section(options_, directory),
                "http: {secret: rig, addr: \"", host(), "\"", tls_section(options_), "}\n"));
}

// Another program may have taken the port since `free_port`. What answers is our registry only if the request
// shows in its own log; if it could not listen, it ends, and the caller tries another port.
bool RegistryServer::comes_up() {
  log_begin_ = 0;
  process_.emplace(Program{{"docker-registry", "serve", (directory_.path() / "config.yml").string()}});
  return settle();
}

void RegistryServer::stop() {
  if (!process_) return;
  process_->send_signal(SIGTERM);
  process_->wait();
  process_.reset();
}

void RegistryServer::start() {
  if (process_) throw Error(ErrorCode::Internal, "the registry runs already");
  if (!comes_up()) throw Error(ErrorCode::Internal, text::cat("docker-registry does not start:\n", process_->err()));
}

void RegistryServer::collect_garbage() const {
  run_or_throw({.arguments = {"docker-registry", "garbage-collect", (directory_.path() / "config.yml").string()}});
}

// The log lines of small answers are written before the answer is sent; that of a large one a moment after its last
// byte. So a later request of our own is made, and when that one shows, so do the others.
bool RegistryServer::settle() {
  const std::string marker = text::cat(kMarker, ++markers_, " ");
  const std::string marker_url = text::cat(url(), text::trim(marker));
  const auto deadline = std::chrono::steady_clock::now() + kStartPatience;
  bool sent = false;
  while (process_->running()) {
    sent = sent ||
           perform({.url = marker_url, .any_certificate = true, .client = options_.client.value_or(ClientIdentity{})})
                   .status != 0;
    if (process_->out().find(marker) != std::string::npos) return true;
    if (std::chrono::steady_clock::now() > deadline) {
      throw Error(ErrorCode::Internal, text::cat("docker-registry does not answer:\n", process_->err()));
    }
    std::this_thread::sleep_for(kPause);
  }
  return false;
}

std::vector<LoggedRequest> RegistryServer::requests() {
  if (!process_ || !settle()) throw Error(ErrorCode::Internal, "the registry does not run");
  std::vector<LoggedRequest> requests;
  for (const std::string& line : text::split(process_->out().substr(log_begin_), '\n')) {
    const std::optional<LoggedRequest> request = parse_log_line(line);
    if (request && !request->path.starts_with(kMarker)) requests.push_back(*request);
  }
  return requests;
}

void RegistryServer::forget_requests() {
  if (!process_ || !settle()) throw Error(ErrorCode::Internal, "the registry does not run");
  log_begin_ = process_->out().size();
}

HttpAnswer RegistryServer::request(const std::string& method, const std::string& path,
                                   const std::vector<std::string>& headers, const std::string& body) const {
  HttpCall call{
      .method = method, .url = path.starts_with("http") ? path : url() + path, .headers = headers, .body = body};
  call.user = options_.user;
  if (!token_.empty()) call.headers.push_back("Authorization: Bearer " + token_);
  if (options_.tls) call.certificate_authority = options_.tls->authority;
  if (options_.client) call.client = *options_.client;
  return perform(call);
}

}  // namespace ociferry::testing
