#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "registry/connection.hpp"
#include "registry/pages.hpp"

namespace ociferry {

/// Reads all pages of a repository's list of tags. Used by one thread at a time, and not after a failure.
class TagListing {
 public:
  /// `connection` and `name` must outlive it.
  TagListing(Connection& connection, const RepositoryName& name) : connection_(connection), name_(name) {}

  /// Blocks until the last page is read. See Repository::list_tags.
  [[nodiscard]] std::vector<std::string> run();
  /// The same until `stop` is requested, or nullopt if there are more than `most_pages` pages; another call goes on
  /// there.
  [[nodiscard]] std::optional<std::vector<std::string>> run_within(std::size_t most_pages, const std::stop_token& stop);
  /// True if a call ended before the last page, without a failure.
  [[nodiscard]] bool has_more() const noexcept { return has_more_; }
  /// After a failure: true if the registry reported an unknown repository.
  [[nodiscard]] bool is_repository_unknown() const noexcept { return repository_unknown_; }

 private:
  [[nodiscard]] Answer page(const Url& url, const std::stop_token& stop);
  void take_in(const Answer& answer);

  Connection& connection_;
  const RepositoryName& name_;
  std::optional<Pages> pages_;
  std::set<std::string> tags_;
  bool has_more_ = false;
  bool repository_unknown_ = false;
};

}  // namespace ociferry
