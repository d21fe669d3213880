#include "archive/unpacker.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <string_view>
#include <vector>

#include "archive/limits.hpp"
#include "archive/packing.hpp"
#include "archive/unpack_limits.hpp"
#include "base/sizes.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"
#include "ociferry/limits.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kPackedBuffer = 128 * 1024;
constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";

/// True for the magic of a skippable zstd frame, which may come first (RFC 8878, 3.1.2).
bool is_skippable_frame(std::string_view head) {
  return head.size() >= 4 && head[0] >= 0x50 && head[0] <= 0x5f && head.substr(1, 3) == "\x2a\x4d\x18";
}

/// Checks the window of the first zstd frame; libzstd applies the same limit to later frames.
void check_window(std::string_view head, const std::string& name) {
  constexpr unsigned kSingleSegment = 0x20;
  if (head.size() < 6 || (static_cast<unsigned char>(head[4]) & kSingleSegment) != 0) return;
  const int window_log = 10 + (static_cast<unsigned char>(head[5]) >> 3);
  if (window_log > limits::kZstdWindowLog) {
    throw Error(ErrorCode::Hostile, text::cat(name, ": its zstd frame needs a window of 2^", window_log, " bytes; 2^",
                                              limits::kZstdWindowLog, " is the limit"));
  }
}

}  // namespace

SniffedSource::SniffedSource(ByteSource& source) : source_(source) {
  while (head_size_ < head_.size()) {
    const std::size_t got = source_.read(MutableBytes(head_).subspan(head_size_));
    if (got == 0) break;
    head_size_ += got;
  }
}

std::size_t SniffedSource::read(MutableBytes buffer) {
  std::size_t got = std::min(buffer.size(), head_size_ - head_read_);
  if (got > 0) {
    std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(head_read_), got, buffer.begin());
    head_read_ += got;
  } else {
    got = source_.read(buffer);
  }
  count_ += got;
  return got;
}

/// One libarchive filter over a stream of raw bytes. The filter is set explicitly: libarchive's detection would also
/// unpack nested compression, and can start external programs for filters it was built without.
class Unpacker::Filter {
 public:
  Filter(SniffedSource& packed, int code, const std::string& name)
      : packed_(packed), name_(name), buffer_(kPackedBuffer), handle_(archive_read_new()) {
    if (handle_ == nullptr) throw Error(ErrorCode::Internal, "libarchive gave no reader");
    // A warning here means that libarchive would start an external program.
    if (archive_read_append_filter(handle_.get(), code) != ARCHIVE_OK ||
        archive_read_support_format_raw(handle_.get()) != ARCHIVE_OK ||
        archive_read_support_format_empty(handle_.get()) != ARCHIVE_OK) {
      throw Error(ErrorCode::Internal, text::cat("libarchive was built without a needed filter: ", reason()));
    }
  }

  std::size_t read(MutableBytes out) {
    if (!opened_) open();
    const la_ssize_t got = archive_read_data(handle_.get(), out.data(), out.size());
    // When libarchive looks for a header, it treats an error of the source as its end.
    if (got < 0 || failure_) fail();
    return static_cast<std::size_t>(got);
  }

  /// The number of fetched bytes that belong to the packed stream.
  [[nodiscard]] std::uint64_t used() const {
    return static_cast<std::uint64_t>(archive_filter_bytes(handle_.get(), -1));
  }

 private:
  struct FreeArchive {
    void operator()(archive* handle) const { archive_read_free(handle); }
  };

  void open() {
    opened_ = true;
    if (archive_read_open(handle_.get(), this, nullptr, supply, nullptr) != ARCHIVE_OK) fail();
    archive_entry* entry = nullptr;
    // A stream that is damaged from the start looks empty here, and no layer is empty.
    if (archive_read_next_header(handle_.get(), &entry) != ARCHIVE_OK) fail();
  }

  // Exceptions must not pass through C code: failure_ keeps them until libarchive has returned.
  static la_ssize_t supply(archive* handle, void* self, const void** bytes) {
    auto& filter = *static_cast<Filter*>(self);
    try {
      const std::size_t got = filter.packed_.read(filter.buffer_);
      *bytes = filter.buffer_.data();
      return static_cast<la_ssize_t>(got);
    } catch (...) {
      filter.failure_ = std::current_exception();
      archive_set_error(handle, EIO, "reading failed");
      return -1;
    }
  }

  [[nodiscard]] std::string reason() const {
    const char* text = archive_error_string(handle_.get());
    return text == nullptr ? "the stream ends early" : text;
  }

  [[noreturn]] void fail() const {
    if (failure_) std::rethrow_exception(failure_);
    throw Error(ErrorCode::Corrupt,
                text::cat(name_, ": unpacking failed after ", packed_.count(), " bytes: ", reason()));
  }

  SniffedSource& packed_;
  const std::string& name_;
  std::vector<std::byte> buffer_;
  std::exception_ptr failure_;
  bool opened_ = false;
  std::unique_ptr<archive, FreeArchive> handle_;
};

Unpacker::Unpacker(ByteSource& packed, std::string name, const UnpackLimits& limits)
    : name_(std::move(name)), limits_(limits), packed_(packed) {
  const std::string_view head = as_text(packed_.head());
  if (head.starts_with(kGzipMagic)) {
    filter_ = std::make_unique<Filter>(packed_, ARCHIVE_FILTER_GZIP, name_);
  } else if (head.starts_with(kZstdMagic) || is_skippable_frame(head)) {
    if (head.starts_with(kZstdMagic)) check_window(head, name_);
    filter_ = std::make_unique<Filter>(packed_, ARCHIVE_FILTER_ZSTD, name_);
  } else if (const std::string_view packing = packing_of(head); !packing.empty()) {
    throw Error(ErrorCode::Usage,
                text::cat(name_, " is packed with ", packing, "; layers are read as they are, in gzip and in zstd"))
        .because(ErrorReason::NotTar);
  }
}

Unpacker::~Unpacker() = default;

std::size_t Unpacker::read(MutableBytes buffer) {
  if (buffer.empty()) return 0;
  const std::size_t got = filter_ ? filter_->read(buffer) : packed_.read(buffer);
  unpacked_ += got;
  check_limits();
  if (got == 0) pass_over_rest();
  return got;
}

void Unpacker::check_limits() const {
  check_unpacked_bytes(unpacked_, limits_, name_);
  check_ratio(unpacked_, packed_.count());
}

void Unpacker::check_ratio(std::uint64_t unpacked, std::uint64_t packed) const {
  if (unpacked > limits::kUnpackRatioFrom && unpacked / std::max(limits_.ratio, std::uint64_t{1}) > packed) {
    throw beyond_limit(
        text::cat(name_, " unpacks to ", unpacked, " bytes from ", packed, ": that is more times its size"),
        limits_.ratio, "--max-unpack-ratio");
  }
}

void Unpacker::count_hole(std::uint64_t bytes, std::uint64_t follow) {
  holes_ += bytes;
  check_unpacked_bytes(unpacked_ + holes_, limits_, name_);
  check_ratio(unpacked_ + holes_, packed_.count() + follow);
}

void Unpacker::check_expansion() const { check_ratio(unpacked_ + holes_, packed_.count()); }

void Unpacker::pass_over_rest() {
  if (!filter_ || behind_end_ > 0) return;
  const std::uint64_t used = filter_->used();
  std::array<std::byte, 16 * kKiB> more;
  while (packed_.read(more) > 0) continue;
  behind_end_ = packed_.count() - used;
}

std::string unpacking_libraries() { return ::archive_version_details(); }

}  // namespace ociferry
