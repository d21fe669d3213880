#include <algorithm>

#include "recipe/gzip_recipe.hpp"

namespace ociferry {

namespace {

/// A part of a piece, and the unpacked bytes before it.
struct Sample {
  GzipPiece piece;
  std::vector<std::byte> history;
};

/// Whole blocks of `piece`, from the first that was compressed on: up to the first that ends behind `most` bytes.
Sample beginning_of(const GzipPiece& piece, Bytes history, std::size_t most) {
  const std::vector<recipe::Part>& parts = piece.parts.parts;
  // What is before it: stored blocks, and heads of members. It has neither tokens nor codes.
  const auto first = std::ranges::find_if(parts, [](const recipe::Part& part) { return part.tokens > 0; });
  std::size_t stored = 0;
  std::size_t kept = 0;
  for (auto part = parts.begin(); part != first; ++part) {
    (part->kind == recipe::PartKind::Outside ? kept : stored) += part->bytes;
  }
  Sample sample{.piece = {}, .history = {history.begin(), history.end()}};
  const Bytes before = Bytes(piece.plain).first(stored);
  sample.history.insert(sample.history.end(), before.begin(), before.end());
  GzipPiece& front = sample.piece;
  std::size_t bytes = 0;
  std::size_t tokens = 0;
  std::size_t headers = 0;
  std::size_t outside = 0;
  for (auto part = first; part != parts.end() && bytes < most; ++part) {
    front.parts.parts.push_back(*part);
    tokens += part->tokens;
    headers += part->kind == recipe::PartKind::Dynamic ? 1U : 0U;
    (part->kind == recipe::PartKind::Outside ? outside : bytes) += part->bytes;
  }
  const auto copy = [](const auto& from, std::size_t begin, std::size_t count, auto& to) {
    const auto at = from.begin() + static_cast<std::ptrdiff_t>(begin);
    to.assign(at, at + static_cast<std::ptrdiff_t>(count));
  };
  copy(piece.plain, stored, bytes, front.plain);
  copy(piece.parts.tokens, 0, tokens, front.parts.tokens);
  copy(piece.parts.headers, 0, headers, front.parts.headers);
  copy(piece.parts.outside, kept, outside, front.parts.outside);
  return sample;
}

struct Candidate {
  Predictor predictor;
  std::size_t size = 0;
};

void try_all(std::vector<Candidate>& candidates, const Sample& sample) {
  for (Candidate& candidate : candidates) {
    candidate.size = recipe_of(sample.piece, sample.history, candidate.predictor).size();
  }
  std::ranges::stable_sort(candidates, {}, &Candidate::size);
}

std::vector<Candidate> all_candidates() {
  std::vector<Candidate> all;
  const auto add = [&](Predictor::Kind kind, unsigned first, unsigned last) {
    for (unsigned level = first; level <= last; ++level) all.push_back({{kind, static_cast<std::uint8_t>(level)}});
  };
  // At equal size the first wins: the usual levels, and the fast ones, are in front.
  add(Predictor::Kind::Zlib, 6, 6);
  add(Predictor::Kind::Go, 6, 6);
  add(Predictor::Kind::Go, 1, 1);
  add(Predictor::Kind::Klauspost, 5, 5);
  add(Predictor::Kind::Klauspost, 1, 4);
  add(Predictor::Kind::Klauspost, 6, 9);
  add(Predictor::Kind::Zlib, 1, 5);
  add(Predictor::Kind::Zlib, 7, 9);
  add(Predictor::Kind::Go, 2, 5);
  add(Predictor::Kind::Go, 7, 9);
  add(Predictor::Kind::Chains, 0, 2);
  return all;
}

/// A job ends with an empty block.
bool has_flushes(const GzipPiece& piece) {
  return std::ranges::any_of(piece.parts.parts, [](const recipe::Part& part) {
    return part.kind == recipe::PartKind::Stored && part.bytes == 0 && !part.is_final;
  });
}

}  // namespace

Predictor choose_predictor(const GzipPiece& piece, Bytes history) {
  constexpr std::size_t kShort = std::size_t{64} * 1024;
  constexpr std::size_t kLong = std::size_t{384} * 1024;
  constexpr std::size_t kUsualJob = std::size_t{1024} * 1024;
  constexpr std::size_t kFinalists = 3;
  std::vector<Candidate> candidates = all_candidates();
  try_all(candidates, beginning_of(piece, history, kShort));
  // At most kFinalists, and none that is far behind.
  const std::size_t most = 2 * candidates.front().size + 64;
  std::size_t finalists = 1;
  while (finalists < kFinalists && candidates[finalists].size <= most) ++finalists;
  candidates.resize(finalists);
  if (finalists > 1) try_all(candidates, beginning_of(piece, history, kLong));
  const Predictor best = candidates.front().predictor;
  if (best.kind != Predictor::Kind::Klauspost || best.level > 6 || !has_flushes(piece)) return best;
  // Jobs show only where one ends.
  candidates = {{best}, {{best.kind, static_cast<std::uint8_t>(best.level + 16)}}};
  try_all(candidates, beginning_of(piece, history, kUsualJob + 4 * kShort));
  return candidates.front().predictor;
}

}  // namespace ociferry
