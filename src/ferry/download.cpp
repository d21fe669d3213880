#include "ferry/download.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "base/room.hpp"
#include "base/system_calls.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "stream/verify.hpp"

namespace ociferry {

namespace {

/// Appends to a file, but for the first bytes that come, which are there.
class RestOfFile : public ByteSink {
 public:
  RestOfFile(int fd, std::uint64_t there, const std::string& name) : fd_(fd), there_(there), name_(name) {}
  void write(Bytes bytes) override {
    const std::uint64_t begin = offset_;
    offset_ += bytes.size();
    if (offset_ <= there_) return;
    const auto left_out = static_cast<std::size_t>(begin < there_ ? there_ - begin : 0);
    pwrite_full(fd_, bytes.subspan(left_out), begin + left_out, name_);
  }

 private:
  int fd_;
  std::uint64_t there_;
  std::uint64_t offset_ = 0;
  const std::string& name_;
};

}  // namespace

Download::Download(const std::filesystem::path& path, const Descriptor& layer, BlobSource& source, Progress& progress)
    : fd_(open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600)),
      file_(path.string()),
      layer_(layer),
      source_(source),
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

/// How much of the layer seems to be there. The file grows as it is written, so that its length tells.
std::uint64_t Download::begin() {
  const std::uint64_t there = file_size(fd_.get(), file_);
  if (there <= layer_.size) return there;
  if (calls::ftruncate(fd_.get(), 0) != 0) throw system_error(text::cat("emptying ", file_), errno);
  return 0;
}

void Download::attempt(std::uint64_t there, const std::stop_token& stop) {
  RestOfFile sink(fd_.get(), there, file_);
  ProgressSink counted(sink, there, progress_);
  VerifyingSink verified(counted, layer_, source_.name_of(layer_.digest));
  try {
    reserve_room(fd_.get(), layer_.size, Length::Keep, file_);
    FileSource begun(fd_.get(), 0, there, file_);
    copy_stream(begun, verified);
    if (there == 0) source_.fetch(layer_, verified, stop);
    if (there > 0 && there < layer_.size) source_.fetch_rest(layer_, there, verified, stop);
    verified.finish();
  } catch (Error& error) {
    counted.take_back();
    if (error.code() == ErrorCode::Space) {
      error.while_doing(text::cat("downloading a layer of ", layer_.size, " bytes"));
      error.hint("free some space, or choose a place on another file system: what the layer unpacks to comes on top");
    }
    throw;
  } catch (...) {
    counted.take_back();
    throw;
  }
}

}  // namespace ociferry
