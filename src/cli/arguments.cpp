#include "cli/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <filesystem>
#include <limits>
#include <sstream>

#include "base/suggestion.hpp"
#include "cli/flag_syntax.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace options = boost::program_options;

namespace {

constexpr auto kHelp = "help";  // a command line with this switch need not be complete
std::string long_name(const std::string& name) { return name.substr(0, name.find(',')); }

char short_name(const std::string& name) {
  const auto comma = name.find(',');
  return comma == std::string::npos ? '\0' : name.at(comma + 1);
}

}  // namespace

struct Arguments::State {
  struct Range {
    int least = 0;
    int most = 0;
  };
  struct Alias {
    std::string target = {};
    bool is_deprecated = false;
  };
  enum class Values { One, All, Split };

  State() { groups.emplace_back("Options", 100, 60); }

  std::string command;
  std::string usage;
  CalledAs called_as = CalledAs::Ociferry;
  std::vector<options::options_description> groups;  ///< one for each heading
  std::vector<DeclaredOption> declared;
  std::map<std::string, Alias> aliases;
  std::map<std::string, Range> ranges;
  std::map<std::string, Values> kinds;         ///< of options that take values
  std::map<std::string, std::string> implied;  ///< the values of those that need not have one
  std::map<std::string, bool> switches;        ///< with their defaults
  std::map<std::string, bool> switches_given;
  std::vector<std::string> required;
  std::string positional_name;
  bool takes_many = false;

  options::variables_map values;
  std::vector<std::string> positionals;
  std::vector<std::string> deprecations;
  std::vector<std::string> warnings;

  [[nodiscard]] Error usage_error(const std::string& why) const {
    return Error(ErrorCode::Usage, why).hint(fmt::format("'{} --help' lists its options", command));
  }

  void declare(const std::string& name, const std::string& placeholder, const std::string& help) {
    declared.push_back(
        {.long_name = long_name(name), .short_name = short_name(name), .placeholder = placeholder, .help = help});
  }

  void declare_values(const std::string& name, const std::string& placeholder, const std::string& help, Values kind) {
    declare(name, placeholder, help);
    kinds[long_name(name)] = kind;
    auto* value = options::value<std::vector<std::string>>()->composing()->value_name(placeholder);
    groups.back().add_options()(name.c_str(), value, help.c_str());
  }

  void declare_text(const std::string& name, const std::string& placeholder, options::value_semantic* value,
                    const std::string& help) {
    declare(name, placeholder, help);
    kinds[long_name(name)] = Values::One;
    groups.back().add_options()(name.c_str(), value, help.c_str());
  }

  void declare_number(const std::string& name, options::typed_value<int>* value, int least, int most,
                      const std::string& help) {
    ranges[long_name(name)] = {least, most};
    declare_text(name, "N", value->value_name("N"), help);
  }

  [[nodiscard]] bool takes_value(const std::string& name) const { return kinds.contains(name); }

  /// All valid names, including deprecated ones.
  [[nodiscard]] std::vector<FlagName> flag_names() const {
    std::vector<FlagName> names;
    for (const DeclaredOption& option : declared) {
      names.push_back({option.long_name, option.short_name, !option.placeholder.empty()});
    }
    for (const auto& [name, alias] : aliases) {
      if (alias.is_deprecated) names.push_back({name, '\0', takes_value(alias.target)});
    }
    return names;
  }

  /// The option named `name`; warns about a deprecated name.
  std::string resolve(const std::string& name) {
    const auto alias = aliases.find(name);
    if (alias == aliases.end()) return name;
    if (alias->second.is_deprecated) {
      deprecations.push_back(
          fmt::format("Flag --{} has been deprecated, use '--{}' instead", name, alias->second.target));
    }
    return alias->second.target;
  }

