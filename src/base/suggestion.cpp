#include "base/suggestion.hpp"

#include <algorithm>

namespace ociferry {

namespace {

constexpr std::size_t kLongestWord = 64;  // longer words are not mistyped commands

/// The edit distance, where exchanging two neighbours is one edit (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> table(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        table[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, replaced});
      const bool exchanged = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (exchanged) table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
    }
  }
  return table[a.size()][b.size()];
}

}  // namespace

std::string suggestion_for(std::string_view word, const std::vector<std::string>& known) {
  if (word.size() < 2 || word.size() > kLongestWord) return "";
  const std::size_t most = std::max<std::size_t>(1, word.size() / 3);
  std::size_t best = most + 1;
  std::string found;
  for (const std::string& one : known) {
    // A prefix is closer than any edit.
    const std::size_t far = one.starts_with(word) ? 0 : distance(word, one);
    if (far == best && one != found) found.clear();
    if (far >= best) continue;
    best = far;
    found = one;
  }
  return found;
}

}  // namespace ociferry
