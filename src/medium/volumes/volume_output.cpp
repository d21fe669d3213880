#include "medium/volumes/volume_output.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.hpp"
#include "base/system_calls.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "medium/file_medium.hpp"
#include "medium/volumes/volume_list.hpp"
#include "medium/volumes/volume_medium.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

void remove_volume(const std::filesystem::path& path) {
  if (calls::unlinkat(AT_FDCWD, path.c_str(), 0) == 0 || errno == ENOENT) return;
  throw system_error(text::cat("removing ", path.string()), errno);
}

}  // namespace

VolumeOutput::VolumeOutput(std::string output, std::vector<PlannedVolume> volumes,
                           std::vector<std::filesystem::path> retired, std::vector<std::filesystem::path> leftovers,
                           std::shared_ptr<RunningSums> sums)
    : output_(std::move(output)),
      name_(name_of_volumes(output_, volumes.size())),
      volumes_(std::move(volumes)),
      retired_(std::move(retired)),
      leftovers_(std::move(leftovers)),
      sums_(std::move(sums)) {
  std::uint64_t end = 0;
  for (const PlannedVolume& volume : volumes_) {
    files_.push_back(std::make_unique<PartialFile>(volume.path));
    ends_.push_back(end += volume.bytes);
  }
  if (!sums_) return;
  sums_->start([this](std::uint64_t offset, MutableBytes buffer) {
    if (read_at(offset, buffer) == buffer.size()) return;
    throw Error(ErrorCode::Io, text::cat(name_at(offset), " has lost what was written to it"));
  });
}

VolumeOutput::~VolumeOutput() {
  if (sums_) sums_->stop();
}

VolumeOutput::Piece VolumeOutput::piece_at(std::uint64_t offset, std::size_t most) const noexcept {
  const auto part = static_cast<std::size_t>(std::ranges::upper_bound(ends_, offset) - ends_.begin());
  const std::uint64_t begin = ends_[part] - volumes_[part].bytes;
  return {part, offset - begin, static_cast<std::size_t>(std::min<std::uint64_t>(most, ends_[part] - offset))};
}

std::uint64_t VolumeOutput::size() const {
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (files_[i]->size() != volumes_[i].bytes) return 0;
  }
  return ends_.back();
}

const std::string& VolumeOutput::name_at(std::uint64_t offset) const noexcept {
  return offset < ends_.back() ? files_[piece_at(offset, 1).part]->name() : name_;
}

std::size_t VolumeOutput::read_at(std::uint64_t offset, MutableBytes buffer) const {
  std::size_t done = 0;
  while (done < buffer.size() && offset + done < ends_.back()) {
    const Piece piece = piece_at(offset + done, buffer.size() - done);
    const std::size_t got = files_[piece.part]->read_at(piece.offset, buffer.subspan(done, piece.size));
    done += got;
    if (got < piece.size) break;
  }
  return done;
}

std::uint64_t VolumeOutput::begin_at(std::uint64_t offset) const noexcept {
  return offset < ends_.back() ? offset - piece_at(offset, 1).offset : 0;
}

std::uint64_t VolumeOutput::end_at(std::uint64_t offset) const {
  return offset < ends_.back() ? ends_[piece_at(offset, 1).part] : ends_.back();
}

void VolumeOutput::write_at(std::uint64_t offset, Bytes bytes) {
  if (offset + bytes.size() > ends_.back()) throw Error(ErrorCode::Internal, text::cat("writing behind ", name_));
  const std::uint64_t begin = offset;
  const std::uint64_t size = bytes.size();
  while (!bytes.empty()) {
    const Piece piece = piece_at(offset, bytes.size());
    files_[piece.part]->write_at(piece.offset, bytes.first(piece.size));
    bytes = bytes.subspan(piece.size);
    offset += piece.size;
  }
  if (sums_) sums_->wrote(begin, size);
}

void VolumeOutput::hash_jointly(std::uint64_t offset, Bytes bytes, Hasher& hasher) {
  if (!sums_) return hasher.update(bytes);
  sums_->hash_jointly(offset, bytes, hasher);
}

std::uint64_t VolumeOutput::written_until(std::uint64_t offset) const {
  while (offset < ends_.back()) {
    const Piece piece = piece_at(offset, 1);
    const std::uint64_t hole = files_[piece.part]->written_until(piece.offset);
    const std::uint64_t begin = offset - piece.offset;
    if (hole < volumes_[piece.part].bytes) return begin + hole;
    offset = ends_[piece.part];
  }
  return offset;
}

void VolumeOutput::reserve(std::uint64_t bytes, Existing existing) {
  if (bytes != ends_.back()) throw Error(ErrorCode::Internal, text::cat(name_, " are not of ", bytes, " bytes"));
  for (const auto& path : leftovers_) remove_volume(path);
  const auto remove_empty_ones = [&] {
    if (existing == Existing::Keep) return;
    for (const PlannedVolume& volume : volumes_) {
      static_cast<void>(calls::unlinkat(AT_FDCWD, PartialFile::path_for(volume.path).c_str(), 0));
    }
  };
  try {
    if (auto lack = lack_of_room_for(volumes_, output_)) {
      throw std::move(*lack).while_doing("checking the output before anything is downloaded");
    }
    for (std::size_t i = 0; i < files_.size(); ++i) files_[i]->reserve(volumes_[i].bytes, existing);
  } catch (...) {
    remove_empty_ones();
    throw;
  }
}

void VolumeOutput::sync() {
  for (const auto& file : files_) file->sync();
}

std::unique_ptr<Medium> VolumeOutput::reopen(DeviceReader* device) const {
  std::vector<VolumeMedium::Part> parts;
  for (std::size_t i = 0; i < files_.size(); ++i)
    parts.push_back({.name = files_[i]->name(), .size = volumes_[i].bytes});
  return std::make_unique<VolumeMedium>(name_, std::move(parts),
                                        [this, device](std::size_t i) { return files_[i]->reopen(device); });
}

void VolumeOutput::publish() {
  if (sums_) sums_->stop();
  // A list says that a set is complete, so it loses its name before the first of its volumes goes.
  const auto is_list = [](const std::filesystem::path& path) { return path.string().ends_with(kVolumeListSuffix); };
  const auto retired_list = [](const std::filesystem::path& path) { return path.string().append(kRetiredListSuffix); };
  for (const auto& path : retired_) {
    if (!is_list(path)) continue;
    rename_file(path, retired_list(path));
    fsync_directory(path.parent_path());
  }
  for (const auto& path : retired_) {
    if (is_list(path)) continue;
    remove_volume(path);
    fsync_directory(path.parent_path());
  }
  for (const auto& path : retired_) {
    if (is_list(path)) remove_volume(retired_list(path));
  }
  for (const auto& file : files_) file->publish();
}

}  // namespace ociferry
