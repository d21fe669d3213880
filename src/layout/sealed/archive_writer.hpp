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

/// Writes an archive according to its plan: blobs go straight into their places, in any order and from any thread.
/// What an earlier run of the same plan left on the medium is continued: what is in place and hashes right is kept, and
/// a blob that was under way goes on where it stopped.
class ArchiveWriter : public BlobTarget {
 public:
  /// Reserves room on the medium for the whole plan and writes everything but the blobs. Throws what the medium throws:
  /// Error{Space}, Error{Io}.
  /// `rules` and `slow`: which blobs are divided when other threads help.
  ArchiveWriter(std::unique_ptr<OutputMedium> medium, ArchivePlan plan, const PieceRules& rules = {},
                const SlowStream& slow = {});

  /// True if an earlier run has written the blob: its place is read and hashed, once. Throws Error{Io},
  /// Error{Interrupted}.
  [[nodiscard]] bool holds(const Descriptor& blob, const std::stop_token& stop);
  /// Existed: it was there already. One that an earlier run had begun is read from there on. No blob may be put by two
  /// threads at a time. Throws Error; then the place of the blob holds anything.
  BlobOutcome put_blob(const Descriptor& blob, BlobSource& from, Progress& progress, std::stop_token stop) override;
  /// Fetches a range of a large blob that another thread puts. Never where the medium does not tell what was written:
  /// the next run could not know how far a blob got.
  Help help() noexcept override { return board_.help(); }

  /// Makes the archive durable and publishes it: syncs the medium, lets `check` read what was written, and gives it its
  /// name. Call when every blob was put; nothing can be put afterwards. Throws Error{Internal} naming a blob that is
  /// not known to be whole, before anything is synced; Error{Io}, Error{Space}, and what `check` throws. Then the
  /// archive does not get its name.
  void commit(const std::function<void(const OutputMedium& written)>& check = {});

  /// True if a writer may have left what is on `medium`: it begins as an archive does, or its beginning was not
  /// written. Throws Error{Io}.
  [[nodiscard]] static bool may_have_left(const Medium& medium);

 private:
  [[nodiscard]] bool holds_same_plan() const;
  void write_front();
  void write_headers();
  [[nodiscard]] ResumableSlot& slot_of(const Digest& blob);
  void check_whole() const;

  std::unique_ptr<OutputMedium> medium_;
  ArchivePlan plan_;
  std::map<Digest, std::size_t> blobs_;  ///< which of the slots
  std::vector<ResumableSlot> slots_;     ///< in the order of the plan
  PieceBoard board_;
};

}  // namespace ociferry
