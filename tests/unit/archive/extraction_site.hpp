#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "archive/layer_extractor.hpp"
#include "ociferry/error.hpp"
#include "stream/memory.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

namespace fs = std::filesystem;

using Lookup = ConfinedDirectory::Lookup;

/// An empty directory to extract into, beside things that must stay as they are.
class Site {
 public:
  explicit Site(Lookup lookup) : lookup_(lookup) {
    write_text(outside() / "sentinel", "untouched");
    fs::create_directory(root());
    extractor_.emplace(root(), lookup_);
  }
  [[nodiscard]] fs::path root() const { return temporary_.path() / "root"; }
  [[nodiscard]] fs::path outside() const { return temporary_.path() / "outside"; }
  [[nodiscard]] LayerExtractor& extractor() { return *extractor_; }

  void apply(const TarBuilder& layer) {
    StringSource source(layer.tar());
    extractor_->apply(source, "layer");
  }
  /// The code that applying `layer` fails with; Internal if it succeeds.
  ErrorCode failure_of(const TarBuilder& layer) {
    try {
      apply(layer);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::Internal;
  }
  [[nodiscard]] std::string text(const std::string& path) const { return read_text(root() / path); }
  [[nodiscard]] bool has(const std::string& path) const { return fs::exists(fs::symlink_status(root() / path)); }
  /// Everything below the root, in order.
  [[nodiscard]] std::set<std::string> listing() const {
    std::set<std::string> paths;
    for (const auto& entry : fs::recursive_directory_iterator(root())) {
      paths.insert(entry.path().lexically_relative(root()).string());
    }
    return paths;
  }
  /// True if nothing but the root has changed.
  [[nodiscard]] bool is_outside_untouched() const {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(temporary_.path())) {
      const std::string name = entry.path().lexically_relative(temporary_.path()).string();
      if (!name.starts_with("root/")) names.insert(name);
    }
    return names == std::set<std::string>{"outside", "outside/sentinel", "root"} &&
           read_text(outside() / "sentinel") == "untouched" && fs::hard_link_count(outside() / "sentinel") == 1;
  }

 private:
  Lookup lookup_;
  TempDirectory temporary_ = temp_directory();
  std::optional<LayerExtractor> extractor_;
};

inline constexpr Lookup kLookups[] = {Lookup::Kernel, Lookup::Walk};

}  // namespace ociferry::testing
