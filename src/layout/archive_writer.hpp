#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/fd.hpp"
#include "base/page_cache.hpp"
#include "layout/archive_plan.hpp"
#include "ociferry/store.hpp"

namespace ociferry {

/// Writes an archive according to its plan: blobs go straight into their places, in any order and from any thread.
/// The file is called "<archive>.partial" until `commit`. A partial file of the same plan that an earlier run left
/// is continued: what is in place and hashes right is kept.
class ArchiveWriter : public BlobTarget {
 public:
  /// Opens and locks the partial file and writes everything but the blobs. Throws Error{Busy} if another process
  /// is writing it, Error{Space} if the file system has no room for the plan, Error{Io}.
  ArchiveWriter(std::filesystem::path archive, ArchivePlan plan);

  /// True if an earlier run has written the blob: its place is read and hashed. Throws Error{Io}, Error{Interrupted}.
  [[nodiscard]] bool holds(const Descriptor& blob, const std::stop_token& stop) const;
  /// Existed: an earlier run had written it. Throws Error; then the place of the blob holds anything.
  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override;

  /// Makes the archive durable and gives it its name. Call when every blob was put. Throws Error{Io}.
  void commit();

  [[nodiscard]] const std::filesystem::path& partial_path() const noexcept { return partial_; }

 private:
  void open_and_lock();
  void check_room() const;
  void write_front();
  void reserve_room() const;
  void write_headers();
  [[nodiscard]] bool holds_same_plan() const;
  [[nodiscard]] bool already_holds(const ArchiveMember& member, const std::stop_token& stop) const;

  std::filesystem::path archive_;
  std::filesystem::path partial_;
  std::string name_;
  ArchivePlan plan_;
  std::map<Digest, std::size_t> members_;
  UniqueFd fd_;
  std::optional<PageCacheHints> hints_;
  bool continued_ = false;
};

}  // namespace ociferry
