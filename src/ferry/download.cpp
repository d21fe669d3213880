#include "ferry/download.hpp"

#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "store/resumable_slot.hpp"
#include "transfer/blob_copy.hpp"
#include "transfer/parallel.hpp"
#include "transfer/progress_meter.hpp"

namespace ociferry {

namespace {

/// True if a layer of this size may be fetched in pieces.
bool is_large(std::uint64_t bytes) { return bytes >= 2 * PieceRules{}.least; }

}  // namespace

Download::Download(const std::filesystem::path& path, const Descriptor& layer, BlobSource& source, const Jobs& jobs,
                   Progress& progress)
    : layer_(layer), file_(path, layer.size), source_(source), jobs_(jobs), progress_(progress) {}

void Download::run(const std::stop_token& stop) {
  ResumableSlot slot(place_, Existing::Keep);
  const auto download = [&](std::uint64_t there) { attempt(there, stop); };
  try {
    return slot.fill(layer_, progress_, download);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::Corrupt) throw;
    progress_.warn(text::cat(error.message(), "; fetching it once more"));
  }
  try {
    slot.fill(layer_, progress_, download);
  } catch (Error& error) {
    if (error.code() == ErrorCode::Corrupt) error.hint(kDamagedAtSource);
    throw;
  }
}

void Download::attempt(std::uint64_t there, const std::stop_token& stop) {
  try {
    file_.reserve();
    if (is_large(layer_.size - there) && !file_.allow_holes(there)) board_.close();
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
    PiecewiseFetch(place_, there, layer_, source_, board_, meter, token).run();
  };
  if (!is_large(layer_.size - there)) return run(0, stop);
  run_parallel_or_throw(
      jobs_, 1, stop, run, [&] { return meter.bytes_moved(); }, [this] { return board_.help(); });
}

}  // namespace ociferry
