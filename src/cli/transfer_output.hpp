#pragma once

#include <string>

#include "ociferry/ferry.hpp"

namespace ociferry {

/// Puts "copy | " before what happens, as imgpkg does. `inner` must outlive it.
class CopyProgress : public Progress {
 public:
  explicit CopyProgress(Progress& inner) : inner_(inner) {}

  void phase(std::string_view name, std::uint64_t total_bytes) override { inner_.phase(name, total_bytes); }
  void advance(std::int64_t bytes) override { inner_.advance(bytes); }
  void skip(std::int64_t bytes) override { inner_.skip(bytes); }
  void wait(const Wait& wait) override { inner_.wait(wait); }
  void event(std::string_view line) override { inner_.event("copy | " + std::string(line)); }
  void warn(std::string_view line) override { inner_.warn(line); }
  /// imgpkg tells of it among its other lines, so only where those are shown.
  void notice(std::string_view lines) override;
  void debug(std::string_view line) override { inner_.debug(line); }

 private:
  Progress& inner_;
};

/// One line that says what an export made.
[[nodiscard]] std::string export_line(const TransferReport& report, const std::string& archive);
/// One line that says what an import or copy did.
[[nodiscard]] std::string relocate_line(const TransferReport& report, const RepositoryName& to);

}  // namespace ociferry
