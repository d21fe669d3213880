#include "cli/describe_output.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.hpp"
#include "bundle/yaml.hpp"
#include "oci/tag_names.hpp"
#include "support/golden.hpp"

using namespace ociferry;
using testing::check_golden;

namespace {

using Type = DescribedImage::Type;

constexpr const char* kGolden = FIXTURES "/golden/describe/";

Digest digest(char fill) { return Digest::parse("sha256:" + std::string(64, fill)); }

DescribedImage image(Type type, char fill, std::vector<DescribedImage> images = {}) {
  DescribedImage made{.type = type, .image = {{"r.example", "dst"}, std::nullopt, digest(fill)}, .origin = {}};
  made.origin = made.image;
  if (type == Type::Image || type == Type::Bundle) made.origin.name.repository = "src";
  made.layers = {digest(fill)};
  made.images = std::move(images);
  return made;
}

DescribedImage sample() {
  DescribedImage plain = image(Type::Image, 'a');
  plain.annotations = {{"sale", "50% off"}, {"id", "%s"}};
  DescribedImage signature = image(Type::Signature, 'b');
  signature.annotations = {{"tag", attachment_tag(digest('a'), "sig")}};
  const DescribedImage low = image(Type::Bundle, 'c', {plain, signature, image(Type::Internal, 'd')});
  DescribedImage mid = image(Type::Bundle, 'e', {image(Type::Image, 'f'), low});
  mid.annotations = {{"note", "nested"}};
  DescribedImage bare = image(Type::Image, '9');
  bare.layers.clear();
  return image(Type::Bundle, '0', {bare, mid, image(Type::Bundle, '1'), low});
}

DescribedImage with_annotation(const std::string& key, const std::string& value) {
  DescribedImage annotated = image(Type::Image, 'a');
  annotated.annotations = {{key, value}};
  return image(Type::Bundle, '0', {annotated});
}

/// True if the console leaves `text` as it is.
bool is_printable(const std::string& text) {
  const auto lines = text::split(text, '\n');
  return std::ranges::all_of(lines, [](auto& line) { return text::printable(line, std::string::npos) == line; });
}

/// The value that a reader of the YAML finds for the only annotation.
std::string annotation_in(const std::string& yaml) {
  const Json json = parse_yaml(yaml, "test", RepeatedKeys::Refuse);
  const Json& found = *json.find("content")->find("images")->find(digest('a').text())->find("annotations");
  return *found.as_object()->front().second.as_string();
}

}  // namespace

TEST_CASE("bundles of any depth are described in imgpkg's layout, in text and YAML") {
  check_golden(std::string(kGolden) + "nested.txt", description_text(sample()));
  check_golden(std::string(kGolden) + "nested.yaml", description_yaml(sample()));
}

TEST_CASE("a bundle without images has no list of them, and an empty content") {
  const DescribedImage bundle = image(Type::Bundle, '0');
  CHECK(description_text(bundle) == text::cat("Bundle SHA: ", digest('0').text(), "\n\n"));
  CHECK(description_yaml(bundle).starts_with("content: {}\nimage: r.example/dst@"));
}

TEST_CASE("in text, annotations are escaped: none can look like another line or control a terminal") {
  const std::string text = description_text(with_annotation("k\ney", "x\n    Type: Internal\x1b[2J\xE2\x80\xAE"));
  CHECK(text.ends_with("    Annotations:\n      k\\u{a}ey: x\\u{a}    Type: Internal\\u{1b}[2J\\u{202e}\n"));
}

TEST_CASE("in YAML, annotations keep their value, except for invisible and bidirectional characters") {
  for (const char* value :
       {"1", "a: b", "two\nlines", "tab\there", "\x1b[2J", "50% off", "\xF0\x9F\x98\x80", "", "quote\"\\"}) {
    CAPTURE(value);
    const std::string yaml = description_yaml(with_annotation("key", value));
    CHECK(annotation_in(yaml) == value);
    CHECK(is_printable(yaml));
  }
  const std::string yaml = description_yaml(with_annotation("key",
                                                            "\xF0\x9F\x98\x80\xE2\x80\x8D\xE2\x80\xAE"
                                                            "x"));
  CHECK(annotation_in(yaml) == "\xF0\x9F\x98\x80\\u{200d}\\u{202e}x");
  CHECK(is_printable(yaml));
}
