#pragma once

#include <mutex>
#include <set>
#include <string>

#include "registry/blob_download.hpp"

namespace ociferry {

/// The places that sent wrong bytes for a layer; skipped by the next attempt. Thread-safe.
class SpoiledPlaces {
 public:
  void add(const std::string& place);
  [[nodiscard]] bool contains(const std::string& place) const;

 private:
  mutable std::mutex mutex_;
  std::set<std::string> places_;
};

/// Downloads a layer that must not be redistributed: from its repository or, if absent there, from the URLs of its
/// descriptor (image-spec, descriptor.md), in order and without credentials. After a failure, resumes from the next
/// place.
class ForeignDownload {
 public:
  /// All but `stop` must outlive it.
  ForeignDownload(Connection& connection, const RepositoryName& name, const Descriptor& layer, ByteSink& sink,
                  SpoiledPlaces& spoiled, std::stop_token stop);

  /// Blocks until all of the layer is in the sink, size and digest checked. Throws Error{Corrupt} if what arrived is
  /// wrong; another download then starts at the next place. Throws Error{NotFound} or Error{Network} with a list
  /// of all places if none has it; what the sink throws.
  void run();

 private:
  [[nodiscard]] std::vector<DownloadPlace> places();
  [[nodiscard]] DownloadPlace place_at(const std::string& url);
  [[nodiscard]] bool try_place(const DownloadPlace& place, ByteSink& sink);
  void note_failure(const std::string& place, const Error& error);
  [[nodiscard]] Error not_found_anywhere() const;

  Connection& connection_;
  const RepositoryName& name_;
  const Descriptor& layer_;
  ByteSink& sink_;
  SpoiledPlaces& spoiled_;
  std::stop_token stop_;
  std::uint64_t delivered_ = 0;
  std::vector<std::string> used_places_;  ///< the places that delivered bytes
  std::vector<std::string> failures_;
  bool may_pass_ = false;  ///< one of the failures was temporary
};

}  // namespace ociferry
