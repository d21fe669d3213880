#include "bundle/yaml_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <vector>

#include "base/text.hpp"
#include "bundle/natural_order.hpp"
#include "bundle/yaml_scalar.hpp"
#include "bundle/yaml_style.hpp"

namespace ociferry {

namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kFoldAfter = 80;

enum class Folding { Never, AtSpaces };

void append_escape(std::string& out, char32_t point) {
  constexpr std::string_view kNamed = "0------abtnvfr-------------e";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  out += '\\';
  if (point == '"' || point == '\\') {
    out += static_cast<char>(point);
  } else if (point < kNamed.size() && kNamed[point] != '-') {
    out += kNamed[point];
  } else if (point == 0x85) {
    out += 'N';
  } else if (point == 0x2028 || point == 0x2029) {
    out += point == 0x2028 ? 'L' : 'P';
  } else {
    out += point <= 0xFF ? 'x' : point <= 0xFFFF ? 'u' : 'U';
    const int digits = point <= 0xFF ? 2 : point <= 0xFFFF ? 4 : 8;
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kHex[(point >> shift) & 0xFU];
  }
}

/// Lays out a document; keeps track of the column, which is counted in characters.
class Writer {
 public:
  void document(const Json& value) {
    if (is_block(value)) {
      block(value, 0);
    } else {
      single(value, kIndent);
      out_.erase(0, 1);  // the space that separates a value from what is before it
    }
    out_ += '\n';
  }

