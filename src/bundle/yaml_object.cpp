#include "bundle/yaml_object.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "bundle/yaml_scalar.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kNameShown = 100;

const Json kNothing = {};
const Json::Array kNoItems = {};
const Json::Object kNoMembers = {};

Error wrong_type(std::string_view where, std::string_view wanted) {
  return {ErrorCode::Hostile, text::cat(where, ": expected ", wanted)};
}

}  // namespace

YamlObject::YamlObject(const Json& value, std::string where) : object_(value.as_object()), where_(std::move(where)) {
  if (value.is_null()) object_ = &kNoMembers;
  if (object_ == nullptr) throw wrong_type(where_, "a mapping");
}

void YamlObject::allow_only(std::initializer_list<std::string_view> names) const {
  for (const Json::Member& member : *object_) {
    const std::string& key = member.first;
    const auto is_same = [&](std::string_view name) { return text::equals_ignoring_case(key, name); };
    const std::string shown = key.substr(0, kNameShown);
    if (std::ranges::none_of(names, is_same)) {
      throw Error(ErrorCode::Hostile, text::cat(where_, ": unknown field \"", shown, "\""));
    }
    if (std::ranges::count_if(*object_, [&](const Json::Member& other) { return is_same(other.first); }) > 1) {
      throw Error(ErrorCode::Hostile, text::cat(where_, ": the field \"", shown, "\" occurs twice"));
    }
  }
}

const Json& YamlObject::field(std::string_view name) const {
  // Among spellings that differ in case, the bytewise last one counts, as in imgpkg's decoder, which sorts members.
  const Json::Member* found = nullptr;
  for (const Json::Member& member : *object_) {
    if (!text::equals_ignoring_case(member.first, name)) continue;
    if (found == nullptr || found->first < member.first) found = &member;
  }
  return found == nullptr ? kNothing : found->second;
}

std::string YamlObject::text(std::string_view name) const { return text_of(field(name), path(name)); }

bool YamlObject::boolean(std::string_view name) const {
  const Json& value = field(name);
  if (value.is_null()) return false;
  const bool* boolean = value.as_bool();
  if (boolean == nullptr) throw wrong_type(path(name), "true or false");
  return *boolean;
}

const Json::Array& YamlObject::list(std::string_view name) const {
  const Json& value = field(name);
  if (value.is_null()) return kNoItems;
  const auto* array = value.as_array();
  if (array == nullptr) throw wrong_type(path(name), "a list");
  return *array;
}

const Json::Object& YamlObject::members(std::string_view name) const {
  const Json& value = field(name);
  if (value.is_null()) return kNoMembers;
  const auto* object = value.as_object();
  if (object == nullptr) throw wrong_type(path(name), "a mapping");
  return *object;
}

std::string YamlObject::path(std::string_view name) const { return text::cat(where_, ": ", name); }

std::string text_of(const Json& value, std::string_view where) {
  if (value.as_array() != nullptr || value.as_object() != nullptr) throw wrong_type(where, "text");
  return scalar_text(value);
}

}  // namespace ociferry
