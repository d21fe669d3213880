#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kinds.hpp"
#include "stage.hpp"

namespace ociferry::testing {

/// One cell: a fault of one kind of request while a command runs.
struct Cell {
  const Fall* fall = nullptr;
  const Kind* kind = nullptr;
  Command command = Command::Push;
  bool always = false;   ///< every request of the kind, instead of one
  std::size_t skip = 0;  ///< once: how many requests of the kind are spared before
};
[[nodiscard]] std::string to_string(const Cell& cell);

/// Runs cells on one stage, and judges them.
class Matrix {
 public:
  /// Runs each command without a fault, to know how that ends. Throws std::runtime_error if one fails.
  Matrix();

  /// All cells that there are, in an order that `seed` decides, which also picks the request that a fault hits once.
  [[nodiscard]] std::vector<Cell> cells(std::uint64_t seed) const;
  /// What is wrong with how the cell ended; empty if nothing is.
  [[nodiscard]] std::string judge(const Cell& cell);

 private:
  struct CleanRun {
    Visible before;
    Visible after;
    std::map<std::string, std::size_t> requests;  ///< by kind
    std::size_t total = 0;                        ///< at the proxy that has most
  };

  [[nodiscard]] CleanRun run_clean(Command command);
  [[nodiscard]] std::string judge_success(const Cell& cell, const Ending& ending);
  [[nodiscard]] std::string judge_failure(const Cell& cell, const Ending& ending);
  [[nodiscard]] std::string judge_requests(const Cell& cell, const Ending& ending);
  [[nodiscard]] bool failed_at_proof(const Cell& cell);
  [[nodiscard]] bool is_unchanged(const Cell& cell, const Visible& now) const;

  Stage stage_;
  std::map<Command, CleanRun> clean_;
};

}  // namespace ociferry::testing