  /// `text` in one of the styles for one line, after a space.
  void one_line(std::string_view text) {
    const YamlStyle style = yaml_style(text);
    scalar(text, style == YamlStyle::Literal ? YamlStyle::DoubleQuoted : style, 0, Folding::Never);
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  /// Values that take lines of their own.
  static bool is_block(const Json& value) {
    if (const auto* object = value.as_object()) return !object->empty();
    const auto* array = value.as_array();
    return array != nullptr && !array->empty();
  }

  void put(std::string_view ascii) {
    out_ += ascii;
    column_ += ascii.size();
  }
  void new_line(std::size_t indent) {
    out_ += '\n';
    out_.append(indent, ' ');
    column_ = indent;
  }

  /// Writes a list or mapping whose first item continues the current line.
  void block(const Json& value, std::size_t indent) {
    if (const auto* object = value.as_object()) {
      mapping(*object, indent);
    } else {
      sequence(*value.as_array(), indent);
    }
  }

  void mapping(const Json::Object& object, std::size_t indent) {
    std::vector<std::string> keys;
    std::map<std::string_view, const Json*> values;
    for (const auto& [key, value] : object) {
      if (values.emplace(key, &value).second) keys.push_back(key);
    }
    sort_naturally(keys);
    bool first = true;
    for (const std::string& key : keys) {
      if (!first) new_line(indent);
      first = false;
      member(key, *values.at(key), indent);
    }
  }

  void member(const std::string& name, const Json& value, std::size_t indent) {
    // A plain << would merge its value into the mapping.
    const YamlStyle style = name == "<<" ? YamlStyle::DoubleQuoted : yaml_style(name);
    if (is_simple_key(name)) {
      const std::size_t start = out_.size();
      scalar(name, style, indent + kIndent, Folding::Never);
      out_.erase(start, 1);
      --column_;
    } else {
      put("?");
      scalar(name, style, indent + kIndent, Folding::AtSpaces);
      new_line(indent);
    }
    put(":");
    if (!is_block(value)) {
      single(value, indent + kIndent);
      return;
    }
    const std::size_t inner = value.as_object() != nullptr ? indent + kIndent : indent;
    new_line(inner);
    block(value, inner);
  }

  void sequence(const Json::Array& array, std::size_t indent) {
    bool first = true;
    for (const Json& item : array) {
      if (!first) new_line(indent);
      first = false;
      put("-");
      if (is_block(item)) {
        put(" ");
        block(item, indent + kIndent);
      } else {
        single(item, indent + kIndent);
      }
    }
  }

  /// A value that is no list or mapping with content, after a space.
  void single(const Json& value, std::size_t indent) {
    if (const auto* string = value.as_string()) {
      scalar(*string, yaml_style(*string), indent, Folding::AtSpaces);
    } else if (value.as_object() != nullptr) {
      put(" {}");
    } else if (value.as_array() != nullptr) {
      put(" []");
    } else {
      put(" ");
      put(value.is_null() ? "null" : scalar_text(value));
    }
  }

  void scalar(std::string_view text, YamlStyle style, std::size_t indent, Folding folding) {
    put(" ");
    switch (style) {
      case YamlStyle::Plain: words(text, indent, folding, ""); break;
      case YamlStyle::SingleQuoted: words(text, indent, folding, "'"); break;
      case YamlStyle::DoubleQuoted: double_quoted(text, indent, folding); break;
      case YamlStyle::Literal: literal(text, indent); break;
    }
  }

  /// Takes the first `size` bytes off `text`, which are whole characters, and appends them as they are.
  void copy(std::string_view& text, std::size_t size) {
    const std::string_view part = text.substr(0, size);
    const auto begins_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
    out_ += part;
    column_ += static_cast<std::size_t>(std::ranges::count_if(part, begins_character));
    text.remove_prefix(part.size());
  }

  /// True if the line is full and the space that `rest` starts with may become a line break.
  [[nodiscard]] bool folds_here(std::string_view rest, bool after_space, Folding folding) const {
    return folding == Folding::AtSpaces && !after_space && column_ > kFoldAfter && rest.size() > 1;
  }

  /// Plain or single-quoted text (then `quote` is that quote): folds only between two words.
  void words(std::string_view text, std::size_t indent, Folding folding, std::string_view quote) {
    put(quote);
    const std::size_t size = text.size();
    bool after_space = false;
    while (!text.empty()) {
      const bool is_space = text.front() == ' ';
      if (is_space && text.size() < size && folds_here(text, after_space, folding) && text[1] != ' ') {
        new_line(indent);
        text.remove_prefix(1);
      } else {
        if (text.front() == '\'') put(quote);
        copy(text, is_space ? 1 : text.find_first_of(" '", 1));
      }
      after_space = is_space;
    }
    put(quote);
  }

  void double_quoted(std::string_view text, std::size_t indent, Folding folding) {
    put("\"");
    const std::size_t size = text.size();
    bool after_space = false;
    while (!text.empty()) {
      const bool is_space = text.front() == ' ';
      if (is_space && text.size() < size && folds_here(text, after_space, folding)) {
        new_line(indent);
        if (text[1] == ' ') put("\\");
        text.remove_prefix(1);
      } else {
        escaped_character(text);
      }
      after_space = is_space;
    }
    put("\"");
  }

  void escaped_character(std::string_view& text) {
    std::string_view rest = text;
    const char32_t point = text::take_code_point(rest).value_or(text::kReplacementCharacter);
    if (!needs_escape(point)) return copy(text, text.size() - rest.size());
    const std::size_t before = out_.size();
    append_escape(out_, point);
    column_ += out_.size() - before;
    text = rest;
  }

  void literal(std::string_view text, std::size_t indent) {
    out_ += '|';
    if (text.front() == ' ' || text.front() == '\n') out_ += static_cast<char>('0' + kIndent);
    if (!text.ends_with('\n')) {
      out_ += '-';
    } else if (text == "\n" || text.ends_with("\n\n")) {
      out_ += '+';
    }
    for (std::size_t start = 0; start < text.size();) {
      const std::size_t end = std::min(text.find('\n', start), text.size());
      out_ += '\n';
      if (end > start) out_.append(indent, ' ');
      out_ += text.substr(start, end - start);
      start = end + 1;
    }
    // The line feed that ends the text is the one that whatever comes next begins with.
  }

  std::string out_;
  std::size_t column_ = 0;
};

}  // namespace

std::string to_yaml(const Json& value) {
  Writer writer;
  writer.document(value);
  return writer.take();
}

std::string yaml_text(std::string_view text) {
  Writer writer;
  writer.one_line(text);
  return writer.take().substr(1);
}

}  // namespace ociferry
