#include "visible_files.hpp"

#include "base/text.hpp"
#include "stream/sha256.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

namespace fs = std::filesystem;

void add_tree(const fs::path& directory, Visible& visible) {
  if (!fs::exists(directory)) return;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    std::string& value = visible[fs::relative(entry.path(), directory.parent_path()).string()];
    const auto status = entry.symlink_status();
    value = text::cat(static_cast<unsigned>(status.permissions()), " ");
    if (entry.is_symlink()) {
      value += fs::read_symlink(entry.path()).string();
    } else if (entry.is_regular_file()) {
      value += sha256(read_text(entry.path())).text();
    }
  }
}

void add_volumes(const fs::path& directory, const std::string& output, Visible& visible) {
  if (!fs::exists(directory / (output + ".volumes.json"))) return;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    // The list of an older set stays until all volumes have their names, or the next run removes it.
    if (name.ends_with(".old")) continue;
    if (name.starts_with(output) || name == "SHA256SUMS") visible[name] = sha256(read_text(entry.path())).text();
  }
}

std::string describe(const Visible& visible) {
  std::string text;
  for (const auto& [name, value] : visible) text += text::cat("    ", name, " ", value, "\n");
  return text;
}

}  // namespace ociferry::testing
