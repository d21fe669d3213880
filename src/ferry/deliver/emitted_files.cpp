#include "ferry/deliver/emitted_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <span>
#include <utility>

#include "base/fd.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ferry/deliver/lock_output.hpp"
#include "ferry/deliver/moved_names.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kFirstLine = "# Written by ociferry";
constexpr unsigned kEmittedMode = 0644;

using EmittedKind = EmittedFile::Kind;
constexpr std::array<std::pair<std::string_view, EmittedKind>, 5> kKinds{
    {{"containerd-hosts", EmittedKind::ContainerdHosts},
     {"registries-conf", EmittedKind::RegistriesConf},
     {"idms", EmittedKind::DigestMirrors},
     {"itms", EmittedKind::TagMirrors},
     {"kustomize", EmittedKind::Kustomize}}};

std::string_view name_of(EmittedKind kind) {
  return std::ranges::find(kKinds, kind, &decltype(kKinds)::value_type::second)->first;
}

std::string kind_names() {
  std::vector<std::string> names;
  for (const auto& [name, kind] : kKinds) names.emplace_back(name);
  return text::join(names, ", ");
}

bool is_ours(const fs::path& file) {
  const UniqueFd fd = open_file(file, O_RDONLY);
  std::string start(kFirstLine.size(), '\0');
  start.resize(pread_full(fd.get(), std::as_writable_bytes(std::span(start)), 0, file.string()));
  return start == kFirstLine;
}

/// Makes `directory`, and those above it.
void make_directories(const fs::path& directory) {
  if (directory.empty() || fs::is_directory(directory)) return;
  make_directories(directory.parent_path());
  make_directory_if_absent(directory);
}

void check_replaces_ours_only(const fs::path& file) {
  if (!fs::is_regular_file(file) || fs::file_size(file) == 0 || is_ours(file)) return;
  throw Error(ErrorCode::Usage, text::cat(file.string(), " exists, and ociferry has not written it"))
      .hint("choose another name and take over what you need; --emit replaces only what --emit wrote");
}

void check_directory(fs::path directory) {
  directory = fs::absolute(directory);
  while (!fs::exists(directory) && directory.has_relative_path()) directory = directory.parent_path();
  if (!fs::is_directory(directory)) {
    throw Error(ErrorCode::Usage, text::cat("'", directory.string(), "' is not a directory"));
  }
  if (::access(directory.c_str(), W_OK) != 0) {
    throw system_error(text::cat("checking that files can be written in ", directory.string()), errno);
  }
}

void write(const fs::path& path, const std::string& text) {
  const bool is_special = fs::exists(path) && !fs::is_regular_file(path);
  if (is_special) return write_lock_file(path, text);
  write_file_atomically(path, text, kEmittedMode);
}

}  // namespace

EmittedFile parse_emitted_file(std::string_view argument) {
  const auto equals = argument.find('=');
  const auto* const known = std::ranges::find(kKinds, argument.substr(0, equals), &decltype(kKinds)::value_type::first);
  if (equals == std::string_view::npos || equals + 1 == argument.size() || known == kKinds.end()) {
    throw Error(ErrorCode::Usage, text::cat("'", text::printable(argument), "' is not of the form KIND=FILE"))
        .hint(text::cat("KIND is one of ", kind_names()));
  }
  if (argument.substr(equals + 1) == "-") {
    throw Error(ErrorCode::Usage, text::cat("--emit ", argument, ": - is no file, and results are in standard output"))
        .hint("name a file; /dev/stderr writes it to standard error");
  }
  return {.kind = known->second, .path = fs::path(argument.substr(equals + 1))};
}

namespace {

/// Who asks a mirror for the old digest of a stripped index finds nothing there.
void tell_of_other_digests(const std::vector<PlacedImage>& names, std::vector<std::string>& inexpressible) {
  for (const auto& [from, to] : names) {
    if (!from.digest || !to.digest || from.digest == to.digest) continue;
    inexpressible.push_back(text::cat(to_string(Reference::by_digest(from.name, *from.digest)), " -> ",
                                      to_string(Reference::by_digest(to.name, *to.digest)),
                                      ": it has another digest now"));
  }
}

}  // namespace

EmittedText emitted_text(const EmittedFile& file, const std::vector<PlacedImage>& names) {
  const MovedNames moved = moved_names(names);
  EmittedText text;
  switch (file.kind) {
    case EmittedKind::ContainerdHosts: text = containerd_hosts(moved, file.path); break;
    case EmittedKind::RegistriesConf: text = registries_conf(moved, file.path); break;
    case EmittedKind::DigestMirrors: text = digest_mirrors(moved, file.path); break;
    case EmittedKind::TagMirrors: text = tag_mirrors(moved, file.path); break;
    case EmittedKind::Kustomize: text = kustomization(moved, file.path); break;
  }
  if (file.kind != EmittedKind::TagMirrors) tell_of_other_digests(names, text.inexpressible);
  for (auto& [path, content] : text.files) content.insert(0, text::cat(kFirstLine, "\n"));
  return text;
}

void check_emitted(const std::vector<EmittedFile>& files, const PlacedSet& placed) {
  std::set<fs::path> taken;
  std::vector<PlacedImage> names;
  for (const SetImage& image : placed.set().images()) {
    names.insert(names.end(), placed.names_of(image).begin(), placed.names_of(image).end());
  }
  for (const EmittedFile& file : files) {
    if (!taken.insert(fs::absolute(file.path).lexically_normal()).second) {
      throw Error(ErrorCode::Usage, text::cat("two --emit options write to ", file.path.string()));
    }
    if (file.kind == EmittedKind::ContainerdHosts) {
      check_directory(file.path);
    } else {
      check_lock_path(file.path);
    }
    for (const auto& [path, content] : emitted_text(file, names).files) check_replaces_ours_only(path);
  }
}

void write_emitted(const std::vector<EmittedFile>& files, const std::vector<PlacedImage>& names, Progress& progress) {
  for (const EmittedFile& file : files) {
    const EmittedText text = emitted_text(file, names);
    for (const auto& [path, content] : text.files) {
      if (file.kind == EmittedKind::ContainerdHosts) make_directories(path.parent_path());
      write(path, content);
    }
    if (text.inexpressible.empty()) continue;
    progress.warn(
        text::cat(file.path.string(), " (", name_of(file.kind), ") does not lead to ", text.inexpressible.size(),
                  " of the images, which have to be asked for by their new names:", text::listed(text.inexpressible)));
  }
}

}  // namespace ociferry
