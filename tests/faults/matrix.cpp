#include "matrix.hpp"

#include <algorithm>
#include <random>
#include <regex>
#include <stdexcept>

#include "base/text.hpp"

namespace ociferry::testing {

namespace {

/// The documented ones of failures that a fault of the network may lead to.
constexpr std::array<int, 9> kExitCodes{10, 11, 13, 20, 21, 22, 23, 24, 25};

bool fits(const Match& match, const Exchange& exchange) {
  return exchange.request.method == match.method && std::regex_search(exchange.request.target, std::regex(match.path));
}

std::vector<Rule> rules_of(const Cell& cell) {
  std::vector<Rule> rules;
  const auto& faults = cell.fall->faults;
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const bool is_last = i + 1 == faults.size();
    // A rule sees only what no rule before it was applied to.
    Match match = cell.kind->match;
    match.listener = 1;  // what was sent elsewhere is answered there
    rules.push_back(
        {.match = match, .fault = faults[i], .times = cell.always && is_last ? Rule::kAlways : 1, .skip = cell.skip});
  }
  return rules;
}

ociferry::RegistryOptions options_for(const Kind& kind) {
  ociferry::RegistryOptions options = quick_options();
  options.upload_chunk_size = kind.chunk_size;
  return options;
}

std::string describe(const Visible& visible) {
  std::string text;
  for (const auto& [name, digest] : visible) text += text::cat("  ", name, " ", digest, "\n");
  return text;
}

}  // namespace

std::string to_string(const Cell& cell) {
  return text::cat(name_of(cell.command), " / ", cell.kind->name, " / ", cell.fall->name, " / ",
                   cell.always ? "always" : text::cat("once, after ", cell.skip));
}

Matrix::Matrix() {
  for (const Command command : kCommands) clean_[command] = run_clean(command);
}

Matrix::CleanRun Matrix::run_clean(Command command) {
  CleanRun clean;
  std::optional<std::uint64_t> chunk_size;  // of the latest run
  for (const Kind& kind : kinds()) {
    if (chunk_size != kind.chunk_size) {
      stage_.reset();
      clean.before = stage_.visible(command);
      const Ending ending = stage_.run(command, options_for(kind));
      if (ending.exit_code != 0) throw std::runtime_error(name_of(command) + " fails without a fault: " + ending.error);
      clean.after = stage_.visible(command);
      chunk_size = kind.chunk_size;
    }
    const auto transcript = stage_.proxy_of(command, kind.reads_source).transcript();
    clean.requests[kind.name] = static_cast<std::size_t>(
        std::ranges::count_if(transcript, [&](const Exchange& one) { return fits(kind.match, one); }));
    clean.total = std::max(clean.total, transcript.size());
  }
  return clean;
}

std::vector<Cell> Matrix::cells(std::uint64_t seed) const {
  std::mt19937_64 random(seed);
  std::vector<Cell> all;
  for (const Fall& fall : falls()) {
    for (const Kind& kind : kinds()) {
      if (!std::regex_search(kind.name, std::regex(fall.kinds))) continue;
      for (const Command command : kCommands) {
        const std::size_t requests = clean_.at(command).requests.at(kind.name);
        if (requests == 0) continue;
        all.push_back({&fall, &kind, command, true, 0});
        all.push_back({&fall, &kind, command, false, random() % requests});
      }
    }
  }
  std::ranges::shuffle(all, random);
  return all;
}

std::string Matrix::judge(const Cell& cell) {
  stage_.reset();
  stage_.proxy_of(cell.command, cell.kind->reads_source).use(rules_of(cell));
  const Ending ending = stage_.run(cell.command, options_for(*cell.kind));
  std::string wrong = judge_requests(cell, ending);
  wrong += ending.exit_code == 0 ? judge_success(cell, ending) : judge_failure(cell, ending);
  if (wrong.empty()) return wrong;
  return text::cat(to_string(cell), "\n", wrong, "  ended with ", ending.exit_code, " ", ending.error);
}

