#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "support/process.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

/// What `meson install` puts below a directory of its own (DESTDIR) out of what the tests' build directory has made.
/// The log of that directory's last installation, by which `ninja uninstall` goes, stays that of its owner.
class Stage {
 public:
  /// Installs. Throws Error if that fails.
  Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage();

  /// Where a file is that an installation without DESTDIR has at `path`, which is below the prefix if it is not
  /// absolute.
  [[nodiscard]] std::filesystem::path at(const std::filesystem::path& path) const;
  /// All files and links, as paths below DESTDIR: "usr/local/bin/ociferry".
  [[nodiscard]] std::set<std::string> files() const;
  /// What `ninja uninstall` does.
  void uninstall() const;

 private:
  TempDirectory directory_ = temp_directory();
  std::string earlier_log_;
};

/// An installation below a prefix of its own, and with the link imgpkg, of what the tests' build directory has made.
class Installation {
 public:
  /// The one of this process, made by the first call. Throws Error if that fails.
  static const Installation& get();

  [[nodiscard]] std::filesystem::path program(const std::string& name) const { return prefix() / "bin" / name; }
  [[nodiscard]] std::filesystem::path libraries() const { return prefix() / "lib"; }
  /// What pkg-config prints about packages, word by word. Throws Error if it fails.
  [[nodiscard]] Words pkg_config(const Words& options, const Words& packages = {"ociferry"}) const;

 private:
  Installation();
  [[nodiscard]] std::filesystem::path prefix() const { return directory_.path() / "usr"; }

  TempDirectory directory_ = temp_directory();
};

}  // namespace ociferry::testing
