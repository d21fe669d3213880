#include "recipe/run_predictor.hpp"

#include <algorithm>

namespace ociferry::recipe {

namespace {

/// The first match of a run. What is left must not be shorter than a match.
std::uint32_t first_length(std::uint32_t run) {
  if (run <= kLongestMatch) return run;
  return run > kLongestMatch + kShortestMatch ? kLongestMatch : kLongestMatch - kShortestMatch;
}

}  // namespace

void RunPredictor::run_over(std::uint32_t at, std::uint32_t end) {
  enter(at, end);
  for (Run run = search(); run.length != 0; run = search()) leave(run);
}

void RunPredictor::learn_history() {
  const std::uint32_t begin = text_.begin;
  run_over(job_history_ == 0 || begin < job_history_ ? 0 : begin - job_history_, begin);
  chunk_end_ = begin;
}

void RunPredictor::begin_job(std::uint32_t at) {
  forget();
  run_over(std::max(member_, at > job_history_ ? at - job_history_ : 0), at);
}

void RunPredictor::begin_member(std::uint32_t at) {
  member_ = at;
  chunk_end_ = at;
  found_ = false;
  bounds_.input = at;
}

void RunPredictor::begin_block(const Bounds& bounds, std::uint32_t at) {
  const bool stopped = bounds_.input == at && at > std::max(member_, text_.begin);
  bounds_ = bounds;
  if (stopped) {
    chunk_end_ = at;
    found_ = false;
    if (job_history_ != 0) begin_job(at);
  }
  literals_only_ = bounds.only_literals;
  if (literals_only_) pass(at, bounds.block - at);
}

void RunPredictor::enter_chunk(std::uint32_t at, std::uint32_t input) {
  chunk_end_ = std::min(at + kChunk, input);
  found_ = false;
  enter(at, chunk_end_);
}

Token RunPredictor::foresee(std::uint32_t at) {
  if (literals_only_) return Token::literal();
  if (at >= chunk_end_) enter_chunk(at, bounds_.input);
  if (!found_) {
    run_ = search();
    before_ = 0;
  }
  found_ = true;
  if (run_.length != 0 && run_.begin < at) {
    // It was extended backwards over literals that came in its place.
    run_.length -= std::min(run_.length, at - run_.begin);
    run_.begin = at;
  }
  if (run_.length == 0 || at < run_.begin) return Token::literal();
  const std::uint32_t length = std::min(first_length(run_.length), bounds_.block - at);
  return length < kShortestMatch ? Token::literal() : Token::match(length, run_.distance);
}

void RunPredictor::take(std::uint32_t at, Token token) {
  if (literals_only_) return;
  const bool here = run_.length != 0 && at == run_.begin;
  if (!token.is_match()) {
    if (!here) return;
    found_ = false;
    skip_to(at + 1);
    return;
  }
  const std::uint32_t length = token.length();
  if (here && token.distance() == run_.distance && length < run_.length && length >= kLongestMatch - kShortestMatch) {
    run_.begin += length;
    run_.length -= length;
    before_ += length;
    return;
  }
  found_ = false;
  const std::uint32_t before = here && token.distance() == run_.distance ? before_ : 0;
  leave({at - before, length + before, token.distance()});
}

/// The encoder looked for matches here too, before it decided to store the bytes or to send literals.
void RunPredictor::pass(std::uint32_t at, std::uint32_t bytes) {
  for (const std::uint32_t end = at + bytes; at < end; at = chunk_end_) {
    enter_chunk(at, std::min(end, at + kChunk));
    for (Run run = search(); run.length != 0; run = search()) leave(run);
  }
}

}  // namespace ociferry::recipe
