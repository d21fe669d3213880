#pragma once

#include <filesystem>

#include "medium/growing_file.hpp"
#include "ociferry/jobs.hpp"
#include "store/piecewise_fetch.hpp"
#include "store/store.hpp"

namespace ociferry {

/// A layer on its way into a file of its own, where a run that was killed may have left its beginning.
class Download {
 public:
  /// Opens or creates the file. A large layer may come in pieces over as many connections as `jobs` says. `layer`,
  /// `source` and `progress` must outlive it. Throws Error{Io}.
  Download(const std::filesystem::path& path, const Descriptor& layer, BlobSource& source, const Jobs& jobs,
           Progress& progress);

  /// Blocks until all of the layer is in the file, size and digest checked: what is there is read and hashed, the rest
  /// fetched. Content that was damaged on its way is fetched once more. Throws Error{Space} if there is no room for the
  /// whole layer, before anything is fetched; Error{Corrupt}; whatever the source throws.
  void run(const std::stop_token& stop);

  /// The file, for as long as this lives.
  [[nodiscard]] const Medium& file() const noexcept { return file_; }

 private:
  void attempt(std::uint64_t there, const std::stop_token& stop);
  void fetch(std::uint64_t there, const std::stop_token& stop);

  const Descriptor& layer_;
  GrowingFile file_;
  BlobPlace place_{.medium = file_, .offset = 0};
  BlobSource& source_;
  Jobs jobs_;
  PieceBoard board_;
  Progress& progress_;
};

}  // namespace ociferry
