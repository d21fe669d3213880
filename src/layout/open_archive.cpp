#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.hpp"
#include "layout/archive_reader.hpp"
#include "layout/listed_archive.hpp"
#include "layout/oci_layout.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

Error foreign(const std::string& name, std::string_view why) {
  return Error(ErrorCode::Hostile, text::cat(name, " is no archive that can be read: ", why))
      .hint(
          "give a file that `ociferry export`, `imgpkg copy --to-tar` or `docker save` wrote, or an OCI image layout");
}

/// Archives are read by position, and a compressed file has none.
void refuse_compressed(int fd, const std::string& name) {
  std::array<std::byte, 6> head{};
  const std::size_t got = pread_full(fd, head, 0, name);
  const std::string_view magic = as_text(Bytes(head).first(got));
  if (magic.empty()) throw foreign(name, "it is empty");
  std::string_view tool;
  if (magic.starts_with("\x1f\x8b")) tool = "gzip";
  if (magic.starts_with("\x28\xb5\x2f\xfd")) tool = "zstd";
  if (magic.starts_with(std::string_view("\xfd"
                                         "7zXZ\0",
                                         6)))
    tool = "xz";
  if (magic.starts_with("BZh")) tool = "bzip2";
  if (tool.empty()) return;
  throw Error(ErrorCode::Hostile, text::cat(name, " is compressed with ", tool, ": an archive is read by position"))
      .hint(text::cat("decompress it first: ", tool, " -dk ", name));
}

/// Which files come before the seal says its version.
bool is_sealed(int fd, const std::string& name) {
  const auto names = first_members(fd, name, kMostFrontFiles, kSealFile);
  const auto seal = std::ranges::find(names, kSealFile);
  return seal != names.end() && names.front() == "oci-layout" &&
         std::none_of(names.begin(), seal, [](const std::string& file) { return file.find('/') != std::string::npos; });
}

/// Both kinds have a manifest.json with a list of images, but only docker's name a file as Config.
bool is_docker(const std::string& manifest, const std::string& what) {
  const Json list = Json::parse(manifest, what);
  const auto* images = list.as_array();
  return images != nullptr && !images->empty() && images->front().find("Config") != nullptr;
}

std::shared_ptr<ImageArchive> open_listed(std::unique_ptr<FileTree> tree, const UnpackLimits& limits) {
  const std::string manifest = tree->read("manifest.json", limits::kLayoutFileBytes);
  if (is_docker(manifest, tree->describe("manifest.json"))) {
    ListedContents contents = read_docker_archive(*tree, limits);
    return std::make_shared<ListedArchive>(ArchiveFormat::DockerArchive, std::move(tree), std::move(contents));
  }
  return std::make_shared<ListedArchive>(ArchiveFormat::ImgpkgTar, std::move(tree), read_imgpkg_manifest(manifest));
}

std::shared_ptr<ImageArchive> open_tree(std::unique_ptr<FileTree> tree, const UnpackLimits& limits) {
  if (tree->size_of("oci-layout") && tree->size_of("index.json")) return std::make_shared<OciLayout>(std::move(tree));
  if (tree->size_of("manifest.json")) return open_listed(std::move(tree), limits);
  throw foreign(tree->name(), "it holds neither oci-layout and index.json nor manifest.json");
}

std::shared_ptr<ImageArchive> open_directory(const fs::path& path) {
  auto tree = std::make_unique<DirectoryTree>(path);
  // Only a layout names its files by digest: paths out of a manifest.json could lead anywhere on this machine.
  if (tree->size_of("oci-layout") && tree->size_of("index.json")) return std::make_shared<OciLayout>(std::move(tree));
  throw foreign(tree->name(), "of directories only OCI image layouts are read, with oci-layout and index.json");
}

std::shared_ptr<ImageArchive> open_file_archive(const fs::path& path, UniqueFd fd, const UnpackLimits& limits) {
  const std::string name = path.string();
  refuse_compressed(fd.get(), name);
  if (is_sealed(fd.get(), name)) return std::make_shared<ArchiveReader>(name, std::move(fd));
  auto tree = std::make_unique<TarTree>(name, std::move(fd), limits);
  if (!tree->size_of(std::string(kSealFile))) return open_tree(std::move(tree), limits);
  throw Error(ErrorCode::Corrupt, text::cat(tree->describe(std::string(kSealFile)),
                                            ": a seal, but not the archive that was sealed, whose third member it is"))
      .hint(
          "if it was unpacked and packed again on purpose, leave ociferry.json out to have it read as a plain layout");
}

}  // namespace

std::string_view to_string(ArchiveFormat format) {
  switch (format) {
    case ArchiveFormat::Sealed: return "sealed archive";
    case ArchiveFormat::OciLayout: return "OCI image layout";
    case ArchiveFormat::ImgpkgTar: return "imgpkg tar";
    case ArchiveFormat::DockerArchive: return "docker-save archive";
  }
  return "";
}

std::shared_ptr<ImageArchive> open_image_archive(const fs::path& path, const UnpackLimits& limits) {
  UniqueFd fd = open_file(path, O_RDONLY | O_NONBLOCK);  // a pipe without a writer would block
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw system_error(text::cat("looking at ", path.string()), errno);
  if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::Usage,
                text::cat(path.string(), " is neither a file nor a directory: an archive is read by position"));
  }
  try {
    if (S_ISDIR(status.st_mode)) return open_directory(path);
    return open_file_archive(path, std::move(fd), limits);
  } catch (Error& error) {
    error.while_doing(text::cat("opening ", path.string()));
    if (error.code() == ErrorCode::Corrupt) {
      error.hint("the archive was damaged or changed after it was written: copy it again, and compare its sha256sum");
    }
    throw;
  }
}

RawManifest make_raw_manifest(std::string bytes, const Digest& digest, std::string_view what) {
  const Json body = Json::parse(bytes, what);
  RawManifest raw{.descriptor = {.media_type = body.string_at("mediaType"), .digest = digest},
                  .bytes = std::move(bytes)};
  raw.descriptor.size = raw.bytes.size();
  if (raw.descriptor.media_type.empty()) {
    const bool is_index = body.find("manifests") != nullptr;
    raw.descriptor.media_type = is_index ? media_type::kOciIndex : media_type::kOciManifest;
  }
  return raw;
}

}  // namespace ociferry
