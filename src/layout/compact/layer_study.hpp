#pragma once

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "layout/compact/base_contents.hpp"
#include "layout/compact/compact_format.hpp"
#include "layout/compact/content_finder.hpp"
#include "medium/temporary_file.hpp"
#include "ociferry/progress.hpp"
#include "store/store.hpp"

namespace ociferry::compact {

/// In bytes.
struct PieceSizes {
  std::uint32_t plain = 0;
  std::uint32_t recipe = 0;
};

/// How a blob travels in a compact archive.
struct LayerForm {
  MemberKind kind = MemberKind::Plain;
  std::vector<PieceSizes> pieces = {};      ///< of Tar and Gzip
  std::vector<FoundContent> contents = {};  ///< of its files
  std::uint64_t unpacked_bytes = 0;         ///< of Tar and Gzip
  std::uint64_t recipe_bytes = 0;           ///< of Gzip
  std::uint64_t recipes_at = 0;             ///< of Gzip: where its recipes begin among all
  std::size_t base_blob = 0;                ///< of Whole: as BaseContents::find_blob gives it
  bool is_zstd = false;                     ///< of Plain: it was compressed with zstd, which cannot be done again
  std::string why_as_it_is = {};            ///< of a blob that was compressed with gzip and travels as it is
};

/// Which recipes are made.
enum class Recipes {
  All,      ///< each is made and tried
  Sampled,  ///< some of large layers, none is tried: for a forecast, of which only the sizes count
};

/// Finds out how blobs travel. Of each layer in gzip, recipes are made, and it is compressed again from them: only what
/// gives the same digest is opened.
class LayerStudy {
 public:
  /// Recipes are appended to `recipes`, unless they are `Sampled`. `base`: what the receiver has, or null. `threads`:
  /// that make and try recipes.
  LayerStudy(ImageSource& archive, TemporaryFile& recipes, const BaseContents* base, Recipes which, std::size_t threads,
             Progress& progress, std::stop_token stop)
      : archive_(archive),
        recipes_(recipes),
        which_(which),
        base_(base),
        threads_(threads),
        progress_(progress),
        stop_(std::move(stop)) {}

  /// Reads all of `blob`, unless it travels as it is. `from_base`: it may be made of what the base has. Throws
  /// Error{Corrupt} if the blob does not have its digest, Error{Io}, Error{Space}, Error{Interrupted}.
  [[nodiscard]] LayerForm study(const Descriptor& blob, bool from_base);

  /// Recipes may take this part of what they describe, in percent.
  static constexpr std::uint64_t kMostRecipePercent = 20;
  /// Smaller blobs travel as they are: to open them saves nothing.
  static constexpr std::uint64_t kLeastBytes = 4096;

 private:
  [[nodiscard]] LayerForm study_tar(const Descriptor& blob, const BaseContents* base);
  [[nodiscard]] LayerForm study_gzip(const Descriptor& blob, const BaseContents* base);
  [[nodiscard]] LayerForm sample_gzip(ByteSource& source, const Descriptor& blob, const BaseContents* base);
  [[nodiscard]] LayerForm try_gzip(ByteSource& source, const Descriptor& blob, const BaseContents* base);
  void write_recipe(const std::vector<std::byte>& recipe, std::size_t plain, LayerForm& form);

  ImageSource& archive_;
  TemporaryFile& recipes_;
  Recipes which_;
  std::uint64_t recipe_bytes_ = 0;  ///< in `recipes_`
  const BaseContents* base_;
  std::size_t threads_;
  Progress& progress_;
  std::stop_token stop_;
};

/// All bytes of `blob`, verified. Throws Error{Corrupt} at the end if its digest is another one.
[[nodiscard]] std::unique_ptr<ByteSource> open_verified(ImageSource& archive, const Descriptor& blob,
                                                        const std::stop_token& stop);

}  // namespace ociferry::compact