  /// `name` is as the user wrote it, even if it is an alias.
  [[nodiscard]] Error invalid(const std::string& name, const std::string& value, const std::string& why,
                              const std::string& why_in_go) const {
    const auto option = std::ranges::find(declared, name, &DeclaredOption::long_name);
    const bool has_short = option != declared.end() && option->short_name != 0;
    const std::string flag = has_short ? fmt::format("-{}, --{}", option->short_name, name) : "--" + name;
    return usage_error(fmt::format("invalid argument \"{}\" for \"{}\" flag: {}", value, flag,
                                   called_as == CalledAs::Imgpkg ? why_in_go : why));
  }

  void take_switch(const std::string& name, const GivenFlag& flag) {
    const auto on = flag.value ? read_switch(*flag.value) : true;
    if (!on) {
      throw invalid(flag.long_name, *flag.value, "not true or false",
                    fmt::format("strconv.ParseBool: parsing \"{}\": invalid syntax", *flag.value));
    }
    const auto given = switches_given.find(name);
    if (given != switches_given.end() && given->second != *on) repeated(name, "as true and as false");
    switches_given[name] = *on;
  }

  void check_number(const std::string& name, const GivenFlag& flag) const {
    const std::string value = flag.value.value_or("");
    const auto trouble = ranges.contains(name) ? trouble_with_number(value) : std::nullopt;
    if (trouble) throw invalid(flag.long_name, value, trouble->why, trouble->why_in_go);
  }

  /// "--bundle (-b)"
  [[nodiscard]] std::string shown(const std::string& name) const {
    const auto option = std::ranges::find(declared, name, &DeclaredOption::long_name);
    return option->short_name == 0 ? fmt::format("--{}", name) : fmt::format("--{} (-{})", name, option->short_name);
  }

  /// Only one of the values can be used. Values may be secret, so they are not shown.
  void repeated(const std::string& name, std::string_view how) {
    if (called_as == CalledAs::Ociferry) {
      throw usage_error(fmt::format("{} is given {}, but only one value counts", shown(name), how));
    }
    warnings.push_back(fmt::format("{} is given {}: only the last value counts", shown(name), how));
  }

  /// Converts the values for Boost.
  options::parsed_options sort_out(const std::vector<GivenFlag>& flags, const options::options_description& all) {
    options::parsed_options parsed(&all);
    for (const GivenFlag& flag : flags) {
      const std::string name = resolve(flag.long_name);
      if (!takes_value(name)) {
        take_switch(name, flag);
        continue;
      }
      check_number(name, flag);
      if (kinds.at(name) == Values::One) {
        const auto earlier =
            std::erase_if(parsed.options, [&](const auto& option) { return option.string_key == name; });
        if (earlier > 0) repeated(name, "more than once");
      }
      parsed.options.push_back(options::option(name, {flag.value.value_or(implied[name])}));
    }
    return parsed;
  }

  void check_ranges() const {
    for (const auto& [name, range] : ranges) {
      if (values.count(name) == 0) continue;
      const int value = values[name].as<int>();
      if (value >= range.least && value <= range.most) continue;
      const bool bounded = range.most != std::numeric_limits<int>::max();
      const std::string allowed =
          bounded ? fmt::format("from {} to {}", range.least, range.most) : fmt::format("at least {}", range.least);
      throw usage_error(fmt::format("--{} must be {}, not {}", name, allowed, value));
    }
  }

  void check_required() const {
    for (const std::string& name : required) {
      if (values.count(name) == 0) throw usage_error(fmt::format("required flag(s) \"{}\" not set", name));
    }
  }

  void check_positionals() const {
    const std::size_t taken = positional_name.empty() ? 0 : 1;
    if (takes_many || positionals.size() <= taken) return;
    const std::string& surplus = positionals[taken];
    const std::string message = fmt::format("command '{}' does not accept extra arguments '{}'", command, surplus);
    const std::string option = option_for(surplus);
    if (option.empty()) throw usage_error(message);
    throw Error(ErrorCode::Usage, message).hint(fmt::format("give it with {}", option));
  }

  /// "-b" for "bundle", "--to-repo" for "to-repo"; empty if there is no such option, or it has its value already.
  [[nodiscard]] std::string free_option(const std::string& name) const {
    const auto option = std::ranges::find(declared, name, &DeclaredOption::long_name);
    if (option == declared.end() || values.count(name) > 0) return "";
    return option->short_name != 0 ? fmt::format("-{}", option->short_name) : "--" + name;
  }

