#include "oci/json.hpp"

#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "oci/json_repair.hpp"
#include "oci/limits.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

enum class Reading { Strict, Lenient };

/// Builds a Json from nlohmann's events; a strict one refuses what lenient parsers accept.
class Builder {
 public:
  Builder(Reading reading, std::size_t most_values)
      : is_strict_(reading == Reading::Strict), most_values_(most_values), values_left_(most_values) {}
  bool null() { return add(Json()); }
  bool boolean(bool value) { return add(Json(value)); }
  bool number_integer(std::int64_t value) { return add(Json(value)); }
  bool number_unsigned(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return add(Json(static_cast<double>(value)));
    }
    return add(Json(value));
  }
  bool number_float(double value, const std::string&) { return add(Json(value)); }
  bool string(std::string& value) { return add(Json(std::move(value))); }
  bool binary(std::vector<std::uint8_t>&) { return fail("binary data"); }
  bool start_object(std::size_t) { return open(false); }
  bool start_array(std::size_t) { return open(true); }
  bool key(std::string& value) {
    if (too_deep_ > 0) return true;
    Level& level = levels_.back();
    if (is_strict_ && !level.keys.insert(value).second) return fail(text::cat("the key \"", value, "\" occurs twice"));
    level.key = std::move(value);
    return true;
  }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    return fail(text::cat("not valid JSON at byte ", position));
  }

  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] Json take() { return std::move(result_); }

 private:
  struct Level {
    bool is_array = false;
    Json::Array array;
    Json::Object object;
    std::set<std::string> keys;
    std::string key;
  };

  bool fail(std::string why) {
    if (error_.empty()) error_ = std::move(why);
    return false;
  }
  bool add(Json value) {
    if (too_deep_ > 0) return true;
    if (values_left_-- == 0) return fail(text::cat("more than ", most_values_, " values"));
    if (levels_.empty()) {
      result_ = std::move(value);
    } else if (Level& level = levels_.back(); level.is_array) {
      level.array.push_back(std::move(value));
    } else {
      level.object.emplace_back(std::move(level.key), std::move(value));
    }
    return true;
  }
  bool open(bool is_array) {
    if (levels_.size() >= limits::kDocumentDepth) {
      if (is_strict_) return fail("nested too deeply");
      if (too_deep_ == 0) add(Json());
      ++too_deep_;
      return true;
    }
    levels_.emplace_back().is_array = is_array;
    return true;
  }
  bool close() {
    if (too_deep_ > 0) {
      --too_deep_;
      return true;
    }
    Level level = std::move(levels_.back());
    levels_.pop_back();
    return add(level.is_array ? Json(std::move(level.array)) : Json(std::move(level.object)));
  }

  bool is_strict_;
  std::size_t most_values_;
  std::size_t values_left_;
  std::size_t too_deep_ = 0;  ///< levels below the deepest one that is kept
  std::vector<Level> levels_;
  Json result_;
  std::string error_;
};

void append_unicode_escape(std::string& out, unsigned unit) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(unit >> shift) & 0xF];
}

/// Writes values: compact if `indent` is 0, otherwise with that many spaces a level and ASCII only.
class Writer {
 public:
  explicit Writer(std::size_t indent) : indent_(indent) {}

