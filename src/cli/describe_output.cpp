#include "cli/describe_output.hpp"

#include "base/text.hpp"
#include "bundle/yaml_style.hpp"
#include "bundle/yaml_writer.hpp"
#include "oci/json.hpp"

namespace ociferry {

namespace {

using Type = DescribedImage::Type;

bool is_bundle(const DescribedImage& image) { return image.type == Type::Bundle; }

/// Lines below an indent that grows with each level of bundles.
class TextDescription {
 public:
  void root(const DescribedImage& bundle) {
    line("", "Bundle SHA: ", bundle.image.digest->text());
    line("", "", "");
    if (bundle.images.empty()) return;
    line("", "Images:", "");
    images(bundle, "  ");
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void line(std::string_view indent, std::string_view name, std::string_view value) {
    out_ += text::cat(indent, name, text::printable(value, std::string_view::npos), "\n");
  }

  void images(const DescribedImage& parent, const std::string& indent) {
    bool first = true;
    for (const DescribedImage& bundle : parent.images) {
      if (!is_bundle(bundle)) continue;
      if (!first) line("", "", "");
      first = false;
      item(bundle, indent);
      if (bundle.images.empty()) continue;
      line(indent, "  Images:", "");
      images(bundle, indent + "  ");
    }
    for (const DescribedImage& image : parent.images) {
      if (!is_bundle(image)) item(image, indent);
    }
  }

  void item(const DescribedImage& image, const std::string& indent) {
    line(indent, "- Image: ", to_string(image.image));
    line(indent, "  Type: ", type_name(image.type));
    const bool is_listed = image.type == Type::Image || image.type == Type::Bundle;
    if (is_listed) line(indent, "  Origin: ", to_string(image.origin));
    if (!image.layers.empty()) line(indent, "  Layers:", "");
    for (const Digest& layer : image.layers) line(indent, "    - Digest: ", layer.text());
    if (!image.annotations.empty()) line(indent, "  Annotations:", "");
    for (const auto& [key, value] : image.annotations) line(indent, "    ", text::cat(key, ": ", value));
  }

  std::string out_;
};

/// Escapes the characters that the console would replace and the YAML writer would not escape: replacing them later
/// could break the document.
std::string shown(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t point = text::take_code_point(text).value_or(text::kReplacementCharacter);
    const std::string_view character = before.substr(0, before.size() - text.size());
    out += needs_escape(point) ? std::string(character) : text::printable(character);
  }
  return out;
}

Json yaml_annotations(const std::map<std::string, std::string>& annotations) {
  Json::Object object;
  for (const auto& [key, value] : annotations) object.emplace_back(shown(key), shown(value));
  return object;
}

/// The common parts of images and bundles.
Json::Object yaml_head(const DescribedImage& image) {
  Json::Object object{{"image", to_string(image.image)}, {"origin", to_string(image.origin)}};
  if (!image.annotations.empty()) object.emplace_back("annotations", yaml_annotations(image.annotations));
  Json::Array layers;
  for (const Digest& layer : image.layers) layers.push_back(Json::Object{{"digest", layer.text()}});
  if (!layers.empty()) object.emplace_back("layers", std::move(layers));
  return object;
}

Json yaml_image(const DescribedImage& image) {
  Json::Object object = yaml_head(image);
  object.emplace_back("imageType", type_name(image.type));
  return object;
}

Json yaml_bundle(const DescribedImage& bundle) {
  Json::Object bundles;
  Json::Object images;
  for (const DescribedImage& image : bundle.images) {
    Json::Object& members = is_bundle(image) ? bundles : images;
    members.emplace_back(image.image.digest->text(), is_bundle(image) ? yaml_bundle(image) : yaml_image(image));
  }
  Json::Object content;
  if (!bundles.empty()) content.emplace_back("bundles", std::move(bundles));
  if (!images.empty()) content.emplace_back("images", std::move(images));
  Json::Object object = yaml_head(bundle);
  object.emplace_back("content", std::move(content));
  object.emplace_back("metadata", Json::Object{});
  return object;
}

}  // namespace

std::string_view type_name(DescribedImage::Type type) {
  switch (type) {
    case Type::Image: return "Image";
    case Type::Bundle: return "Bundle";
    case Type::Signature: return "Signature";
    case Type::Internal: return "Internal";
  }
  return "";
}

std::string description_text(const DescribedImage& bundle) {
  TextDescription text;
  text.root(bundle);
  return text.take();
}

std::string description_yaml(const DescribedImage& bundle) { return to_yaml(yaml_bundle(bundle)); }

}  // namespace ociferry
