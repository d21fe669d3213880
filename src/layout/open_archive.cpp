#include <algorithm>
#include <array>

#include "archive/tar_header.hpp"
#include "archive/tar_parser.hpp"
#include "base/shell_word.hpp"
#include "base/sizes.hpp"
#include "base/text.hpp"
#include "layout/compact/checked_volumes.hpp"
#include "layout/compact/compact_reader.hpp"
#include "layout/compact/expanded_medium.hpp"
#include "layout/compact_beginning.hpp"
#include "layout/foreign/listed_archive.hpp"
#include "layout/foreign/oci_layout.hpp"
#include "layout/foreign/packed_archive.hpp"
#include "layout/limits.hpp"
#include "layout/missing_archive.hpp"
#include "layout/open_archive.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/volume_set.hpp"
#include "medium/device_reader.hpp"
#include "medium/file_medium.hpp"
#include "medium/input_stream.hpp"
#include "medium/stream_medium.hpp"
#include "oci/json.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

Error foreign(const std::string& name, std::string_view why) {
  return Error(ErrorCode::Hostile, text::cat(name, " is not a readable archive: ", why))
      .hint(
          "give a file that `ociferry export`, `imgpkg copy --to-tar` or `docker save` wrote, or an OCI image layout");
}

/// Throws if the file never was a tar. One that begins like our archives may be a damaged tar.
void check_is_tar(const Medium& medium) {
  std::array<std::byte, kTarBlock> head{};
  const std::size_t got = medium.read_at(0, head);
  if (got == 0) throw foreign(medium.name(), "it is empty");
  const std::string_view text = as_text(Bytes(head).first(got));
  constexpr std::size_t kMagic = 257;
  const bool has_magic = text.size() == kTarBlock && text.substr(kMagic).starts_with("ustar");
  if (has_magic || text.starts_with("oci-layout") || is_all_zero(head)) return;
  try {
    static_cast<void>(parse_tar_block(head));
  } catch (const Error&) {
    throw foreign(medium.name(), "it is not a tar file");
  }
}

/// The seal is among the first files, at the top level. Which files precede it depends on its version.
bool is_sealed(const Medium& medium) {
  const auto names = first_members(medium, kMostFrontFiles, kSealFile);
  const auto seal = std::ranges::find(names, kSealFile);
  return seal != names.end() && has_first_header(medium) &&
         std::none_of(names.begin(), seal, [](const std::string& file) { return file.find('/') != std::string::npos; });
}

/// Both docker-save archives and imgpkg's tars have a manifest.json, but only docker's entries have a Config.
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

bool holds_images(const FileTree& tree, const std::string& folder = "") {
  return tree.size_of(folder + "index.json") || tree.size_of(folder + "manifest.json");
}

/// `tree`, or the one folder in it that holds images: many tools pack a layout's folder instead of its content.
std::unique_ptr<FileTree> enter_folder(std::unique_ptr<FileTree> tree, bool is_directory,
                                       std::vector<std::string>& notes) {
  if (holds_images(*tree)) return tree;
  std::vector<std::string> found;
  for (const std::string& folder : tree->folders()) {
    if (holds_images(*tree, folder + "/")) found.push_back(folder);
  }
  if (found.empty()) return tree;
  if (found.size() > 1) {
    throw Error(ErrorCode::Hostile, text::cat(tree->name(), " holds several archives, in its folders ",
                                              text::printable(text::join(found, ", "))))
        .hint(is_directory ? text::cat("give one of them: ", shell_word(text::cat(tree->name(), "/", found.front())))
                           : text::cat("unpack it, and give one of them: mkdir images && tar -C images -xf ",
                                       shell_word(tree->name())));
  }
  notes.push_back(text::cat(tree->name(), ": reading the folder ", text::printable(found.front()), " in it"));
  return std::make_unique<Subtree>(std::move(tree), found.front());
}

