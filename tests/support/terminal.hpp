#pragma once

#include <string>

#include "base/fd.hpp"

namespace ociferry::testing {

/// A terminal, and whoever types on it.
class Terminal {
 public:
  Terminal();

  /// The path of the device.
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool shows_what_is_typed() const;
  void type(const std::string& line) const;
  /// What it shows so far: a page at most, since nobody reads while a program writes.
  [[nodiscard]] std::string shown() const;

 private:
  UniqueFd master_;
  UniqueFd slave_;
  std::string name_;
};

}  // namespace ociferry::testing
