#include "stage.hpp"

#include <iterator>
#include <sstream>

namespace ociferry::testing {

namespace fs = std::filesystem;

namespace {

const fs::path kBuild = BUILD_ROOT;
const fs::path kLog = kBuild / "meson-logs" / "install-log.txt";

}  // namespace

Stage::Stage() : earlier_log_(fs::exists(kLog) ? read_text(kLog) : "") {
  run_or_throw({.arguments = {"meson", "install", "-C", kBuild.string(), "--no-rebuild", "--quiet",
                              "--skip-subprojects", "--destdir", directory_.path().string()}});
}

Stage::~Stage() {
  std::error_code ignored;
  if (earlier_log_.empty()) {
    fs::remove(kLog, ignored);
  } else {
    write_text(kLog, earlier_log_);
  }
}

fs::path Stage::at(const fs::path& path) const { return directory_.path() / (fs::path(PREFIX) / path).relative_path(); }

std::set<std::string> Stage::files() const {
  std::set<std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(directory_.path())) {
    if (entry.is_directory() && !entry.is_symlink()) continue;
    all.insert(entry.path().lexically_relative(directory_.path()).string());
  }
  return all;
}

void Stage::uninstall() const { run_or_throw({.arguments = {"ninja", "-C", kBuild.string(), "uninstall"}}); }

const Installation& Installation::get() {
  static const Installation installation;
  return installation;
}

Installation::Installation() {
  const fs::path build = directory_.path() / "build";
  run_or_throw(
      {.arguments = {"meson", "setup", build.string(), SOURCE_ROOT, "--prefix=" + prefix().string(), "--libdir=lib",
                     "-Dtests=false", "-Dimgpkg_link=true", "-Ddefault_library=" LIBRARY_KINDS}});
  for (const char* folder : {"src", "src/completions", "src/library"}) {
    fs::create_directories(build / folder);
    for (const auto& entry : fs::directory_iterator(kBuild / folder)) {
      const bool is_file = entry.is_regular_file() && !entry.is_symlink();
      if (is_file) fs::copy_file(entry.path(), build / folder / entry.path().filename());
    }
  }
  run_or_throw(
      {.arguments = {"meson", "install", "-C", build.string(), "--no-rebuild", "--quiet", "--skip-subprojects"}});
}

Words Installation::pkg_config(const Words& options, const Words& packages) const {
  Words all = {"env", "PKG_CONFIG_PATH=" + (libraries() / "pkgconfig").string(), "pkg-config"};
  all.insert(all.end(), options.begin(), options.end());
  all.insert(all.end(), packages.begin(), packages.end());
  std::istringstream out(run_or_throw({.arguments = all}));
  return {std::istream_iterator<std::string>(out), {}};
}

}  // namespace ociferry::testing
