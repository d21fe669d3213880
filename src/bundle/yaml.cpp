#include "bundle/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "bundle/limits.hpp"
#include "bundle/yaml_scalar.hpp"
#include "oci/limits.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// yaml-cpp's tags of plain and quoted scalars, and the only explicit tag that has no effect.
constexpr std::string_view kPlain = "?";
constexpr std::string_view kQuoted = "!";
constexpr std::string_view kStringTag = "tag:yaml.org,2002:str";
constexpr std::size_t kKeyShown = 100;

/// yaml-cpp writes U+0085 and U+00A0 as one byte when they come from the escapes \N and \_. In valid UTF-8 text, only
/// these bytes can be stray.
std::string with_whole_characters(std::string scalar) {
  if (text::is_utf8(scalar)) return scalar;
  std::string out;
  for (std::string_view rest = scalar; !rest.empty();) {
    const std::string_view before = rest;
    const bool is_stray = (static_cast<unsigned char>(rest.front()) & 0xC0U) == 0x80U;
    if (is_stray) out += '\xC2';
    static_cast<void>(text::take_code_point(rest));
    out += before.substr(0, before.size() - rest.size());
  }
  return out;
}

/// A violated rule, without the name of the document.
struct Refusal {
  YAML::Mark where;
  std::string why;
};

/// Builds a Json from yaml-cpp's events. Refuses what could make a small document large, or ambiguous.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(RepeatedKeys repeated) : repeated_(repeated) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    count(mark, anchor);
    add(mark, Json());
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { throw Refusal{mark, "aliases are not accepted"}; }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    count(mark, anchor);
    if (tag != kPlain && tag != kQuoted && tag != kStringTag) throw Refusal{mark, "tags are not accepted"};
    if (tag == kPlain && value == "<<" && awaits_key()) throw Refusal{mark, "merge keys are not accepted"};
    add(mark, tag == kPlain ? resolve_plain_scalar(value) : Json(with_whole_characters(value)));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Kind::Array);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Kind::Object);
  }
  void OnMapEnd() override { close(); }

  [[nodiscard]] Json take() { return std::move(result_); }

 private:
  enum class Kind { Array, Object };
  struct Level {
    Kind kind = Kind::Array;
    YAML::Mark start = {};
    Json::Array array = {};
    Json::Object object = {};
    std::unordered_map<std::string, std::size_t> positions = {};  ///< of the object's keys
    std::optional<std::size_t> waiting = {};                      ///< the member with a key but no value yet
  };

  void count(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) throw Refusal{mark, "anchors are not accepted"};
    if (++nodes_ > limits::kYamlNodes) throw Refusal{mark, text::cat("more than ", limits::kYamlNodes, " values")};
  }

  [[nodiscard]] bool awaits_key() const {
    return !levels_.empty() && levels_.back().kind == Kind::Object && !levels_.back().waiting;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Kind kind) {
    count(mark, anchor);
    if (tag != kPlain && tag != kQuoted && !tag.empty()) throw Refusal{mark, "tags are not accepted"};
    if (awaits_key()) throw Refusal{mark, "a key must be a single value"};
    if (levels_.size() >= limits::kDocumentDepth) throw Refusal{mark, "nested too deeply"};
    levels_.emplace_back();
    levels_.back().kind = kind;
    levels_.back().start = mark;
  }

  void close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    add(level.start, level.kind == Kind::Array ? Json(std::move(level.array)) : Json(std::move(level.object)));
  }

  void add(const YAML::Mark& mark, Json value) {
    if (levels_.empty()) {
      result_ = std::move(value);
      return;
    }
    Level& level = levels_.back();
    if (level.kind == Kind::Array) {
      level.array.push_back(std::move(value));
    } else if (level.waiting) {
      level.object[*std::exchange(level.waiting, std::nullopt)].second = std::move(value);
    } else {
      begin_member(level, mark, value);
    }
  }

  void begin_member(Level& level, const YAML::Mark& mark, const Json& key) {
    if (key.is_null()) throw Refusal{mark, "a key must not be null"};
    std::string name = key_text(key);
    const auto [found, is_new] = level.positions.emplace(name, level.object.size());
    if (is_new) {
      level.object.emplace_back(std::move(name), Json());
    } else if (repeated_ == RepeatedKeys::Refuse) {
      throw Refusal{mark, text::cat("the key \"", name.substr(0, kKeyShown), "\" occurs twice")};
    }
    level.waiting = found->second;
  }

  RepeatedKeys repeated_;
  std::size_t nodes_ = 0;
  std::vector<Level> levels_;
  Json result_;
};

/// YAML allows no control characters but tab, line feed, carriage return and NEL; yaml-cpp treats U+0004 as the end of
/// the text.
bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F) return true;
    if (byte != 0xC2 || i + 1 == text.size()) continue;
    const auto next = static_cast<unsigned char>(text[i + 1]);
    if (next < 0xA0 && next != 0x85) return true;
  }
  return false;
}

/// The most commas and brackets on one line.
std::size_t most_marks_on_a_line(std::string_view text) {
  std::size_t most = 0;
  std::size_t here = 0;
  for (const char c : text) {
    if (c == '\n') here = 0;
    if (c == ',' || c == '[' || c == ']' || c == '{' || c == '}') most = std::max(most, ++here);
  }
  return most;
}

void check_text(std::string_view text, std::string_view what) {
  const auto refuse = [&](const std::string& why) { throw Error(ErrorCode::Hostile, text::cat(what, ": ", why)); };
  if (text.size() > limits::kYamlBytes) refuse(text::cat("larger than ", limits::kYamlBytes, " bytes"));
  if (!text::is_utf8(text)) refuse("not UTF-8");
  if (has_control_character(text)) refuse("holds a control character");
  // yaml-cpp keeps all tokens of a line, about 500 bytes each, before it emits events.
  if (most_marks_on_a_line(text) > limits::kYamlLineMarks) {
    refuse(text::cat("more than ", limits::kYamlLineMarks, " commas and brackets on one line"));
  }
}

std::string at(const YAML::Mark& mark) {
  return mark.is_null() ? std::string() : text::cat(" (line ", mark.line + 1, ", column ", mark.column + 1, ")");
}

}  // namespace

Json parse_yaml(std::string_view text, std::string_view what, RepeatedKeys repeated) {
  check_text(text, what);
  std::istringstream input{std::string(text)};
  Builder builder(repeated);
  try {
    YAML::Parser parser(input);
    parser.HandleNextDocument(builder);
  } catch (const Refusal& refusal) {
    throw Error(ErrorCode::Hostile, text::cat(what, ": ", refusal.why, at(refusal.where)));
  } catch (const YAML::Exception& problem) {
    throw Error(ErrorCode::Hostile, text::cat(what, ": ", problem.msg, at(problem.mark)));
  }
  return builder.take();
}

}  // namespace ociferry
