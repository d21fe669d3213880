#include "ferry/gather/verify_stream.hpp"

#include <memory>

#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/stream_check.hpp"

namespace ociferry {

namespace {

/// Checks the bytes of the stream, and reports them.
class ReportedCheck : public ByteSink {
 public:
  ReportedCheck(const ArchiveReader& archive, Progress& progress)
      : check_(archive.plan(), archive.name()), progress_(progress) {}
  void write(Bytes bytes) override {
    check_.write(bytes);
    progress_.advance(static_cast<std::int64_t>(bytes.size()));
  }
  void finish() const { check_.finish(); }

 private:
  StreamCheck check_;
  Progress& progress_;
};

}  // namespace

const StreamMedium* stream_of(const ImageArchive& archive) {
  const ArchiveReader* sealed = archive.sealed();
  return sealed == nullptr ? nullptr : sealed->stream();
}

void verify_stream(const ImageArchive& archive, const Context& context) {
  const ArchiveReader& sealed = *archive.sealed();
  context.progress->phase("verifying the stream", sealed.total_bytes());
  const auto check = std::make_shared<ReportedCheck>(sealed, *context.progress);
  sealed.stream()->pass(check);
  sealed.stream()->read_to_end();
  check->finish();
}

}  // namespace ociferry
