#pragma once

#include <filesystem>

#include "base/fd.hpp"
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
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  [[nodiscard]] std::uint64_t begin();
  [[nodiscard]] FilePlace place() const;
  void prepare_for_pieces(std::uint64_t there);
  void attempt(std::uint64_t there, const std::stop_token& stop);
  void fetch(std::uint64_t there, const std::stop_token& stop);

  UniqueFd fd_;
  std::string file_;  ///< for messages
  const Descriptor& layer_;
  BlobSource& source_;
  Jobs jobs_;
  PieceBoard board_;
  Progress& progress_;
};

}  // namespace ociferry
