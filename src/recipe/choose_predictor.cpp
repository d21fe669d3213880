#include <algorithm>

#include "recipe/gzip_recipe.hpp"

namespace ociferry {

namespace {

/// The beginning of `piece`: whole blocks, up to the first that ends behind `most` bytes.
GzipPiece beginning_of(const GzipPiece& piece, std::size_t most) {
  GzipPiece front;
  std::size_t bytes = 0;
  std::size_t tokens = 0;
  std::size_t headers = 0;
  std::size_t outside = 0;
  for (const recipe::Part& part : piece.parts.parts) {
    if (bytes >= most) break;
    front.parts.parts.push_back(part);
    tokens += part.tokens;
    headers += part.kind == recipe::PartKind::Dynamic ? 1U : 0U;
    (part.kind == recipe::PartKind::Outside ? outside : bytes) += part.bytes;
  }
  const auto copy = [](const auto& from, std::size_t count, auto& to) {
    to.assign(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(count));
  };
  copy(piece.plain, bytes, front.plain);
  copy(piece.parts.tokens, tokens, front.parts.tokens);
  copy(piece.parts.headers, headers, front.parts.headers);
  copy(piece.parts.outside, outside, front.parts.outside);
  return front;
}

struct Candidate {
  Predictor predictor;
  std::size_t size = 0;
};

void try_all(std::vector<Candidate>& candidates, const GzipPiece& piece) {
  for (Candidate& candidate : candidates) candidate.size = recipe_of(piece, {}, candidate.predictor).size();
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

Predictor choose_predictor(const GzipPiece& first) {
  constexpr std::size_t kShort = std::size_t{64} * 1024;
  constexpr std::size_t kLong = std::size_t{384} * 1024;
  constexpr std::size_t kUsualJob = std::size_t{1024} * 1024;
  constexpr std::size_t kFinalists = 3;
  std::vector<Candidate> candidates = all_candidates();
  try_all(candidates, beginning_of(first, kShort));
  // At most kFinalists, and none that is far behind.
  const std::size_t most = 2 * candidates.front().size + 64;
  std::size_t finalists = 1;
  while (finalists < kFinalists && candidates[finalists].size <= most) ++finalists;
  candidates.resize(finalists);
  if (finalists > 1) try_all(candidates, beginning_of(first, kLong));
  const Predictor best = candidates.front().predictor;
  if (best.kind != Predictor::Kind::Klauspost || best.level > 6 || !has_flushes(first)) return best;
  // Jobs show only where one ends.
  candidates = {{best}, {{best.kind, static_cast<std::uint8_t>(best.level + 16)}}};
  try_all(candidates, beginning_of(first, kUsualJob + 4 * kShort));
  return candidates.front().predictor;
}

}  // namespace ociferry
