#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/page_cache.hpp"
#include "layout/sealed/archive_plan.hpp"
#include "store/piecewise_fetch.hpp"
#include "store/store.hpp"

namespace ociferry {

/// Writes an archive according to its plan: blobs go straight into their places, in any order and from any thread.
/// The file is called "<archive>.partial" until `commit`. A partial file of the same plan that an earlier run left
/// is continued: what is in place and hashes right is kept, and a blob that was under way goes on where it stopped.
class ArchiveWriter : public BlobTarget {
 public:
  /// Opens and locks the partial file and writes everything but the blobs. Throws Error{Busy} if another process
  /// is writing it; Error{Space} if the file system has no room for the plan, does not take files of that size, or the
  /// user's quota ends before; Error{Io}.
  /// `rules` and `slow`: which blobs are divided when other threads help.
  ArchiveWriter(std::filesystem::path archive, ArchivePlan plan, const PieceRules& rules = {},
                const SlowStream& slow = {});

  /// True if an earlier run has written the blob: its place is read and hashed, once. Throws Error{Io},
  /// Error{Interrupted}.
  [[nodiscard]] bool holds(const Descriptor& blob, const std::stop_token& stop);
  /// Existed: an earlier run had written it. One that an earlier run had begun is read from there on. No blob may be
  /// put by two threads at a time. Throws Error; then the place of the blob holds anything.
  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override;
  /// Fetches a range of a large blob that another thread puts. Never where the file system does not tell what was
  /// written: the next run could not know how far a blob got.
  Help help() noexcept override { return board_.help(); }

  /// Makes the archive durable and gives it its name: syncs the file, lets `check` read the partial file, renames it,
  /// syncs the directory. Call when every blob was put; nothing can be put afterwards. Throws Error{Io}, Error{Space},
  /// and what `check` throws; then the archive does not get its name.
  void commit(const std::function<void(const std::filesystem::path& partial)>& check = {});

  /// The name of an archive that is not finished.
  [[nodiscard]] static std::filesystem::path partial_path(const std::filesystem::path& archive);
  /// True if a writer may have left the regular file at `path`, which has such a name: it begins as an archive does, or
  /// its beginning was not written. Throws Error{Io}.
  [[nodiscard]] static bool may_have_left(const std::filesystem::path& path);

 private:
  /// What is known of a blob's place.
  struct Slot {
    enum class State { Unknown, Whole, Begun };
    State state = State::Unknown;
    std::uint64_t begun = 0;  ///< bytes from its beginning on that an earlier run seems to have written
  };

  void open_and_lock();
  void check_room() const;
  void write_front();
  void reserve() const;
  void write_headers();
  [[nodiscard]] bool holds_same_plan() const;
  [[nodiscard]] Slot look_at(const ArchiveMember& member, const std::stop_token& stop);
  [[nodiscard]] FilePlace place_of(const ArchiveMember& member);
  [[nodiscard]] bool shows_holes() const;

  std::filesystem::path archive_;
  std::filesystem::path partial_;
  std::string name_;
  ArchivePlan plan_;
  std::map<Digest, std::size_t> members_;
  std::vector<Slot> slots_;  ///< by member
  UniqueFd fd_;
  std::optional<PageCacheHints> hints_;
  bool continued_ = false;
  PieceBoard board_;
};

}  // namespace ociferry
