#include "ferry/download.hpp"

#include <fcntl.h>

#include <cerrno>

#include "base/room.hpp"
#include "base/system_calls.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "transfer/parallel.hpp"
#include "transfer/progress_meter.hpp"

namespace ociferry {

namespace {

/// True if so many bytes may come in pieces.
bool is_large(std::uint64_t bytes) { return bytes >= 2 * PieceRules{}.least; }

}  // namespace

Download::Download(const std::filesystem::path& path, const Descriptor& layer, BlobSource& source, const Jobs& jobs,
                   Progress& progress)
    : fd_(open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600)),
      file_(path.string()),
      layer_(layer),
      source_(source),
      jobs_(jobs),
      progress_(progress) {}

void Download::run(const std::stop_token& stop) {
  if (const std::uint64_t there = begin(); there > 0) {
    try {
      return attempt(there, stop);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Corrupt) throw;
      progress_.debug(text::cat(error.message(), "; what an earlier run had left of it is of no use"));
    }
  }
  try {
    return attempt(0, stop);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Corrupt) throw;
    progress_.warn(text::cat(error.message(), "; fetching it once more"));
  }
  attempt(0, stop);
}

/// How much of the layer seems to be there. The file of a small one grows as it is written, so that its length tells;
/// one that may come in pieces has holes.
std::uint64_t Download::begin() {
  const std::uint64_t there = file_size(fd_.get(), file_);
  if (there < layer_.size) return there;
  if (there == layer_.size) return is_large(there) && place().has_hole({0, there}) ? place().written(there) : there;
  if (calls::ftruncate(fd_.get(), 0) != 0) throw system_error(text::cat("emptying ", file_), errno);
  return 0;
}

FilePlace Download::place() const { return {.fd = fd_.get(), .offset = 0, .name = file_}; }

/// Lets the file have its whole length, so that pieces can be written ahead, if the holes before them show then. Else
/// its length must go on telling what is there.
void Download::prepare_for_pieces(std::uint64_t there) {
  const auto resize = [this](std::uint64_t size) {
    if (calls::ftruncate(fd_.get(), static_cast<off_t>(size)) == 0) return;
    throw system_error(text::cat("resizing ", file_), errno);
  };
  resize(layer_.size);
  if (place().has_hole({there, layer_.size})) return;
  resize(there);
  board_.close();
}

void Download::attempt(std::uint64_t there, const std::stop_token& stop) {
  try {
    reserve_room(fd_.get(), layer_.size, Length::Keep, file_);
    if (is_large(layer_.size - there)) prepare_for_pieces(there);
    fetch(there, stop);
  } catch (Error& error) {
    if (error.code() == ErrorCode::Space) {
      error.while_doing(text::cat("downloading a layer of ", layer_.size, " bytes"));
      error.hint("free some space, or choose a place on another file system: what the layer unpacks to comes on top");
    }
    throw;
  }
}

void Download::fetch(std::uint64_t there, const std::stop_token& stop) {
  ProgressMeter meter(progress_);
  const auto run = [&](std::size_t, const std::stop_token& token) {
    PiecewiseFetch(place(), there, layer_, source_, board_, meter, token).run();
  };
  if (!is_large(layer_.size - there)) return run(0, stop);
  run_parallel_or_throw(
      jobs_, 1, stop, run, [&] { return meter.bytes_moved(); }, [this] { return board_.help(); });
}

}  // namespace ociferry
