#include "layout/foreign/packed_archive.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "archive/packing.hpp"
#include "archive/unpacker.hpp"
#include "base/room.hpp"
#include "base/shell_word.hpp"
#include "base/sizes.hpp"
#include "base/stop.hpp"
#include "base/temporary.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

std::string_view packing_of_file(int fd, const std::string& name) {
  std::array<std::byte, 6> head{};
  const std::size_t got = pread_full(fd, head, 0, name);
  return packing_of(as_text(Bytes(head).first(got)));
}

bool can_unpack(std::string_view packing) { return packing == "gzip" || packing == "zstd"; }

/// The one command that makes something of the file that can be read.
std::string command_for(std::string_view packing, const std::string& name) {
  const std::string file = shell_word(name);
  if (packing == "zip") return text::cat("unpack it, and give what was in it: unzip ", file);
  if (packing == "7z") return text::cat("unpack it, and give what was in it: 7z x ", file);
  if (packing == "rar") return text::cat("unpack it, and give what was in it: unrar x ", file);
  fs::path output = name;
  const bool is_tar = output.stem().extension() == ".tar";
  output = is_tar ? output.replace_extension() : fs::path(name + ".tar");
  return text::cat("decompress it first: ", packing, " -dc < ", file, " > ", shell_word(output.string()));
}

Error other_program(std::string_view packing, const std::string& name) {
  return Error(ErrorCode::Hostile, text::cat(name, " is packed with ", packing, ", and an archive is read by position"))
      .hint(command_for(packing, name));
}

/// Tells how much of a file was read.
class CountedSource : public ByteSource {
 public:
  CountedSource(int fd, std::uint64_t size, const std::string& name, Progress& progress)
      : content_(fd, 0, size, name), progress_(progress) {}
  [[nodiscard]] std::size_t read(MutableBytes buffer) override {
    const std::size_t got = content_.read(buffer);
    progress_.advance(static_cast<std::int64_t>(got));
    return got;
  }

 private:
  FileSource content_;
  Progress& progress_;
};

Error with_place_hint(Error error) { return error.hint("set TMPDIR to a directory with enough room"); }

fs::path temporary_directory() {
  std::error_code failure;
  fs::path directory = fs::temp_directory_path(failure);
  if (failure) {
    throw with_place_hint(system_error(text::cat("looking for the directory of temporary files"), failure.value()));
  }
  return directory;
}

void unpack_into(int to, ByteSource& unpacked, const fs::path& directory, const std::stop_token& stop) {
  std::vector<std::byte> buffer(kMiB);
  while (const std::size_t got = unpacked.read(buffer)) {
    throw_if_stopped(stop);
    write_full(to, Bytes(buffer).first(got), text::cat("a temporary file in ", directory.string()));
  }
}

}  // namespace

bool needs_temporary_file(const fs::path& path) noexcept {
  try {
    const UniqueFd fd = open_file(path, O_RDONLY | O_NONBLOCK);
    struct stat status {};
    return ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode) &&
           can_unpack(packing_of_file(fd.get(), path.string()));
  } catch (...) {
    return false;  // whoever opens it says why
  }
}

UniqueFd unpack_archive(UniqueFd fd, const std::string& name, const UnpackLimits& limits, Progress& progress,
                        const std::stop_token& stop) {
  const std::string_view packing = packing_of_file(fd.get(), name);
  if (packing.empty()) return fd;
  if (!can_unpack(packing)) throw other_program(packing, name);
  const fs::path directory = temporary_directory();
  const std::uint64_t size = file_size(fd.get(), name);
  UniqueFd temporary = anonymous_file(directory);
  // How long it gets is not known before; it is seldom shorter than what it is unpacked from.
  if (auto lack = lack_of_room(room_at(temporary.get(), directory.string()), size, 0, "the unpacked archive",
                               directory.string())) {
    throw with_place_hint(*std::move(lack));
  }
  progress.warn(text::cat(name, " is packed with ", packing, ": unpacking it to a temporary file in ",
                          directory.string(), " (TMPDIR), which is gone at the end"));
  progress.phase(text::cat("unpacking ", name), size);
  try {
    CountedSource packed(fd.get(), size, name, progress);
    Unpacker unpacked(packed, name, limits);
    unpack_into(temporary.get(), unpacked, directory, stop);
  } catch (Error& error) {
    if (error.code() == ErrorCode::Space) throw with_place_hint(std::move(error));
    throw;
  }
  return temporary;
}

}  // namespace ociferry
