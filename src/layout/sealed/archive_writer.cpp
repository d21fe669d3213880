#include "layout/sealed/archive_writer.hpp"

#include <string>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// From this size on, the table is synced at the start: without it, an interrupted archive could not be resumed.
constexpr std::uint64_t kWorthSync = 64 * kMiB;

}  // namespace

ArchiveWriter::ArchiveWriter(std::unique_ptr<OutputMedium> medium, ArchivePlan plan, const PieceRules& rules,
                             const SlowStream& slow)
    : medium_(std::move(medium)), plan_(std::move(plan)), board_(rules, slow) {
  const Existing existing = was_left_by(*medium_, plan_) ? Existing::Keep : Existing::Discard;
  slots_.reserve(plan_.members.size() - plan_.files());
  for (std::size_t i = plan_.files(); i < plan_.members.size(); ++i) {
    const ArchiveMember& member = plan_.members[i];
    blobs_.emplace(*member.blob, slots_.size());
    slots_.emplace_back(BlobPlace{.medium = *medium_, .offset = member.offset}, existing);
  }
  medium_->reserve(plan_.total_bytes, existing);
  // Nothing is written yet, so a medium that reports holes reports one here.
  const bool shows_holes = medium_->written_until(0) < plan_.total_bytes;
  if (!shows_holes) board_.close();
  write_headers();
  write_front();
  if (existing == Existing::Discard && plan_.total_bytes >= kWorthSync) medium_->sync();
}

bool ArchiveWriter::may_be_partial(const Medium& medium) {
  const std::string header = first_header();
  std::string begin(header.size(), '\0');
  begin.resize(medium.read_at(0, std::as_writable_bytes(std::span(begin))));
  return begin == header || begin.find_first_not_of('\0') == std::string::npos;
}

bool ArchiveWriter::was_left_by(const Medium& medium, const ArchivePlan& plan) {
  if (medium.size() != plan.total_bytes) return false;
  const ArchiveMember& seal = plan.members[plan.files() - 1];
  std::string written(plan.seal().size(), '\0');
  const std::size_t got = medium.read_at(seal.offset, std::as_writable_bytes(std::span(written)));
  return got == written.size() && written == plan.seal();
}

void ArchiveWriter::write_headers() {
  // A resumed file may hold anything between the blobs, so the padding is written, too.
  std::string gap;
  for (const ArchiveMember& member : plan_.members) {
    gap += member.header();
    medium_->write_at(member.offset - gap.size(), as_bytes(gap));
    gap.assign(member.end() - member.offset - member.size, '\0');
  }
  gap.append(kArchiveTrailerBytes, '\0');
  medium_->write_at(plan_.total_bytes - gap.size(), as_bytes(gap));
}

void ArchiveWriter::write_front() {
  for (std::size_t i = 0; i < plan_.files(); ++i) {
    medium_->write_at(plan_.members[i].offset, as_bytes(plan_.front[i].content));
  }
}

ResumableSlot& ArchiveWriter::slot_of(const Digest& blob) { return slots_[blobs_.at(blob)]; }

bool ArchiveWriter::holds(const Descriptor& blob, const std::stop_token& stop) {
  return slot_of(blob.digest).holds(blob, stop);
}

BlobOutcome ArchiveWriter::put_blob(const Descriptor& blob, BlobSource& from, Progress& progress,
                                    std::stop_token stop) {
  ResumableSlot& slot = slot_of(blob.digest);
  if (slot.holds(blob, stop)) {
    progress.skip(static_cast<std::int64_t>(blob.size));
    return BlobOutcome::Existed;
  }
  slot.fill(blob, progress, [&](std::uint64_t there) {
    PiecewiseFetch(slot.place(), there, blob, from, board_, progress, stop).run();
  });
  return BlobOutcome::Written;
}

void ArchiveWriter::check_whole() const {
  for (const auto& [digest, slot] : blobs_) {
    if (slots_[slot].is_whole()) continue;
    throw Error(ErrorCode::Internal, text::cat(medium_->name(), ": blob ", digest.text(),
                                               " was not written, so the archive does not get its name"))
        .hint("this is a bug in ociferry: please report it");
  }
}

void ArchiveWriter::commit(const std::function<void(const OutputMedium& written)>& check) {
  check_whole();
  medium_->sync();
  // The plan is no longer needed, and `check` may take much memory.
  plan_ = {};
  blobs_.clear();
  slots_ = std::vector<ResumableSlot>();
  if (check) check(*medium_);
  medium_->publish();
}

}  // namespace ociferry
