#include "medium/temporary_file.hpp"

#include "base/room.hpp"
#include "medium/file_medium.hpp"

namespace ociferry {

TemporaryFile::TemporaryFile(const std::filesystem::path& directory, std::string name)
    : directory_(directory), name_(std::move(name)), fd_(anonymous_file(directory)) {}

void TemporaryFile::check_room(std::uint64_t bytes, const std::string& what) const {
  const Room room = room_at(fd_.get(), directory_.string());
  if (auto lack = lack_of_room(room, bytes, 0, what, directory_.string())) throw *std::move(lack);
}

void TemporaryFile::write(Bytes bytes) { write_full(fd_.get(), bytes, name_); }

std::unique_ptr<Medium> TemporaryFile::finish(std::string name) && {
  return std::make_unique<FileMedium>(std::move(name), std::move(fd_));
}

}  // namespace ociferry
