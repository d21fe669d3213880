#include "cli/arguments.hpp"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <sstream>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace options = boost::program_options;

namespace {

constexpr auto kPositional = "ARGUMENT";

std::string long_name(const std::string& name) { return name.substr(0, name.find(',')); }

}  // namespace

struct Arguments::State {
  struct Range {
    int least = 0;
    int most = 0;
  };
  std::string command;
  std::string usage;
  options::options_description described{"Options", 100, 60};
  options::options_description hidden;
  options::positional_options_description positions;
  options::variables_map values;
  std::map<std::string, Range> ranges;
  std::map<std::string, bool> splits;
  std::map<std::string, bool> switches;        ///< with their defaults
  std::map<std::string, bool> switches_given;  ///< as --name=true or --name=false
  std::string positional_name;

  /// Takes `--name=true` and `--name=false` out of `words`: Boost's switches take no value, and its values may
  /// swallow the next word.
  void take_switch_values(std::vector<std::string>& words);

  [[nodiscard]] Error usage_error(const std::string& why) const {
    return Error(ErrorCode::Usage, why).hint(fmt::format("'ociferry {} --help' lists what it takes", command));
  }
};

Arguments::Arguments(std::string command, std::string usage) : state_(std::make_unique<State>()) {
  state_->command = std::move(command);
  state_->usage = std::move(usage);
}
Arguments::~Arguments() = default;

void Arguments::flag(const std::string& name, const std::string& help) { toggle(name, false, help); }

void Arguments::toggle(const std::string& name, bool default_value, const std::string& help) {
  state_->switches[long_name(name)] = default_value;
  state_->described.add_options()(name.c_str(), options::bool_switch(), help.c_str());
}

void Arguments::text(const std::string& name, const std::string& placeholder, const std::string& help) {
  state_->described.add_options()(name.c_str(), options::value<std::string>()->value_name(placeholder), help.c_str());
}

void Arguments::number(const std::string& name, int default_value, int least, int most, const std::string& help) {
  state_->ranges[long_name(name)] = {least, most};
  auto* value = options::value<int>()->default_value(default_value)->value_name("N");
  state_->described.add_options()(name.c_str(), value, help.c_str());
}

void Arguments::list(const std::string& name, const std::string& placeholder, const std::string& help) {
  repeated(name, placeholder, help);
  state_->splits[long_name(name)] = true;
}

void Arguments::repeated(const std::string& name, const std::string& placeholder, const std::string& help) {
  auto* value = options::value<std::vector<std::string>>()->composing()->value_name(placeholder);
  state_->described.add_options()(name.c_str(), value, help.c_str());
}

void Arguments::positional(const std::string& placeholder) {
  state_->positional_name = placeholder;
  state_->hidden.add_options()(kPositional, options::value<std::string>());
  state_->positions.add(kPositional, 1);
}

void Arguments::State::take_switch_values(std::vector<std::string>& words) {
  std::erase_if(words, [this](const std::string& word) {
    const auto equals = word.find('=');
    if (!word.starts_with("--") || equals == std::string::npos) return false;
    const std::string name = word.substr(2, equals - 2);
    if (!switches.contains(name)) return false;
    const std::string value = word.substr(equals + 1);
    if (value != "true" && value != "false")
      throw usage_error(fmt::format("--{} is true or false, not '{}'", name, value));
    switches_given[name] = value == "true";
    return true;
  });
}

void Arguments::parse(const std::vector<std::string>& given) {
  std::vector<std::string> words = given;
  state_->take_switch_values(words);
  options::options_description all;
  all.add(state_->described).add(state_->hidden);
  namespace style = options::command_line_style;
  try {
    options::store(options::command_line_parser(words)
                       .options(all)
                       .positional(state_->positions)
                       .style(style::unix_style & ~style::allow_guessing)
                       .run(),
                   state_->values);
  } catch (const options::error& error) {
    throw state_->usage_error(error.what());
  }
  for (const auto& [name, range] : state_->ranges) {
    const int value = number_of(name);
    if (value < range.least || value > range.most) {
      throw state_->usage_error(
          fmt::format("--{} must be from {} to {}, not {}", name, range.least, range.most, value));
    }
  }
}

bool Arguments::is_set(const std::string& name) const {
  const auto& values = state_->values;
  if (state_->switches.contains(name)) return state_->switches_given.contains(name) || values[name].as<bool>();
  return values.count(name) > 0 && !values[name].defaulted();
}

bool Arguments::on(const std::string& name) const {
  if (const auto given = state_->switches_given.find(name); given != state_->switches_given.end()) return given->second;
  return state_->values[name].as<bool>() || state_->switches.at(name);
}

std::optional<std::string> Arguments::optional_text(const std::string& name) const {
  if (!is_set(name)) return std::nullopt;
  return state_->values[name].as<std::string>();
}

std::string Arguments::text_of(const std::string& name) const { return optional_text(name).value_or(""); }

int Arguments::number_of(const std::string& name) const { return state_->values[name].as<int>(); }

std::vector<std::string> Arguments::list_of(const std::string& name) const {
  if (!is_set(name)) return {};
  const auto& given = state_->values[name].as<std::vector<std::string>>();
  if (!state_->splits.contains(name)) return given;
  std::vector<std::string> items;
  for (const std::string& value : given) {
    for (std::string& item : text::split(value, ',')) items.push_back(std::move(item));
  }
  return items;
}

std::map<std::string, std::string> Arguments::map_of(const std::string& name) const {
  std::map<std::string, std::string> map;
  for (const std::string& item : list_of(name)) {
    const auto equals = item.find('=');
    if (equals == std::string::npos) throw state_->usage_error(fmt::format("{} must be formatted as key=value", item));
    map[item.substr(0, equals)] = item.substr(equals + 1);
  }
  return map;
}

std::string Arguments::positional_value() const {
  if (state_->values.count(kPositional) == 0) {
    throw state_->usage_error(fmt::format("{} is missing", state_->positional_name));
  }
  return state_->values[kPositional].as<std::string>();
}

std::string Arguments::help() const {
  std::ostringstream out;
  out << state_->usage << "\n\n" << state_->described;
  return out.str();
}

}  // namespace ociferry
