#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "registry/connection.hpp"

namespace ociferry {

/// Walks the pages of a registry's list; each must be at the registry, and new. Used by one thread.
class Pages {
 public:
  /// `what` names the list in messages ("the list of tags"). `connection` must outlive it, as must `what`.
  Pages(Connection& connection, Url first, std::string_view what);

  /// The URL of the current page.
  [[nodiscard]] const Url& url() const noexcept { return url_; }
  /// The number of pages so far, with the current one.
  [[nodiscard]] std::size_t count() const noexcept { return asked_.size(); }
  /// Moves to the next page, from the Link of `answer`; false if there is none. Throws Error{Hostile} if it is on
  /// another server, or was visited before.
  [[nodiscard]] bool turn(const Answer& answer);

 private:
  Connection& connection_;
  Url url_;
  std::string_view what_;
  std::set<std::string> asked_;  ///< the pages' URLs
};

}  // namespace ociferry
