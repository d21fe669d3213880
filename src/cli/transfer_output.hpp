#pragma once

#include <string>

#include "cli/console.hpp"
#include "cli/manners.hpp"
#include "ociferry/ferry.hpp"

namespace ociferry {

/// Puts "copy | " before what happens, as imgpkg does. `inner` must outlive it.
class CopyProgress : public Progress {
 public:
  CopyProgress(Progress& inner, Manners manners) : inner_(inner), manners_(manners) {}

  void phase(std::string_view name, std::uint64_t total_bytes) override { inner_.phase(name, total_bytes); }
  void advance(std::int64_t bytes) override { inner_.advance(bytes); }
  void skip(std::int64_t bytes) override { inner_.skip(bytes); }
  void wait(const Wait& wait) override { inner_.wait(wait); }
  void event(std::string_view line) override { inner_.event("copy | " + std::string(line)); }
  void warn(std::string_view line) override { inner_.warn(line); }
  /// imgpkg tells of it among its other lines, so only where those are shown; with its manners so do we.
  void notice(std::string_view lines) override;
  void moved(const MovedTag& tag) override { inner_.moved(tag); }
  void debug(std::string_view line) override { inner_.debug(line); }

 private:
  Progress& inner_;
  Manners manners_;
};

/// One line that says what an export made, and the archive's fingerprint.
void print_export(const TransferReport& report, const std::string& archive, Console& console);
/// The line that shows the fingerprint of an archive, to be read out.
[[nodiscard]] std::string fingerprint_line(const Digest& fingerprint);
/// Throws Error{Usage} for names that no archive can have: that of standard output, and those of compressed files.
void check_archive_name(const std::string& name);
/// One line that says what an import or copy did.
[[nodiscard]] std::string relocate_line(const TransferReport& report, const RepositoryName& to);
/// The same, and where each root was and is now: "  OLD:TAG -> NEW:TAG@DIGEST".
void print_relocation(const TransferReport& report, const RepositoryName& to, Console& console);
/// What a tag pointed to and points to now, and the option that would have kept it.
[[nodiscard]] std::string moved_line(const MovedTag& tag);
/// "registry/repository:tag@digest", with what of it is known
[[nodiscard]] std::string full_name(const Reference& reference);

}  // namespace ociferry
