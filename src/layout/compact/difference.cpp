#include "layout/compact/difference.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ociferry::compact {

namespace {

constexpr std::size_t kHashed = 8;       ///< bytes that are compared by their hash
constexpr std::size_t kStride = 4;       ///< every so many bytes of the old content one is noted
constexpr std::size_t kLeastMatch = 16;  ///< a shorter match elsewhere does not pay
constexpr std::size_t kLeastCopy = 48;   ///< a shorter one within a run that differs is not told apart
constexpr std::size_t kGapTaken = 64;    ///< between two matches in line, so many bytes are differences in any case

/// Bytes in both contents that are in line, equal or not.
struct Run {
  std::size_t now = 0;
  std::size_t before = 0;
  std::size_t bytes = 0;

  [[nodiscard]] std::size_t end() const { return now + bytes; }
  [[nodiscard]] bool is_aligned_with(const Run& next) const { return next.before - before == next.now - now; }
};

std::size_t equal_bytes(Bytes one, std::size_t one_at, Bytes other, std::size_t other_at) {
  const std::size_t most = std::min(one.size() - one_at, other.size() - other_at);
  std::size_t count = 0;
  while (count + 8 <= most) {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::memcpy(&a, one.data() + one_at + count, 8);
    std::memcpy(&b, other.data() + other_at + count, 8);
    if (a != b) break;
    count += 8;
  }
  while (count < most && one[one_at + count] == other[other_at + count]) ++count;
  return count;
}

/// Where sequences of bytes lie in the old content.
class Places {
 public:
  explicit Places(Bytes content) : content_(content) {
    const std::size_t noted = content.size() / kStride + 1;
    bits_ = std::max(1U, static_cast<unsigned>(std::bit_width(noted)) - 1);
    table_.resize(std::size_t{1} << bits_);
    for (std::size_t at = 0; at + kHashed <= content.size(); at += kStride) {
      // The first of several: from there on a repetition goes the longest way.
      std::uint32_t& place = table_[hash(content, at)];
      if (place == 0) place = static_cast<std::uint32_t>(at + 1);
    }
  }
  /// A place that may be the same; the end of the content if there is none.
  [[nodiscard]] std::size_t find(Bytes other, std::size_t at) const {
    const std::uint32_t found = table_[hash(other, at)];
    return found == 0 ? content_.size() : found - 1;
  }

 private:
  [[nodiscard]] std::size_t hash(Bytes bytes, std::size_t at) const {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + at, kHashed);
    return static_cast<std::size_t>((value * 0x9E3779B97F4A7C15U) >> (64 - bits_));
  }

  Bytes content_;
  unsigned bits_ = 0;
  std::vector<std::uint32_t> table_;
};

/// Equal bytes in both contents, in the order of the new one.
std::vector<Run> find_matches(Bytes before, Bytes now) {
  std::vector<Run> matches;
  if (before.size() < kHashed) return matches;
  const Places places(before);
  std::size_t covered = 0;
  std::size_t at = 0;
  while (at + kHashed <= now.size()) {
    Run best{.now = at};
    if (!matches.empty()) {
      // In line with the last match, even after a few changed bytes.
      const std::size_t in_line = matches.back().before + (at - matches.back().now);
      if (in_line < before.size()) best = {at, in_line, equal_bytes(before, in_line, now, at)};
    }
    if (best.bytes < kLeastMatch) {
      const std::size_t place = places.find(now, at);
      const std::size_t equal = place < before.size() ? equal_bytes(before, place, now, at) : 0;
      if (equal >= kLeastMatch && equal > best.bytes) best = {at, place, equal};
    }
    const bool is_in_line = !matches.empty() && best.bytes > 0 && matches.back().is_aligned_with(best);
    if (best.bytes < (is_in_line ? kHashed : kLeastMatch)) {
      ++at;
      continue;
    }
    while (best.now > covered && best.before > 0 && now[best.now - 1] == before[best.before - 1]) {
      --best.now;
      --best.before;
      ++best.bytes;
    }
    matches.push_back(best);
    at = covered = best.end();
  }
  return matches;
}