std::string Matrix::judge_requests(const Cell& cell, const Ending& ending) {
  std::string wrong;
  const auto transcript = stage_.proxy_of(cell.command, cell.kind->reads_source).transcript();
  const bool hit = std::ranges::any_of(transcript, &Exchange::faulty);
  // Requests may come in another order than in the clean run, but the kind is made often enough.
  if (!hit && cell.always) wrong += "  the fault never happened\n";
  if (transcript.size() > 12 * (clean_.at(cell.command).total + kRetries)) {
    wrong += text::cat("  ", transcript.size(), " requests instead of ", clean_.at(cell.command).total, "\n");
  }
  for (const Exchange& exchange : transcript) {
    const auto authorization = exchange.request.headers.find("Authorization");
    if (exchange.listener == 2 && authorization) wrong += "  Authorization was sent to the second server\n";
    const bool is_password = authorization && authorization->starts_with("Basic ");
    if (is_password && exchange.request.path != "/token") wrong += "  the password was sent to the registry\n";
  }
  if (Stage::holds_secret(ending.error) || Stage::holds_secret(ending.output)) wrong += "  a secret was printed\n";
  return wrong;
}

std::string Matrix::judge_success(const Cell& cell, const Ending&) {
  const Expected expected = cell.always ? cell.fall->always : cell.fall->once;
  std::string wrong;
  if (expected == Expected::Failure) wrong += "  succeeded, where that cannot be\n";
  const Visible now = stage_.visible(cell.command);
  if (now != clean_.at(cell.command).after) wrong += "  left something else than a clean run:\n" + describe(now);
  const bool writes = cell.command != Command::Pull && cell.command != Command::Export;
  if (writes && !stage_.destination_is_whole()) wrong += "  left tags that lead to nothing\n";
  return wrong;
}

std::string Matrix::judge_failure(const Cell& cell, const Ending& ending) {
  const Expected expected = cell.always ? cell.fall->always : cell.fall->once;
  std::string wrong;
  if (expected == Expected::Success) wrong += "  failed, where it could have succeeded\n";
  const auto& codes = cell.fall->exit_codes;
  const bool documented = std::ranges::find(kExitCodes, ending.exit_code) != kExitCodes.end();
  const bool meant = codes.empty() || std::ranges::find(codes, ending.exit_code) != codes.end();
  if (!documented || !meant) wrong += "  ended with the wrong exit code\n";
  if (ending.error.find("127.0.0.1:") == std::string::npos) wrong += "  the message names no place\n";
  if (ending.error.find('\x1b') != std::string::npos) wrong += "  the message holds an escape\n";
  const Visible now = stage_.visible(cell.command);
  const bool is_done = now == clean_.at(cell.command).after && failed_at_proof(cell);
  if (!is_done && !is_unchanged(cell, now)) wrong += "  changed what is visible:\n" + describe(now);
  return wrong;
}

/// True if what failed was the last question of all: whether the tag is what it was just put to.
bool Matrix::failed_at_proof(const Cell& cell) {
  const auto transcript = stage_.proxy_of(cell.command, cell.kind->reads_source).transcript();
  const auto put = std::ranges::find_if(
      transcript, [](const Exchange& one) { return is(one, "PUT", "/manifests/v1") && one.status == 201; });
  return put != transcript.end() && std::any_of(put, transcript.end(), [](const Exchange& one) {
           return one.faulty && one.request.method != "PUT" && is(one, one.request.method, "/manifests/v1");
         });
}

/// After a failure the tag and the files are the old ones. Images without a tag of the user's may be there, and
/// locations only if nothing but the tag was left to do.
bool Matrix::is_unchanged(const Cell& cell, const Visible& now) const {
  const CleanRun& clean = clean_.at(cell.command);
  if (cell.command == Command::Pull || cell.command == Command::Export) return now == clean.before;
  if (now.at("v1") != clean.before.at("v1")) return false;
  if (!now.contains(stage_.locations_tag_at_destination())) return true;
  Visible all_but_tag = clean.after;
  all_but_tag["v1"] = clean.before.at("v1");
  return now == all_but_tag;
}

}  // namespace ociferry::testing
