#include "layout/missing_archive.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace ociferry {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kShown = 5;

/// "app.tar", "app.tar.zst", "app.tar.001"
bool is_named_like_an_archive(const std::string& name) {
  constexpr std::string_view kTar = ".tar";
  const auto at = name.find(kTar);
  if (at == std::string::npos || name.starts_with('.') || name.ends_with(".partial")) return false;
  return at + kTar.size() == name.size() || name[at + kTar.size()] == '.';
}

/// Sorted; empty if the directory cannot be read.
std::vector<std::string> archives_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator entry(directory, failure); !failure && entry != fs::directory_iterator();
       entry.increment(failure)) {
    std::string name = entry->path().filename().string();
    if (is_named_like_an_archive(name)) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace

std::string hint_for_missing_archive(const fs::path& path) {
  const fs::path directory = path.parent_path();
  const std::string shown = directory.empty() ? "this directory" : directory.string();
  std::error_code ignored;
  if (!directory.empty() && !fs::is_directory(directory, ignored)) {
    return text::cat("there is no directory ", shown, ": check the name, and that the medium is mounted");
  }
  std::vector<std::string> names = archives_in(directory.empty() ? fs::path(".") : directory);
  if (names.empty()) {
    return text::cat(shown,
                     " has no file named like an archive (*.tar): check the name, and that the medium is mounted");
  }
  const std::size_t more = names.size() - std::min(names.size(), kShown);
  names.resize(names.size() - more);
  return text::cat("check the name; archives in ", shown, ": ", text::join(names, ", "),
                   more == 0 ? "" : text::cat(" and ", more, " more"));
}

}  // namespace ociferry
