#include "ferry/write/compact_output.hpp"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "archive/packing.hpp"
#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ferry/write/archive_output.hpp"
#include "ferry/write/compact_volumes.hpp"
#include "ferry/write/parity_output.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "medium/partial_file.hpp"
#include "medium/volumes/volume_places.hpp"
#include "ociferry/error.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

namespace {

/// A compact archive in one file.
class CompactFile : public CompactOutput {
 public:
  explicit CompactFile(const std::filesystem::path& output) : output_(output), file_(output), discarded_({output}) {
    file_.reserve(0, Existing::Discard);
  }
  void write(Bytes bytes) override {
    try {
      file_.write_at(written_, bytes);
    } catch (Error& error) {
      if (error.code() == ErrorCode::Space) {
        error.hint(
            "free some space, or choose another output; where files cannot be as large, as on FAT, divide it: "
            "--volume-size fat32; nothing of it was left");
      }
      throw;
    }
    all_.update(bytes);
    written_ += bytes.size();
  }
  [[nodiscard]] std::uint64_t written() const noexcept override { return written_; }
  void sync() override {
    digest_ = all_.finish();
    file_.sync();
  }
  using CompactOutput::reopen;
  [[nodiscard]] std::unique_ptr<Medium> reopen(DeviceReader* device) const override { return file_.reopen(device); }
  [[nodiscard]] std::vector<WrittenVolume> files() const override {
    return {{.path = output_, .bytes = written_, .digest = digest_.value()}};
  }
  void publish() override {
    file_.publish();
    discarded_.release();
  }

 private:
  std::filesystem::path output_;
  PartialFile file_;
  DiscardedPartials discarded_;
  std::uint64_t written_ = 0;
  Hasher all_;
  std::optional<Digest> digest_;
};

}  // namespace

bool begins_like_archive(const Medium& medium) {
  std::array<std::byte, 6> head{};
  const std::size_t got = medium.read_at(0, head);
  return packing_of(as_text(Bytes(head).first(got))) == "zstd" || has_first_header(medium);
}

void check_compact_output(const std::filesystem::path& output, const VolumeRule& volumes, bool force) {
  if (volumes.divides()) return check_compact_volumes(output, volumes, force);
  const std::filesystem::path file = behind_links(output);
  std::error_code ignored;
  if (file.empty() || file.filename().empty() || std::filesystem::is_directory(file, ignored)) {
    throw Error(ErrorCode::Usage, text::cat("'", file.string(), "' is not a file name for an archive"));
  }
  const std::filesystem::path parent = file.parent_path().empty() ? "." : file.parent_path();
  if (::access(parent.c_str(), W_OK) != 0) {
    throw system_error(text::cat("checking that an archive can be written in ", parent.string()), errno)
        .hint("make that directory, or choose another output file; nothing was changed");
  }
  check_may_replace(file, force, begins_like_archive, "an archive");
}

std::filesystem::path work_directory_of(const std::filesystem::path& given, const std::filesystem::path& output) {
  // In a message "." would not say what is full.
  if (given.empty()) return std::filesystem::weakly_canonical(directory_of_volume(output));
  std::error_code ignored;
  if (std::filesystem::exists(given, ignored) && !std::filesystem::is_directory(given, ignored)) {
    throw Error(ErrorCode::Usage, text::cat(given.string(), " is not a directory for temporary files"));
  }
  if (::access(given.c_str(), W_OK | X_OK) != 0) {
    throw system_error(text::cat("checking that temporary files can be written in ", given.string()), errno)
        .hint("make that directory, or choose another one; nothing was changed");
  }
  return given;
}

std::unique_ptr<CompactOutput> open_compact_output(const std::filesystem::path& output, const VolumeRule& volumes,
                                                   bool force) {
  check_compact_output(output, volumes, force);
  if (volumes.divides()) return std::make_unique<CompactVolumes>(output, volumes, force);
  return std::make_unique<CompactFile>(behind_links(output));
}

}  // namespace ociferry
