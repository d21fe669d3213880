#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "layout/sealed/archive_plan.hpp"
#include "medium/writable_medium.hpp"
#include "store/piecewise_fetch.hpp"
#include "store/resumable_slot.hpp"
#include "store/store.hpp"

namespace ociferry {

/// Writes an archive according to its plan: blobs go straight into their places, in any order and from any thread. The
/// output of an interrupted run of the same plan is resumed: blobs with the right digest are kept, and a partial blob
/// is continued.
class ArchiveWriter : public BlobTarget {
 public:
  /// Reserves room on the medium for the whole plan and writes everything but the blobs. `rules` and `slow` say which
  /// blobs are divided when other threads help. Throws Error{Space}, Error{Io}.
  ArchiveWriter(std::unique_ptr<OutputMedium> medium, ArchivePlan plan, const PieceRules& rules = {},
                const SlowStream& slow = {});

  /// True if an earlier run has written the blob; reads and hashes its place, once. Throws Error{Io},
  /// Error{Interrupted}.
  [[nodiscard]] bool holds(const Descriptor& blob, const std::stop_token& stop);
  /// Returns Existed if it was written already. Resumes a partial blob of an earlier run. Two threads must not put the
  /// same blob at a time. Throws Error; the content of the blob's place is unspecified then.
  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override;
  /// Fetches a range of a large blob that another thread puts. Never on a medium that reports no holes: the next run
  /// could not find where a blob ends.
  Help help() noexcept override { return board_.help(); }

  /// Makes the archive durable and publishes it: syncs the medium, lets `check` read it back, and gives it its name.
  /// Call when every blob was put; nothing can be put afterwards. Throws Error{Internal} naming a blob that is not
  /// known to be whole, before anything is synced; Error{Io}, Error{Space}, and what `check` throws. Then the archive
  /// does not get its name.
  void commit(const std::function<void(const OutputMedium& written)>& check = {});

  /// True if a run of the same plan wrote to `medium`. Throws Error{Io}.
  [[nodiscard]] static bool was_left_by(const Medium& medium, const ArchivePlan& plan);
  /// True if `medium` may be an unfinished archive: it begins like one, or with zeros. Throws Error{Io}.
  [[nodiscard]] static bool may_be_partial(const Medium& medium);

 private:
  void write_front();
  void write_headers();
  [[nodiscard]] ResumableSlot& slot_of(const Digest& blob);
  void check_whole() const;

  std::unique_ptr<OutputMedium> medium_;
  ArchivePlan plan_;
  std::map<Digest, std::size_t> blobs_;  ///< index in slots_
  std::vector<ResumableSlot> slots_;     ///< in the order of the plan
  PieceBoard board_;
};

}  // namespace ociferry
