#include "http/host_certificates.hpp"

#include <algorithm>
#include <optional>

#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

/// The names of the directory: the host as in references, or with its port.
std::vector<std::string> names_of(const Origin& host) {
  const std::string with_port = text::cat(host.host, ":", host.port);
  if (host.port != 443) return {with_port};
  return {host.host, with_port};
}

/// The files in it, sorted; nullopt if it does not exist or is not readable.
std::optional<std::vector<fs::path>> files_of(const fs::path& directory) {
  std::error_code failure;
  std::vector<fs::path> files;
  fs::directory_iterator at(directory, failure);
  for (; !failure && at != fs::directory_iterator(); at.increment(failure)) files.push_back(at->path());
  if (failure == std::errc::no_such_file_or_directory || failure == std::errc::not_a_directory ||
      failure == std::errc::permission_denied) {
    return std::nullopt;
  }
  if (failure) throw system_error(text::cat("reading '", directory.string(), "'"), failure.value());
  std::ranges::sort(files);
  return files;
}

fs::path partner_of(const fs::path& file, const char* extension, const std::vector<fs::path>& files) {
  fs::path partner = file;
  partner.replace_extension(extension);
  if (std::ranges::find(files, partner) != files.end()) return partner;
  throw Error(ErrorCode::Usage, text::cat("'", file.string(), "' has no '", partner.filename().string(), "' beside it"))
      .hint("a registry's client certificate is NAME.cert and NAME.key; authorities end in .crt");
}

HostCertificates sorted_out(const std::vector<fs::path>& files) {
  HostCertificates found;
  for (const fs::path& file : files) {
    const fs::path extension = file.extension();
    if (extension == ".crt") found.authorities.push_back(file);
    if (extension == ".key") static_cast<void>(partner_of(file, ".cert", files));
    if (extension != ".cert" || !found.client_certificate.empty()) continue;
    found.client_key = partner_of(file, ".key", files);
    found.client_certificate = file;
  }
  return found;
}

}  // namespace

HostCertificates find_host_certificates(const std::vector<fs::path>& directories, const Origin& host) {
  for (const fs::path& directory : directories) {
    for (const std::string& name : names_of(host)) {
      if (const auto files = files_of(directory / name)) return sorted_out(*files);
    }
  }
  return {};
}

CertificateStore::CertificateStore(Options options)
    : options_(std::move(options)), shared_(options_.authorities, options_.built_in) {}

const CertificateStore::Entry& CertificateStore::at(const Origin& host) {
  const std::lock_guard lock(mutex_);
  if (const auto known = entries_.find(host); known != entries_.end()) return known->second;
  Entry entry{.trusted = &shared_};
  if (host.scheme == "https") entry.certificates = find_host_certificates(options_.directories, host);
  if (const auto& authorities = entry.certificates.authorities; !authorities.empty()) {
    std::vector<fs::path> all = options_.authorities;
    all.insert(all.end(), authorities.begin(), authorities.end());
    entry.trusted = own_.emplace_back(std::make_unique<TrustStore>(all, options_.built_in)).get();
  }
  return entries_.emplace(host, std::move(entry)).first->second;
}

}  // namespace ociferry