  /// The option that is probably missing before `word`; empty if unknown.
  [[nodiscard]] std::string option_for(const std::string& word) const {
    std::error_code unknown;
    if (std::filesystem::exists(word, unknown)) {
      const std::string file = free_option(word.ends_with(".yml") ? "lock" : "tar");
      return file.empty() ? free_option("file") : file;
    }
    const bool has_source =
        values.count("bundle") + values.count("image") + values.count("lock") + values.count("tar") > 0;
    if (has_source || !positional_name.empty()) return free_option("to-repo");
    const std::string bundle = free_option("bundle");
    const std::string image = free_option("image");
    if (bundle.empty() || image.empty()) return bundle + image;
    return fmt::format("{} if it is a bundle, or {} if it is an image", bundle, image);
  }

  /// The error for an unknown option, with a suggestion, if any.
  [[nodiscard]] Error unknown_option(const Error& error) const {
    constexpr std::string_view kUnknown = "unknown flag: --";
    if (!error.message().starts_with(kUnknown)) return usage_error(error.message());
    const auto hinted = [&](const std::string& hint) { return Error(ErrorCode::Usage, error.message()).hint(hint); };
    const std::string_view name = std::string_view(error.message()).substr(kUnknown.size());
    if (name == "tar" && positional_name.starts_with("ARCHIVE")) {
      return hinted(fmt::format("leave out --tar: '{} {}'", command, positional_name));
    }
    std::vector<std::string> known;
    for (const DeclaredOption& option : declared) known.push_back(option.long_name);
    const std::string meant = suggestion_for(name, known);
    if (meant.empty()) return usage_error(error.message());
    return hinted(fmt::format("did you mean --{}? '{} --help' lists its options", meant, command));
  }
};

Arguments::Arguments(std::string command, std::string usage, CalledAs called_as) : state_(std::make_unique<State>()) {
  state_->command = std::move(command);
  state_->usage = std::move(usage);
  state_->called_as = called_as;
}
Arguments::~Arguments() = default;

void Arguments::toggle(const std::string& name, bool default_value, const std::string& help) {
  state_->declare(name, "", help);
  state_->switches[long_name(name)] = default_value;
  state_->groups.back().add_options()(name.c_str(), options::bool_switch(), help.c_str());
}

void Arguments::text(const std::string& name, const std::string& placeholder, const std::string& help) {
  state_->declare_text(name, placeholder, options::value<std::string>()->value_name(placeholder), help);
}

void Arguments::word(const std::string& name, const std::string& placeholder, const std::string& implied,
                     const std::string& help) {
  state_->implied[long_name(name)] = implied;
  auto* value = options::value<std::string>()->implicit_value(implied)->value_name(placeholder);
  state_->declare_text(name, "", value, help);
}

void Arguments::number(const std::string& name, int default_value, int least, int most, const std::string& help) {
  state_->declare_number(name, options::value<int>()->default_value(default_value), least, most, help);
}

void Arguments::optional_number(const std::string& name, int least, int most, const std::string& help) {
  state_->declare_number(name, options::value<int>(), least, most, help);
}

void Arguments::list(const std::string& name, const std::string& placeholder, const std::string& help) {
  state_->declare_values(name, placeholder, help, State::Values::Split);
}

void Arguments::repeated(const std::string& name, const std::string& placeholder, const std::string& help) {
  state_->declare_values(name, placeholder, help, State::Values::All);
}

void Arguments::map(const std::string& name, const std::string& help) {
  state_->declare_values(name, "KEY=VALUE", help, State::Values::All);
}

void Arguments::alias(const std::string& name, const std::string& target) {
  const DeclaredOption option = *std::ranges::find(state_->declared, target, &DeclaredOption::long_name);
  const std::string help = fmt::format("The same as --{}", target);
  state_->aliases[long_name(name)] = {.target = target};
  state_->declare(name, option.placeholder, help);
  state_->groups.back().add_options()(name.c_str(), options::value<std::string>()->value_name(option.placeholder),
                                      help.c_str());
}