/// skopeo's "dir:" has the manifest of an image, or an index, where docker-save archives have a list of images.
bool is_skopeo_directory(const FileTree& tree) {
  const auto size = tree.size_of("manifest.json");
  if (!size || *size > limits::kManifestBytes) return false;
  try {
    const Json manifest = Json::parse_leniently(tree.read("manifest.json", limits::kManifestBytes), "manifest.json");
    return manifest.find("schemaVersion") != nullptr;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Io) throw;
    return false;  // no JSON: reading it as a list says so
  }
}

Error no_skopeo_directory(const FileTree& tree, bool is_directory) {
  const std::string name = shell_word(tree.name());
  const std::string unpack = text::cat("mkdir images && tar -C images -xf ", name, " && ");
  return Error(ErrorCode::Hostile,
               text::cat(tree.name(), " is what skopeo writes to \"dir:\": it does not say what its images are called"))
      .hint(text::cat("let skopeo write an OCI archive: ", is_directory ? "" : unpack,
                      "skopeo copy --all dir:", is_directory ? name : "images", " oci-archive:images.tar"));
}

/// Of directories only layouts are read: they name files by digest, while a manifest.json could name any path of this
/// machine.
Error not_an_archive(const FileTree& tree, bool is_directory) {
  if (is_directory && tree.size_of("manifest.json")) {
    return Error(ErrorCode::Hostile,
                 text::cat(tree.name(), " is a docker-save archive or imgpkg tar that was unpacked; ",
                           "of directories only OCI image layouts are read"))
        .hint(text::cat("pack it again, and give that file: tar -C ", shell_word(tree.name()), " -cf images.tar ."));
  }
  const bool can_be_layout = is_directory || tree.size_of("oci-layout");
  return foreign(tree.name(), can_be_layout ? "index.json is missing, so it is not an OCI image layout"
                                            : "it holds neither index.json nor manifest.json");
}

/// Opens the files in their detected format.
std::shared_ptr<ImageArchive> open_files(std::unique_ptr<FileTree> tree, const UnpackLimits& limits, bool is_directory,
                                         std::vector<std::string>& notes) {
  const bool has_manifest = tree->size_of("manifest.json").has_value();
  const bool is_layout = tree->size_of("index.json") && (is_directory || !has_manifest || tree->size_of("oci-layout"));
  if (is_layout) {
    if (!tree->size_of("oci-layout")) notes.push_back(text::cat(tree->describe("oci-layout"), " is missing"));
    return std::make_shared<OciLayout>(std::move(tree));
  }
  if (is_skopeo_directory(*tree)) throw no_skopeo_directory(*tree, is_directory);
  if (has_manifest && !is_directory) return open_listed(std::move(tree), limits);
  throw not_an_archive(*tree, is_directory);
}

std::shared_ptr<ImageArchive> open_tree(std::unique_ptr<FileTree> tree, const UnpackLimits& limits, bool is_directory) {
  std::vector<std::string> notes;
  tree = enter_folder(std::move(tree), is_directory, notes);
  if (tree->size_of(std::string(kSealFile))) {
    notes.push_back(text::cat(tree->name(), ": its seal (", kSealFile, ") no longer holds, since the archive was ",
                              is_directory ? "unpacked" : "packed again by another program",
                              "; it is read as an unsealed OCI image layout"));
  }
  std::shared_ptr<ImageArchive> archive;
  try {
    archive = open_files(std::move(tree), limits, is_directory, notes);
  } catch (Error& error) {
    const bool is_malformed = error.code() == ErrorCode::Hostile || error.code() == ErrorCode::Incomplete;
    if (is_malformed) error.hint("have it written again by the tool that made it, or by `skopeo copy`");
    throw;
  }
  for (std::string& line : notes) archive->note(std::move(line));
  return archive;
}

std::shared_ptr<ImageArchive> open_tar(std::unique_ptr<Medium> medium, const UnpackLimits& limits) {
  check_is_tar(*medium);
  if (is_sealed(*medium)) return std::make_shared<ArchiveReader>(std::move(medium));
  return open_tree(std::make_unique<TarTree>(std::move(medium), limits), limits, false);
}

