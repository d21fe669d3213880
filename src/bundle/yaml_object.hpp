#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "oci/json.hpp"

namespace ociferry {

/// A mapping that is decoded field by field, as Go's JSON decoder does it: names match whatever their case, null and
/// absent are the same, scalars become text where text is wanted. Refers to the Json, which must outlive it.
/// Every method throws Error{Hostile} naming the place if a value has another type.
class YamlObject {
 public:
  /// `where` names the mapping, such as "Unmarshaling images lock: images[3]".
  YamlObject(const Json& value, std::string where);

  /// Refuses members that are none of `names`, and names given twice in different case.
  void allow_only(std::initializer_list<std::string_view> names) const;

  /// The field's value, or null.
  [[nodiscard]] const Json& field(std::string_view name) const;
  /// The field as text; empty if absent or null.
  [[nodiscard]] std::string text(std::string_view name) const;
  /// The field as a boolean, which it must be; false if absent or null.
  [[nodiscard]] bool boolean(std::string_view name) const;
  /// The items of a list; none if absent or null.
  [[nodiscard]] const Json::Array& list(std::string_view name) const;
  /// The members of a mapping; none if absent or null.
  [[nodiscard]] const Json::Object& members(std::string_view name) const;
  /// "<where>: <name>"
  [[nodiscard]] std::string path(std::string_view name) const;

 private:
  const Json::Object* object_;
  std::string where_;
};

/// The text that a scalar stands for. Throws Error{Hostile} starting with `where` for a list or mapping.
[[nodiscard]] std::string text_of(const Json& value, std::string_view where);

}  // namespace ociferry