/// How far `run` can be made longer into the `gap` bytes behind (or before) it so that most bytes are equal.
std::size_t reach(Bytes before, Bytes now, const Run& run, std::size_t gap, bool forward) {
  std::size_t best = 0;
  std::ptrdiff_t score = 0;
  std::ptrdiff_t best_score = 0;
  for (std::size_t i = 0; i < gap; ++i) {
    std::size_t old_at = 0;
    std::size_t new_at = 0;
    if (forward) {
      old_at = run.before + run.bytes + i;
      new_at = run.end() + i;
      if (old_at >= before.size()) break;
    } else {
      if (run.before < i + 1) break;
      old_at = run.before - i - 1;
      new_at = run.now - i - 1;
    }
    score += before[old_at] == now[new_at] ? 1 : -1;
    if (score > best_score) {
      best_score = score;
      best = i + 1;
    }
    if (score < best_score - static_cast<std::ptrdiff_t>(kGapTaken)) break;
  }
  return best;
}

bool is_similar(Bytes before, Bytes now, const Run& gap) {
  if (gap.bytes <= kGapTaken) return true;
  std::size_t equal = 0;
  for (std::size_t i = 0; i < gap.bytes; ++i) equal += before[gap.before + i] == now[gap.now + i] ? 1 : 0;
  return equal >= gap.bytes / 4;
}

/// Joins matches that are in line, and makes the others longer towards each other.
std::vector<Run> join_matches(Bytes before, Bytes now, const std::vector<Run>& matches) {
  std::vector<Run> runs;
  for (Run match : matches) {
    if (!runs.empty()) {
      Run& last = runs.back();
      const std::size_t gap = match.now - last.end();
      if (last.is_aligned_with(match) &&
          is_similar(before, now, {.now = last.end(), .before = last.before + last.bytes, .bytes = gap})) {
        last.bytes = match.end() - last.now;
        continue;
      }
      last.bytes += reach(before, now, last, gap, true);
    }
    const std::size_t gap = match.now - (runs.empty() ? 0 : runs.back().end());
    const std::size_t back = reach(before, now, match, gap, false);
    runs.push_back({.now = match.now - back, .before = match.before - back, .bytes = match.bytes + back});
  }
  if (!runs.empty()) runs.back().bytes += reach(before, now, runs.back(), now.size() - runs.back().end(), true);
  return runs;
}

/// Tells long equal sequences apart from those that differ.
void add_run(Bytes before, Bytes now, const Run& run, std::vector<Step>& steps) {
  std::size_t done = 0;
  std::size_t at = 0;
  const auto differ_until = [&](std::size_t end) {
    add_step(steps, {.kind = Step::Kind::Differ, .bytes = end - done, .from = run.before + done});
  };
  while (at < run.bytes) {
    const std::size_t equal = std::min(run.bytes - at, equal_bytes(before, run.before + at, now, run.now + at));
    if (equal >= kLeastCopy || (equal > 0 && at == done && at + equal == run.bytes)) {
      differ_until(at);
      add_step(steps, {.kind = Step::Kind::Copy, .bytes = equal, .from = run.before + at});
      at += equal;
      done = at;
    } else {
      at += equal + 1;
    }
  }
  differ_until(run.bytes);
}

}  // namespace

void add_step(std::vector<Step>& steps, const Step& step) {
  if (step.bytes == 0) return;
  if (!steps.empty() && steps.back().kind == step.kind) {
    Step& last = steps.back();
    const bool takes = step.kind == Step::Kind::Copy || step.kind == Step::Kind::Differ;
    if (!takes || last.from + last.bytes == step.from) {
      last.bytes += step.bytes;
      return;
    }
  }
  steps.push_back(step);
}

std::vector<Step> difference(Bytes before, Bytes now) {
  std::vector<Step> steps;
  std::size_t done = 0;
  for (const Run& run : join_matches(before, now, find_matches(before, now))) {
    add_step(steps, {.kind = Step::Kind::New, .bytes = run.now - done});
    add_run(before, now, run, steps);
    done = run.end();
  }
  add_step(steps, {.kind = Step::Kind::New, .bytes = now.size() - done});
  return steps;
}

}  // namespace ociferry::compact