/// The sealed archive that `packed` is, in compact form. It has `stored` bytes. `volumes`: the same as
/// `packed`, if it is that, or null.
std::shared_ptr<ImageArchive> open_compact(std::unique_ptr<ByteSource> packed, const std::string& name,
                                           std::uint64_t stored, const UnpackLimits& limits, Reading reading,
                                           const std::stop_token& stop,
                                           const compact::CheckedVolumes* volumes = nullptr) {
  const fs::path directory = temporary_directory();
  auto unpacked = std::make_unique<compact::CompactReader>(std::move(packed), name, limits, directory, stop);
  const compact::Header header = unpacked->header();
  const std::shared_ptr<CompactBase> base = unpacked->base();
  std::unique_ptr<ByteSource> reader = std::move(unpacked);
  if (volumes != nullptr) reader = std::make_unique<compact::VolumeErrors>(std::move(reader), *volumes);
  std::unique_ptr<Medium> plain;
  if (reading == Reading::InOrder) {
    // A transfer that broke is repeated from these bytes. More would not help: the medium is not what breaks.
    constexpr StreamLimits kLimits{.front = 128 * kMiB, .window = 8 * kMiB};
    plain = std::make_unique<StreamMedium>(name, std::move(reader), kLimits);
  } else {
    plain = std::make_unique<compact::ExpandedMedium>(std::move(reader), header.archive_bytes, name, directory);
  }
  auto archive = std::make_shared<ArchiveReader>(std::move(plain));
  if (archive->fingerprint() != header.fingerprint || archive->total_bytes() != header.archive_bytes) {
    throw Error(ErrorCode::Corrupt, text::cat(name, " does not hold the archive that its header names"));
  }
  archive->set_compact_base(base);
  archive->set_compact({.stored = stored,
                        .kept = header.kept_bytes,
                        .memory = compact::CompactReader::kMostMemory,
                        .builds_on = header.base.archives});
  return archive;
}

/// Reads a medium that it owns, from the first byte on.
class OwnedMediumSource : public ByteSource {
 public:
  explicit OwnedMediumSource(std::unique_ptr<Medium> medium) : medium_(std::move(medium)) {}
  [[nodiscard]] std::size_t read(MutableBytes buffer) override {
    const std::size_t got = medium_->read_at(offset_, buffer);
    medium_->done_with(offset_, got);
    offset_ += got;
    return got;
  }

 private:
  std::unique_ptr<Medium> medium_;
  std::uint64_t offset_ = 0;
};

std::shared_ptr<ImageArchive> open_compact_set(std::unique_ptr<Medium> medium, std::optional<VolumeList> list,
                                               const UnpackLimits& limits, Reading reading,
                                               const std::stop_token& stop) {
  const std::string name = medium->name();
  const std::uint64_t stored = medium->size();
  auto source = std::make_unique<compact::CheckedVolumes>(std::move(medium), std::move(list));
  const compact::CheckedVolumes& volumes = *source;
  return open_compact(std::move(source), name, stored, limits, reading, stop, &volumes);
}

/// Takes all bytes, and does nothing.
class IgnoringSink : public ByteSink {
 public:
  void write(Bytes /*bytes*/) override {}
};

/// Only a sealed archive says at its beginning where everything is.
std::shared_ptr<ImageArchive> open_stream(std::unique_ptr<StreamMedium> medium, const UnpackLimits& limits,
                                          Reading reading, const std::stop_token& stop) {
  const std::string name = medium->name();
  if (compact::begins_compact(*medium)) {
    medium->pass(std::make_shared<IgnoringSink>());  // from here on it keeps the last bytes only
    return open_compact(std::make_unique<OwnedMediumSource>(std::move(medium)), name, 0, limits, reading, stop);
  }
  check_is_no_packing(*medium);
  check_is_tar(*medium);
  if (has_first_header(*medium)) {
    if (is_sealed(*medium)) return std::make_shared<ArchiveReader>(std::move(medium));
    throw Error(ErrorCode::Corrupt, text::cat(name, " begins like an archive, but its table is not there: the stream ",
                                              "was cut or damaged within its first ", medium->size(), " bytes"))
        .hint("see what the sender says, and run both sides again");
  }
  throw Error(ErrorCode::Usage, text::cat(name,
                                          " is a stream, and no archive that ociferry export wrote: any other is "
                                          "read by position"))
      .hint("write it to a file, and give that");
}

