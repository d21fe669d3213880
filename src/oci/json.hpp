#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "oci/limits.hpp"

namespace ociferry {

/// A JSON value whose objects keep their key order. YAML documents are read into it too.
class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;

  Json() noexcept;
  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(const Json& other);
  Json& operator=(Json&& other) noexcept;
  ~Json();
  Json(std::nullptr_t) {}
  Json(bool value) : value_(value) {}
  Json(int value) : value_(std::int64_t{value}) {}
  Json(std::int64_t value) : value_(value) {}
  Json(std::uint64_t value);  ///< Throws Error{Internal} above 2^63-1.
  Json(double value) : value_(value) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(Array value) : value_(std::move(value)) {}
  Json(Object value) : value_(std::move(value)) {}

  /// Parses strictly: UTF-8 without BOM, no duplicate keys, no trailing data, depth bounded by limits::kDocumentDepth,
  /// whole numbers exact (one that does not fit int64 becomes a double). A Json takes far more memory than its text, so
  /// at most `most_values` values are taken. Throws Error{Hostile} starting with
  /// `what`.
  [[nodiscard]] static Json parse(std::string_view text, std::string_view what,
                                  std::size_t most_values = limits::kJsonValues);
  /// The same for documents that are carried unchanged and only inspected: it accepts all that Go's decoder does.
  /// Invalid characters become U+FFFD, numbers beyond a double's range 0, values nested deeper than
  /// limits::kDocumentDepth null. Duplicate keys are kept: check that a key that matters occurs once.
  [[nodiscard]] static Json parse_leniently(std::string_view text, std::string_view what);

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  [[nodiscard]] const bool* as_bool() const { return std::get_if<bool>(&value_); }
  [[nodiscard]] const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&value_); }
  [[nodiscard]] const double* as_double() const { return std::get_if<double>(&value_); }
  [[nodiscard]] const std::string* as_string() const { return std::get_if<std::string>(&value_); }
  [[nodiscard]] const Array* as_array() const { return std::get_if<Array>(&value_); }
  [[nodiscard]] const Object* as_object() const { return std::get_if<Object>(&value_); }

  /// The member called `key`, or nullptr if there is none or this is no object.
  [[nodiscard]] const Json* find(std::string_view key) const;
  /// The string member called `key`; empty if absent or not a string.
  [[nodiscard]] std::string string_at(std::string_view key) const;

  /// Compact text with the escapes of Go's encoder (<, >, & and U+2028/9 escaped, other UTF-8 raw, bytes that are no
  /// UTF-8 replaced by U+FFFD).
  [[nodiscard]] std::string dump() const;
  /// Text for people and scripts: `indent` (at least 1) spaces a level, everything beyond ASCII escaped, no newline at
  /// the end.
  [[nodiscard]] std::string dump_pretty(std::size_t indent = 2) const;

  friend bool operator==(const Json&, const Json&) = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

}  // namespace ociferry
