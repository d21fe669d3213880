#include "layout/foreign/packed_archive.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "archive/packing.hpp"
#include "archive/unpacker.hpp"
#include "base/shell_word.hpp"
#include "base/stop.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "medium/file_medium.hpp"
#include "medium/input_stream.hpp"
#include "medium/temporary_file.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

std::string_view packing_of_whole(const Medium& medium) {
  std::array<std::byte, 6> head{};
  const std::size_t got = medium.read_at(0, head);
  return packing_of(as_text(Bytes(head).first(got)));
}

bool can_unpack(std::string_view packing) { return packing == "gzip" || packing == "zstd"; }

/// The command that turns the file into a readable archive.
std::string command_for(std::string_view packing, const std::string& name) {
  const std::string file = shell_word(name);
  if (packing == "zip") return text::cat("unpack it, and give its content instead: unzip ", file);
  if (packing == "7z") return text::cat("unpack it, and give its content instead: 7z x ", file);
  if (packing == "rar") return text::cat("unpack it, and give its content instead: unrar x ", file);
  fs::path output = name;
  const bool is_tar = output.stem().extension() == ".tar";
  output = is_tar ? output.replace_extension() : fs::path(name + ".tar");
  return text::cat("decompress it first: ", packing, " -dc < ", file, " > ", shell_word(output.string()));
}

Error unsupported_packing(std::string_view packing, const std::string& name) {
  return Error(ErrorCode::Hostile, text::cat(name, " is packed with ", packing, ", and an archive is read by position"))
      .hint(command_for(packing, name));
}

/// Reports how much of a medium was read.
class CountedSource : public ByteSource {
 public:
  CountedSource(const Medium& medium, Progress& progress) : content_(medium, 0, medium.size()), progress_(progress) {}
  [[nodiscard]] std::size_t read(MutableBytes buffer) override {
    const std::size_t got = content_.read(buffer);
    progress_.advance(static_cast<std::int64_t>(got));
    return got;
  }

 private:
  MediumSource content_;
  Progress& progress_;
};

Error with_place_hint(Error error) { return error.hint("set TMPDIR to a directory with enough room"); }

void unpack_into(TemporaryFile& to, ByteSource& unpacked, const std::stop_token& stop) {
  std::vector<std::byte> buffer(kReadBufferBytes);
  while (const std::size_t got = unpacked.read(buffer)) {
    throw_if_stopped(stop);
    to.write(Bytes(buffer).first(got));
  }
}

}  // namespace

fs::path temporary_directory() {
  std::error_code failure;
  fs::path directory = fs::temp_directory_path(failure);
  if (failure) {
    throw with_place_hint(system_error(text::cat("looking for the directory of temporary files"), failure.value()));
  }
  return directory;
}

namespace {

/// What is there if no regular file is: a stream may be a compact archive, which shows when it is read.
bool is_stream(const fs::path& path) {
  return is_standard_input(path) || fs::is_fifo(path) || fs::is_socket(path) || fs::is_character_file(path);
}

}  // namespace

bool needs_temporary_file(const fs::path& path) noexcept {
  try {
    const auto medium = open_medium(path);
    return medium ? can_unpack(packing_of_whole(*medium)) : is_stream(path);
  } catch (...) {
    return false;  // opening the archive reports why
  }
}

void check_is_no_packing(const Medium& stream) {
  const std::string_view packing = packing_of_whole(stream);
  if (packing.empty()) return;
  throw Error(ErrorCode::Hostile, text::cat(stream.name(), " is a stream that is packed with ", packing))
      .hint(text::cat("unpack it on its way: ... | ", packing, " -dc | ociferry ..."));
}

std::unique_ptr<Medium> unpack_archive(std::unique_ptr<Medium> packed, const UnpackLimits& limits, Progress& progress,
                                       const std::stop_token& stop) {
  const std::string& name = packed->name();
  const std::string_view packing = packing_of_whole(*packed);
  if (packing.empty()) return packed;
  if (!can_unpack(packing)) throw unsupported_packing(packing, name);
  const fs::path directory = temporary_directory();
  TemporaryFile temporary(directory, text::cat("a temporary file in ", directory.string()));
  try {
    // The unpacked size is unknown; it is seldom below the packed one.
    temporary.check_room(packed->size(), "the unpacked archive");
    progress.warn(text::cat(name, " is packed with ", packing, ": unpacking it to a temporary file in ",
                            directory.string(), " (TMPDIR), which is gone at the end"));
    progress.phase(text::cat("unpacking ", name), packed->size());
    CountedSource content(*packed, progress);
    Unpacker unpacked(content, name, limits);
    unpack_into(temporary, unpacked, stop);
  } catch (Error& error) {
    if (error.code() == ErrorCode::Space) throw with_place_hint(std::move(error));
    // Whoever knows where the file comes from may want to allow a larger window.
    if (error.code() == ErrorCode::Hostile && packing == "zstd") error.hint(command_for("zstd --long=31", name));
    throw;
  }
  auto unpacked = std::move(temporary).finish(name);
  const std::string_view inner = packing_of_whole(*unpacked);
  if (inner.empty()) return unpacked;
  throw Error(ErrorCode::Hostile, text::cat(name, " is packed twice: with ", packing, ", and within that with ", inner))
      .hint(command_for(packing, name));
}

}  // namespace ociferry