Error not_on_a_medium(const fs::path& path) {
  return Error(ErrorCode::Usage,
               text::cat(path.string(), " is not read back from its medium: only a file or volumes are"))
      .hint("verify it without --medium, or give a file");
}

std::shared_ptr<ImageArchive> open(const fs::path& path, const UnpackLimits& limits, Progress& progress,
                                   const std::stop_token& stop, const VolumeSearch& volumes, DeviceReader* device,
                                   Reading reading) {
  if (auto stream = open_input_stream(path, stop)) {
    if (device != nullptr) throw not_on_a_medium(path);
    return open_stream(std::move(stream), limits, reading, stop);
  }
  std::shared_ptr<ArchiveReader> whole;
  if (auto set = find_volumes(path, volumes, progress, &whole)) {
    const bool is_compact = set->is_compact;
    auto list = set->list;
    auto medium = open_volumes(*std::move(set), path, volumes, device);
    if (is_compact) return open_compact_set(std::move(medium), std::move(list), limits, reading, stop);
    return std::make_shared<ArchiveReader>(std::move(medium));
  }
  if (whole && device == nullptr) return whole;
  if (auto medium = device != nullptr ? device->open(path) : open_medium(path)) {
    if (compact::begins_compact(*medium)) return open_compact_archive(std::move(medium), limits, reading, stop);
    return open_tar(unpack_archive(std::move(medium), limits, progress, stop), limits);
  }
  std::error_code ignored;
  if (device != nullptr && fs::is_directory(path, ignored)) throw not_on_a_medium(path);
  if (fs::is_directory(path, ignored)) return open_tree(std::make_unique<DirectoryTree>(path), limits, true);
  throw Error(ErrorCode::Usage, text::cat(path.string(), " is neither a file, a directory nor a pipe"));
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

std::shared_ptr<ImageArchive> open_image_archive(const fs::path& path, const UnpackLimits& limits, Progress& progress,
                                                 const std::stop_token& stop, const VolumeSearch& volumes,
                                                 DeviceReader* device, Reading reading) {
  try {
    const auto archive = open(path, limits, progress, stop, volumes, device, reading);
    for (const std::string& line : archive->notes()) progress.warn(line);
    return archive;
  } catch (Error& error) {
    std::error_code unknown;
    const bool is_missing = error.code() == ErrorCode::NotFound && !fs::exists(path, unknown) && !unknown;
    if (is_missing) error.hint(hint_for_missing_archive(path));
    // These messages name the file already.
    const bool names_file = error.code() == ErrorCode::Usage || error.code() == ErrorCode::NotFound;
    if (names_file) throw;
    error.while_doing(text::cat("opening ", path.string()));
    if (error.code() == ErrorCode::Corrupt) {
      error.hint("the archive was damaged or changed after it was written: copy it again, and compare its sha256sum");
    }
    throw;
  }
}

std::shared_ptr<ImageArchive> open_compact_archive(std::unique_ptr<Medium> medium, const UnpackLimits& limits,
                                                   Reading reading, const std::stop_token& stop) {
  const std::string name = medium->name();
  const std::uint64_t stored = medium->size();
  return open_compact(std::make_unique<OwnedMediumSource>(std::move(medium)), name, stored, limits, reading, stop);
}

bool is_own_archive(const fs::path& path) {
  const auto medium = open_medium(path);
  try {
    return medium && (compact::begins_compact(*medium) || is_sealed(*medium));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Io) throw;
    return false;  // not a tar
  }
}

RawManifest make_raw_manifest(std::string bytes, const Digest& digest, std::string_view what) {
  const Json body = Json::parse_leniently(bytes, what);
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