void Arguments::deprecated(const std::string& name, const std::string& target) {
  state_->aliases[name] = {.target = target, .is_deprecated = true};
}

void Arguments::require(const std::string& name) { state_->required.push_back(name); }

void Arguments::positional(const std::string& placeholder, bool many) {
  state_->positional_name = placeholder;
  state_->takes_many = many;
}

void Arguments::heading(const std::string& title) { state_->groups.emplace_back(title, 100, 60); }

void Arguments::parse(const std::vector<std::string>& words) {
  options::options_description all;
  for (const auto& group : state_->groups) all.add(group);
  try {
    GivenWords given = read_words(words, state_->flag_names());
    options::store(state_->sort_out(given.flags, all), state_->values);
    state_->positionals = std::move(given.positionals);
  } catch (const options::error& error) {
    throw state_->usage_error(error.what());
  } catch (const Error& error) {
    throw state_->unknown_option(error);
  }
  if (state_->switches.contains(kHelp) && on(kHelp)) return;
  state_->check_ranges();
  // Unlike in Go's programs, before missing options: the surplus word may belong to one.
  if (state_->called_as == CalledAs::Ociferry) state_->check_positionals();
  state_->check_required();
  state_->check_positionals();
}

bool Arguments::is_set(const std::string& name) const {
  const auto& values = state_->values;
  if (state_->switches.contains(name)) return state_->switches_given.contains(name);
  if (values.count(name) == 0 || values[name].defaulted()) return false;
  const auto* text = boost::any_cast<std::string>(&values[name].value());
  return text == nullptr || !text->empty();
}

bool Arguments::on(const std::string& name) const {
  const auto given = state_->switches_given.find(name);
  return given != state_->switches_given.end() ? given->second : state_->switches.at(name);
}

std::optional<std::string> Arguments::optional_text(const std::string& name) const {
  if (!is_set(name)) return std::nullopt;
  return state_->values[name].as<std::string>();
}

std::vector<std::string> Arguments::list_of(const std::string& name) const {
  if (!is_set(name)) return {};
  if (state_->kinds.at(name) == State::Values::One) return {text_of(name)};
  const auto& given = state_->values[name].as<std::vector<std::string>>();
  if (state_->kinds.at(name) != State::Values::Split) return given;
  std::vector<std::string> items;
  for (const std::string& value : given) {
    for (std::string& item : split_list(value)) items.push_back(std::move(item));
  }
  return items;
}

std::map<std::string, std::string> Arguments::map_of(const std::string& name) const {
  std::map<std::string, std::string> map;
  for (const std::string& value : list_of(name)) {
    const bool is_one = std::ranges::count(value, '=') == 1;
    for (const std::string& item : is_one ? std::vector{value} : split_list(value)) {
      const auto equals = item.find('=');
      if (equals == std::string::npos)
        throw state_->invalid(name, value, fmt::format("{} must be formatted as key=value", item),
                              fmt::format("{} must be formatted as key=value", item));
      map[item.substr(0, equals)] = item.substr(equals + 1);
    }
  }
  return map;
}

std::string Arguments::positional_value() const {
  if (state_->positionals.empty()) throw state_->usage_error(fmt::format("{} is missing", state_->positional_name));
  return state_->positionals.front();
}

const std::vector<std::string>& Arguments::positional_values() const { return state_->positionals; }

int Arguments::number_of(const std::string& name) const { return state_->values[name].as<int>(); }
const std::vector<std::string>& Arguments::deprecations() const { return state_->deprecations; }
const std::vector<std::string>& Arguments::warnings() const { return state_->warnings; }
CalledAs Arguments::called_as() const noexcept { return state_->called_as; }
const std::string& Arguments::positional_name() const { return state_->positional_name; }

std::string Arguments::help() const {
  options::options_description all;
  for (const auto& group : state_->groups) all.add(group);
  std::ostringstream out;
  out << state_->usage << all;
  return out.str();
}

const std::vector<DeclaredOption>& Arguments::declared() const { return state_->declared; }
}  // namespace ociferry
