#include "cli/json_output.hpp"

#include "cli/results.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kImgpkgIndent = 4;

Json null_if_empty(const Json::Array& items) { return items.empty() ? Json() : Json(items); }

}  // namespace

std::string JsonOutput::text() const { return called_as_ == CalledAs::Imgpkg ? as_imgpkg() : as_ociferry(); }

std::string JsonOutput::as_imgpkg() const {
  if (!has_output() || !error_.is_null()) return "";
  return Json(Json::Object{{"Tables", null_if_empty(tables_)},
                           {"Blocks", null_if_empty(blocks_)},
                           {"Lines", null_if_empty(lines_)}})
      .dump_pretty(kImgpkgIndent);
}

std::string JsonOutput::as_ociferry() const {
  if (!has_output() && !members_ && error_.is_null()) return "";
  Json::Object all{{"schemaVersion", kSchemaVersion}, {"command", command_.empty() ? Json() : Json(command_)}};
  if (members_) {
    all.insert(all.end(), members_->begin(), members_->end());
  } else if (error_.is_null()) {
    std::string text;  // help and completion scripts
    for (const Json& block : blocks_) text += *block.as_string();
    all.emplace_back("text", std::move(text));
  }
  all.emplace_back("movedTags", moved_tags_);
  all.emplace_back("warnings", warnings_);
  all.emplace_back("error", error_);
  return Json(std::move(all)).dump_pretty() + "\n";
}

}  // namespace ociferry
