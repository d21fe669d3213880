#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

#include "ferry/deliver/name_rule.hpp"
#include "ferry/deliver/relocate.hpp"
#include "ferry/set/image_set.hpp"
#include "ociferry/ferry.hpp"
#include "ociferry/progress.hpp"
#include "store/memory_target.hpp"

namespace ociferry::testing {

// What trips of random graphs have in common.

/// Where all images go, unless each goes to a repository of its own.
inline const RepositoryName kTo{"inside.example", "my/apps"};

/// Throws Error{Internal} with `what` unless `holds`.
void require(bool holds, std::string_view what);

[[nodiscard]] Context context(std::size_t jobs);

/// Throws, with the difference, unless both are the same images with the same names and content, wherever they are.
void check_equal(const ImageSet& a, const ImageSet& b, std::string_view what);

/// A Progress that keeps what was warned of.
class Warnings : public Progress {
 public:
  void warn(std::string_view line) override {
    const std::lock_guard lock(mutex_);
    text_ += line;
    text_ += '\n';
  }
  [[nodiscard]] bool name(const Digest& digest) const { return text_.find(digest.text()) != std::string::npos; }

 private:
  std::mutex mutex_;
  std::string text_;
};

[[nodiscard]] ImageSet load(const std::filesystem::path& archive);

/// False if two roots have the same tag, in different repositories.
[[nodiscard]] bool root_tags_are_clear(const ImageSet& set, const Placement& placement = everything_to(kTo));

/// Any repository is `target`, which must outlive the result.
[[nodiscard]] OpenDestination opener(MemoryTarget& target);

}  // namespace ociferry::testing
