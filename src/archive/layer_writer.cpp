#include "archive/layer_writer.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/fd.hpp"
#include "base/stop.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/go_gzip.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kReadBuffer = 256 * 1024;
constexpr std::uint32_t kDirectoryMode = 0700;
constexpr std::uint32_t kFileMode = 0600;
constexpr std::array<std::byte, kTarEnd> kZeros{};

/// Forwards bytes, and counts and hashes them.
class HashingSink : public ByteSink {
 public:
  explicit HashingSink(ByteSink& inner) : inner_(inner) {}
  void write(Bytes bytes) override {
    hasher_.update(bytes);
    inner_.write(bytes);
    count_ += bytes.size();
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] Digest finish() { return hasher_.finish(); }

 private:
  ByteSink& inner_;
  Hasher hasher_;
  std::uint64_t count_ = 0;
};

/// The chain from tar members to the compressed layer.
class LayerStream {
 public:
  explicit LayerStream(ByteSink& out) : compressed_(out) {}

  void begin(const TarEntry& entry) { tar_.write(as_bytes(tar_header(entry))); }
  void content(Bytes bytes) { tar_.write(bytes); }
  void end(const TarEntry& entry) { tar_.write(Bytes(kZeros).first(tar_padding(entry.size))); }

  void add(const TarEntry& entry, std::string_view bytes) {
    begin(entry);
    content(as_bytes(bytes));
    end(entry);
  }

  [[nodiscard]] PackedLayer finish() {
    tar_.write(Bytes(kZeros).first(kTarEnd));
    gzip_.finish();
    return {.diff_id = tar_.finish(),
            .layer = {.media_type = std::string(media_type::kDockerLayerGzip),
                      .digest = compressed_.finish(),
                      .size = compressed_.count()}};
  }

 private:
  HashingSink compressed_;
  GoGzipSink gzip_{compressed_};
  HashingSink tar_{gzip_};
};

/// The mode bits as Go has them: its special bits differ from those of Unix.
std::uint32_t go_mode(std::uint32_t mode, TarType type) {
  std::uint32_t out = mode & 0777;
  if ((mode & S_ISUID) != 0) out |= 1U << 23;
  if ((mode & S_ISGID) != 0) out |= 1U << 22;
  if ((mode & S_ISVTX) != 0) out |= 1U << 20;
  if (type == TarType::Directory) out |= 1U << 31;
  return out;
}

std::uint32_t packed_mode(const FileEntry& file, Permissions permissions) {
  const bool is_directory = file.type == TarType::Directory;
  if (permissions == Permissions::Preserve) return go_mode(is_directory ? file.root_mode : file.mode, file.type);
  return is_directory ? kDirectoryMode : file.mode & 0700;
}

Error changed(const FileEntry& file) {
  return Error(ErrorCode::Io, text::cat(file.path.string(), " changed while it was being read"))
      .hint("make sure that nothing writes to the files, then push again");
}

UniqueFd open_listed(const FileEntry& file) {
  // O_NONBLOCK, since opening a pipe in the file's place would wait for a writer.
  UniqueFd fd = open_file(file.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw system_error(text::cat("looking at ", file.path.string()), errno);
  if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) != file.size) throw changed(file);
  return fd;
}

void copy_content(const FileEntry& file, LayerStream& layer, MutableBytes buffer, const std::stop_token& stop) {
  const UniqueFd fd = open_listed(file);
  for (std::uint64_t done = 0; done < file.size;) {
    throw_if_stopped(stop);
    const auto part = buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), file.size - done)));
    if (pread_full(fd.get(), part, done, file.path.string()) != part.size()) throw changed(file);
    layer.content(part);
    done += part.size();
  }
  if (file_size(fd.get(), file.path.string()) != file.size) throw changed(file);
}

}  // namespace

PackedLayer write_layer(const std::vector<FileEntry>& files, Permissions permissions, ByteSink& out,
                        std::stop_token stop) {
  LayerStream layer(out);
  std::vector<std::byte> buffer(kReadBuffer);
  for (const FileEntry& file : files) {
    const TarEntry entry{
        .name = file.name, .type = file.type, .mode = packed_mode(file, permissions), .size = file.size};
    layer.begin(entry);
    if (file.type == TarType::File) copy_content(file, layer, buffer, stop);
    layer.end(entry);
  }
  return layer.finish();
}

PackedLayer write_layer(const std::map<std::string, std::string>& files, ByteSink& out) {
  LayerStream layer(out);
  layer.begin({.name = ".", .type = TarType::Directory, .mode = kDirectoryMode});
  for (const auto& [name, content] : files) {
    layer.add({.name = name, .mode = kFileMode, .size = content.size()}, content);
  }
  return layer.finish();
}

}  // namespace ociferry
