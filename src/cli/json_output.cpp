#include "cli/json_output.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kIndent = 4;

Json null_if_empty(const Json::Array& items) { return items.empty() ? Json() : Json(items); }

}  // namespace

std::string JsonOutput::text() const {
  Json::Object all{
      {"Tables", null_if_empty(tables_)}, {"Blocks", null_if_empty(blocks_)}, {"Lines", null_if_empty(lines_)}};
  if (error_) all.emplace_back("Error", *error_);
  return Json(std::move(all)).dump_pretty(kIndent) + "\n";
}

}  // namespace ociferry
