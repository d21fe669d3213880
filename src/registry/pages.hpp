#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "registry/connection.hpp"

namespace ociferry {

/// The way through a list that a registry gives page by page: at the registry itself, and in no circle. Used by one
/// thread.
class Pages {
 public:
  /// `what` names the list in messages ("the list of tags"). `connection` must outlive it, as must `what`.
  Pages(Connection& connection, Url first, std::string_view what);

  /// The page to ask for now.
  [[nodiscard]] const Url& url() const noexcept { return url_; }
  /// How many pages were named so far, with the present one.
  [[nodiscard]] std::size_t count() const noexcept { return asked_.size(); }
  /// Turns to the page that `answer` names as the next one; false if there is none. Throws Error{Hostile} if the list
  /// leads to another server or back to a page of its own.
  [[nodiscard]] bool turn(const Answer& answer);

 private:
  Connection& connection_;
  Url url_;
  std::string_view what_;
  std::set<std::string> asked_;  ///< the pages' URLs
};

}  // namespace ociferry