  void value(const Json& json) {
    if (json.is_null()) {
      out_ += "null";
    } else if (const auto* boolean = json.as_bool()) {
      out_ += *boolean ? "true" : "false";
    } else if (const auto* integer = json.as_int()) {
      out_ += text::cat(*integer);
    } else if (const auto* real = json.as_double()) {
      out_ += nlohmann::json(*real).dump();
    } else if (const auto* string = json.as_string()) {
      quoted(*string);
    } else if (const auto* array = json.as_array()) {
      items('[', ']', *array, [&](const Json& item) { value(item); });
    } else {
      items('{', '}', *json.as_object(), [&](const Json::Member& member) {
        quoted(member.first);
        out_ += indent_ > 0 ? ": " : ":";
        value(member.second);
      });
    }
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  template <typename Items, typename Fn>
  void items(char open, char close, const Items& all, Fn&& write) {
    out_ += open;
    ++depth_;
    bool first = true;
    for (const auto& item : all) {
      if (!first) out_ += ',';
      first = false;
      new_line();
      write(item);
    }
    --depth_;
    if (!first) new_line();
    out_ += close;
  }
  void new_line() {
    if (indent_ == 0) return;
    out_ += '\n';
    out_.append(indent_ * depth_, ' ');
  }
  void quoted(const std::string& text) {
    if (indent_ > 0) {
      out_ += nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
      return;
    }
    out_ += '"';
    for (std::string_view rest = text; !rest.empty();) {
      const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(rest, is_plain) - rest.begin());
      out_ += rest.substr(0, plain);
      rest.remove_prefix(plain);
      if (!rest.empty()) rest.remove_prefix(quoted_character(rest));
    }
    out_ += '"';
  }
  static bool is_plain(char c) {
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
  }
  /// Writes the first character of `rest` and returns its size in bytes.
  std::size_t quoted_character(std::string_view rest) {
    constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetters = "\"\\bfnrt";
    const char c = rest.front();
    if (static_cast<unsigned char>(c) >= 0x80) return quoted_beyond_ascii(rest);
    if (const auto escaped = kEscaped.find(c); escaped != std::string_view::npos) {
      out_ += '\\';
      out_ += kLetters[escaped];
    } else if (c < 0x20 || c == '<' || c == '>' || c == '&') {
      append_unicode_escape(out_, static_cast<unsigned char>(c));
    } else {
      out_ += c;
    }
    return 1;
  }
  std::size_t quoted_beyond_ascii(std::string_view rest) {
    std::string_view after = rest;
    const auto point = text::take_code_point(after);
    if (!point) {
      append_unicode_escape(out_, text::kReplacementCharacter);
      return 1;
    }
    const std::string_view character = rest.substr(0, rest.size() - after.size());
    if (*point == 0x2028 || *point == 0x2029) {
      append_unicode_escape(out_, *point);
    } else {
      out_ += character;
    }
    return character.size();
  }

  std::size_t indent_;
  std::size_t depth_ = 0;
  std::string out_;
};

}  // namespace

Json::Json() noexcept = default;
Json::Json(const Json& other) = default;
Json::Json(Json&& other) noexcept = default;
Json& Json::operator=(const Json& other) = default;
Json& Json::operator=(Json&& other) noexcept = default;
Json::~Json() = default;

Json::Json(std::uint64_t value) {
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    throw Error(ErrorCode::Internal, text::cat("number ", value, " is too large"));
  }
  value_ = static_cast<std::int64_t>(value);
}

namespace {

Json parsed(std::string_view text, std::string_view what, Builder builder) {
  // nlohmann's parser stops at a NUL, which JSON text cannot contain.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    throw Error(ErrorCode::Hostile, text::cat(what, ": not valid JSON at byte ", nul + 1));
  }
  if (text.starts_with("\xEF\xBB\xBF")) throw Error(ErrorCode::Hostile, text::cat(what, ": starts with a BOM"));
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
    throw Error(ErrorCode::Hostile, text::cat(what, ": ", builder.error()));
  }
  return builder.take();
}

}  // namespace

Json Json::parse(std::string_view text, std::string_view what, std::size_t most_values) {
  return parsed(text, what, Builder(Reading::Strict, most_values));
}

Json Json::parse_leniently(std::string_view text, std::string_view what) {
  return parsed(repaired_json(text), what, Builder(Reading::Lenient, limits::kJsonValues));
}

const Json* Json::find(std::string_view key) const {
  const auto* object = as_object();
  if (object == nullptr) return nullptr;
  for (const auto& [name, value] : *object) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string Json::string_at(std::string_view key) const {
  const Json* member = find(key);
  const auto* string = member == nullptr ? nullptr : member->as_string();
  return string == nullptr ? std::string() : *string;
}

std::string Json::dump() const {
  Writer writer(0);
  writer.value(*this);
  return writer.take();
}

std::string Json::dump_pretty(std::size_t indent) const {
  Writer writer(indent);
  writer.value(*this);
  return writer.take();
}

}  // namespace ociferry
