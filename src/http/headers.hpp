#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ociferry {

/// Header fields in order; names are case-insensitive (RFC 9110 section 5.1).
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  /// Replaces all fields called `name`.
  void set(std::string name, std::string value);
  void remove(std::string_view name);
  void clear() noexcept { fields_.clear(); }

  /// The first value of `name`.
  [[nodiscard]] std::optional<std::string> find(std::string_view name) const;
  /// All values of `name`, in order.
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;
  /// The first value of `name` as a whole number of bytes, if it is one.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name) const;

  [[nodiscard]] auto begin() const noexcept { return fields_.begin(); }
  [[nodiscard]] auto end() const noexcept { return fields_.end(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace ociferry
