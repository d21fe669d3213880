#pragma once

#include <string>
#include <vector>

#include "base/forwarding_progress.hpp"
#include "cli/called_as.hpp"
#include "cli/console.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/several.hpp"

namespace ociferry {

/// Prefixes steps with "copy | ", as imgpkg does. `inner` must outlive it.
class CopyProgress : public ForwardingProgress {
 public:
  CopyProgress(Progress& inner, CalledAs called_as) : ForwardingProgress(inner), called_as_(called_as) {}

  void event(std::string_view line) override;
  /// imgpkg prints it among its steps, after the layers are written; so when called as imgpkg, only if those are shown.
  void notice(std::string_view lines) override;
  /// Prints a notice that no step followed.
  void finish();

 private:
  CalledAs called_as_;
  std::vector<std::string> held_;  ///< lines of a notice
};

/// One line with the result of an export, and the archive's fingerprint.
void print_export(const TransferReport& report, const std::string& archive, Console& console);
/// The same without the size, which is that of the plain archive; print_compact tells both.
void print_compact_export(const TransferReport& plain, const std::string& archive, Console& console);
/// The same of an archive that was made of others.
void print_written(const TransferReport& report, const std::string& archive, Console& console);
/// The line that shows the fingerprint of an archive, to be read out.
[[nodiscard]] std::string fingerprint_line(const Digest& fingerprint);
/// Says what a delta leaves out and what it builds on; nothing of other archives.
void print_delta(const std::optional<DeltaReport>& delta, Console& console);
/// "registry/repository", or "registry/prefix" where images keep their names.
[[nodiscard]] std::string shown_destination(const RelocateOptions& options);
/// A line for each of several archives: its name, what is in it, and its fingerprint; nothing for a single one.
void print_archives(const std::vector<ReadArchive>& archives, Console& console);
/// One line with the result of an import or copy to `destination`.
[[nodiscard]] std::string relocate_line(const TransferReport& report, const std::string& destination);
/// The same, with the old and new place of each root, or of each image where images keep their names:
/// "  OLD:TAG -> NEW:TAG@DIGEST".
void print_relocation(const TransferReport& report, const RelocateOptions& options, Console& console);
/// The smaller indexes, and in whose places they are; nothing if there are none.
void print_stripped(const std::vector<StrippedIndex>& stripped, Console& console);
/// The old and new digest of a moved tag, and the option to prevent that.
[[nodiscard]] std::string moved_line(const MovedTag& tag);
/// Children of an index, as users know them: their platforms, or digests where there is none.
[[nodiscard]] std::vector<std::string> child_names(const std::vector<Descriptor>& children);
/// "registry/repository:tag@digest", with what of it is known
[[nodiscard]] std::string full_name(const Reference& reference);

/// Throws an Error with the code of the first destination that failed, and what each of those that failed says.
void throw_if_any_failed(const std::vector<DestinationReport>& reports,
                         const std::vector<RelocateOptions>& destinations);

}  // namespace ociferry
