#include "http/authority_places.hpp"

#include <algorithm>
#include <string_view>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace ociferry {

namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

void append(Authorities& found, const fs::path& file) {
  found.pem += read_file(file, kMaxCertificateFile);
  found.pem += '\n';  // a file may end without one
}

/// True if there was a file in it.
bool append_directory(Authorities& found, const fs::path& directory) {
  std::error_code failure;
  std::vector<fs::path> files;
  for (fs::directory_iterator at(directory, failure); !failure && at != fs::directory_iterator();
       at.increment(failure)) {
    if (is_file(at->path())) files.push_back(at->path());
  }
  std::ranges::sort(files);
  for (const fs::path& file : files) append(found, file);
  if (!files.empty()) found.read.push_back(directory);
  return !files.empty();
}

std::string listed(const std::vector<fs::path>& paths) {
  std::string list;
  for (const fs::path& path : paths) list += text::cat(list.empty() ? "" : ", ", path.string());
  return list;
}

}  // namespace

AuthorityPlaces authority_places(const char* certificate_file, const char* certificate_directories,
                                 const char* built_in) {
  AuthorityPlaces places;
  for (const char* path : {certificate_file, built_in}) {
    if (path != nullptr && *path != '\0') places.files.emplace_back(path);
  }
  for (const char* path : {
           "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Gentoo
           "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // Red Hat, Fedora, Rocky
           "/etc/pki/tls/certs/ca-bundle.crt",                   // older ones of these
           "/var/lib/ca-certificates/ca-bundle.pem",             // SUSE
           "/etc/ssl/ca-bundle.pem",                             // older ones of these
           "/etc/ssl/cert.pem",                                  // Alpine
       }) {
    if (std::ranges::find(places.files, fs::path(path)) == places.files.end()) places.files.emplace_back(path);
  }
  std::string_view rest = certificate_directories == nullptr ? "" : certificate_directories;
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    if (colon != 0) places.directories.emplace_back(rest.substr(0, colon));
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  for (const char* path : {"/etc/ssl/certs", "/etc/pki/tls/certs", "/var/lib/ca-certificates/pem"}) {
    places.fallback_directories.emplace_back(path);
  }
  return places;
}

Authorities read_authorities(const AuthorityPlaces& places) {
  Authorities found;
  const auto file = std::ranges::find_if(places.files, is_file);
  if (file != places.files.end()) {
    append(found, *file);
    found.read.push_back(*file);
  }
  for (const fs::path& directory : places.directories) append_directory(found, directory);
  if (!found.read.empty()) return found;
  for (const fs::path& directory : places.fallback_directories) {
    if (append_directory(found, directory)) break;
  }
  return found;
}

std::string where_looked(const AuthorityPlaces& places, const Authorities& found) {
  if (!found.read.empty()) return text::cat("the authorities that are trusted are those in ", listed(found.read));
  std::vector<fs::path> all = places.files;
  all.insert(all.end(), places.directories.begin(), places.directories.end());
  all.insert(all.end(), places.fallback_directories.begin(), places.fallback_directories.end());
  return text::cat("no authority is trusted, since none of these exists: ", listed(all));
}

}  // namespace ociferry
