#pragma once

#include "recipe/token_predictor.hpp"

namespace ociferry::recipe {

/// Foresees the tokens of an encoder that runs over its input in chunks of a fixed size, and keeps in tables where it
/// has seen what: it goes on from wherever the stream is, and learns from tokens that it did not foresee.
class RunPredictor : public TokenPredictor {
 public:
  void begin_member(std::uint32_t at) final;
  void begin_block(const Bounds& bounds, std::uint32_t at) final;
  [[nodiscard]] Token foresee(std::uint32_t at) final;
  void take(std::uint32_t at, Token token) final;
  void pass(std::uint32_t at, std::uint32_t bytes) final;

 protected:
  /// A match, or a run of them at one distance. Of length 0: none in this chunk.
  struct Run {
    std::uint32_t begin = 0;
    std::uint32_t length = 0;
    std::uint32_t distance = 0;
  };

  /// The bytes that the encoder searches at a time.
  static constexpr std::uint32_t kChunk = 65535;

  /// Parallel encoders divide their input into jobs, each with an encoder of its own. `job_history`: how many of the
  /// bytes before a job its encoder is shown; 0 where one encoder goes through all.
  explicit RunPredictor(const Text& text, std::uint32_t job_history) : text_(text), job_history_(job_history) {}

  /// Runs over the history. Call once, when all is constructed.
  void learn_history();

  [[nodiscard]] const Text& text() const noexcept { return text_; }
  [[nodiscard]] std::uint32_t member() const noexcept { return member_; }

  /// The encoder turns to the bytes from `at` to `end`.
  virtual void enter(std::uint32_t at, std::uint32_t end) = 0;
  /// The next match of the chunk.
  [[nodiscard]] virtual Run search() = 0;
  /// A match was made, the one that was found or another.
  virtual void leave(const Run& run) = 0;
  /// No match was made where one had been found: the search goes on at `at`.
  virtual void skip_to(std::uint32_t at) = 0;
  /// Clears all tables.
  virtual void forget() = 0;

 private:
  void run_over(std::uint32_t at, std::uint32_t end);
  void enter_chunk(std::uint32_t at, std::uint32_t input);
  void begin_job(std::uint32_t at);

  Text text_;
  std::uint32_t job_history_;  ///< 0 where there are no jobs
  Bounds bounds_;
  std::uint32_t member_ = 0;
  std::uint32_t chunk_end_ = 0;
  bool literals_only_ = false;
  bool found_ = false;  ///< run_ is the next one
  Run run_;
  std::uint32_t before_ = 0;  ///< bytes of run_ that have been taken
};

}  // namespace ociferry::recipe
