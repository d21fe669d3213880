#pragma once

#include <filesystem>

#include "medium/growing_file.hpp"
#include "ociferry/jobs.hpp"
#include "store/piecewise_fetch.hpp"
#include "store/store.hpp"

namespace ociferry {

/// Downloads a layer to a file, resuming after a killed run.
class Download {
 public:
  /// Opens or creates the file. A large layer may be fetched in pieces over up to `jobs` connections. `layer`,
  /// `source` and `progress` must outlive it. Throws Error{Io}.
  Download(const std::filesystem::path& path, const Descriptor& layer, BlobSource& source, const Jobs& jobs,
           Progress& progress);

  /// Blocks until the layer is complete and verified: existing bytes are hashed, the rest is fetched. Damaged content
  /// is fetched once more. Throws Error{Space} if there is no room for the whole layer, before anything is fetched;
  /// Error{Corrupt}; whatever the source throws.
  void run(const std::stop_token& stop);

  /// The file; valid as long as this object.
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
