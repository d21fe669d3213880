#include "recipe/code_guess.hpp"

#include <algorithm>
#include <utility>

#include "stream/go_huffman.hpp"

namespace ociferry::recipe {

namespace {

constexpr std::size_t kMostNodes = 2 * kLiteralSymbols;

/// Huffman's algorithm with a binary heap, and what is done when codes get too long. Among equally good codes, the
/// order of the heap decides; so its steps are part of what is foreseen.
class HeapTree {
 public:
  HeapTree(std::span<const std::uint32_t> counts, unsigned limit) : limit_(limit) {
    for (std::size_t symbol = 0; symbol < counts.size(); ++symbol) {
      weights_[symbol] = counts[symbol];
      if (counts[symbol] == 0) continue;
      heap_[++size_] = static_cast<std::uint16_t>(symbol);
      used_ = symbol + 1;
    }
    force_two();
    leaves_ = counts.size();
  }

  void build() {
    next_ = leaves_;
    for (std::size_t at = size_ / 2; at >= 1; --at) sift_down(at);
    while (size_ >= 2) join_two();
    order_.push_back(heap_[1]);
    std::reverse(order_.begin(), order_.end());  // the root first, parents before children
  }

  void lengths(std::span<std::uint8_t> lengths) {
    std::ranges::fill(lengths, std::uint8_t{0});
    std::size_t too_long = 0;
    lengths_[order_.front()] = 0;
    for (std::size_t i = 1; i < order_.size(); ++i) {
      const std::uint16_t node = order_[i];
      unsigned length = lengths_[parents_[node]] + 1U;
      if (length > limit_) {
        length = limit_;
        ++too_long;
      }
      lengths_[node] = static_cast<std::uint8_t>(length);
      if (node < leaves_) ++of_length_[length];
    }
    if (too_long > 0) shorten(too_long);
    for (const std::uint16_t node : order_) {
      if (node < lengths.size()) lengths[node] = lengths_[node];
    }
  }

 private:
  /// A code has at least two symbols, also where one or none occurs.
  void force_two() {
    while (size_ < 2) {
      const std::size_t symbol = used_ < 3 ? used_++ : 0;
      weights_[symbol] = 1;
      heap_[++size_] = static_cast<std::uint16_t>(symbol);
    }
  }

  [[nodiscard]] bool is_lighter(std::uint16_t a, std::uint16_t b) const {
    return weights_[a] < weights_[b] || (weights_[a] == weights_[b] && depths_[a] <= depths_[b]);
  }

  void sift_down(std::size_t at) {
    const std::uint16_t node = heap_[at];
    for (std::size_t child = 2 * at; child <= size_; child *= 2) {
      if (child < size_ && is_lighter(heap_[child + 1], heap_[child])) ++child;
      if (is_lighter(node, heap_[child])) break;
      heap_[at] = heap_[child];
      at = child;
    }
    heap_[at] = node;
  }

  void join_two() {
    const std::uint16_t a = heap_[1];
    heap_[1] = heap_[size_--];
    sift_down(1);
    const std::uint16_t b = heap_[1];
    order_.push_back(a);
    order_.push_back(b);
    const auto parent = static_cast<std::uint16_t>(next_++);
    weights_[parent] = weights_[a] + weights_[b];
    depths_[parent] = std::max(depths_[a], depths_[b]) + 1U;
    parents_[a] = parent;
    parents_[b] = parent;
    heap_[1] = parent;
    sift_down(1);
  }

  /// Moves leaves down until the codes fit, then gives the longest codes to the lightest symbols.
  void shorten(std::size_t too_long) {
    for (auto left = static_cast<std::ptrdiff_t>(too_long); left > 0; left -= 2) {
      unsigned length = limit_ - 1;
      while (of_length_[length] == 0) --length;
      --of_length_[length];
      of_length_[length + 1] += 2;
      --of_length_[limit_];
    }
    std::size_t at = order_.size();
    for (unsigned length = limit_; length > 0; --length) {
      for (std::size_t left = of_length_[length]; left > 0;) {
        const std::uint16_t node = order_[--at];
        if (node >= leaves_) continue;
        lengths_[node] = static_cast<std::uint8_t>(length);
        --left;
      }
    }
  }

  unsigned limit_;
  std::size_t leaves_ = 0;
  std::size_t used_ = 0;  ///< 1 + the last symbol that occurs
  std::size_t size_ = 0;
  std::size_t next_ = 0;
  std::array<std::uint32_t, kMostNodes> weights_{};
  std::array<std::uint32_t, kMostNodes> depths_{};
  std::array<std::uint16_t, kMostNodes> parents_{};
  std::array<std::uint8_t, kMostNodes> lengths_{};
  std::array<std::uint16_t, kMostNodes + 1> heap_{};
  std::array<std::size_t, kLongestCode + 2> of_length_{};
  std::vector<std::uint16_t> order_;
};

void add_run(std::vector<LengthItem>& items, std::uint8_t length, std::size_t run) {
  const auto add = [&](std::uint8_t symbol, std::size_t extra) {
    items.push_back({symbol, static_cast<std::uint8_t>(extra)});
  };
  if (length == 0) {
    for (std::size_t part = 0; run >= 11; run -= part) add(kManyZeros, (part = std::min<std::size_t>(run, 138)) - 11);
    if (run >= 3) add(kZeros, std::exchange(run, 0) - 3);
  } else {
    add(length, 0);
    --run;
    for (std::size_t part = 0; run >= 3; run -= part) add(kRepeat, (part = std::min<std::size_t>(run, 6)) - 3);
  }
  for (; run > 0; --run) add(length, 0);
}

void add_runs(std::vector<LengthItem>& items, std::span<const std::uint8_t> lengths) {
  for (auto from = lengths.begin(); from != lengths.end();) {
    const auto to = std::find_if(from, lengths.end(), [&](std::uint8_t length) { return length != *from; });
    add_run(items, *from, static_cast<std::size_t>(to - from));
    from = to;
  }
}

}  // namespace

void zlib_lengths(std::span<const std::uint32_t> counts, unsigned limit, std::span<std::uint8_t> lengths) {
  HeapTree tree(counts, limit);
  tree.build();
  tree.lengths(lengths);
}

void go_lengths(std::span<const std::uint32_t> counts, unsigned limit, std::span<std::uint8_t> lengths) {
  std::array<std::uint32_t, kLiteralSymbols> used{};
  std::ranges::copy(counts, used.begin());
  // A code has at least one symbol.
  if (std::ranges::all_of(counts, [](std::uint32_t count) { return count == 0; })) used[0] = 1;
  std::array<go_deflate::Code, kLiteralSymbols> codes{};
  go_deflate::assign_codes(std::span(used).first(counts.size()), limit, std::span(codes).first(counts.size()));
  std::transform(codes.begin(), codes.begin() + static_cast<std::ptrdiff_t>(counts.size()), lengths.begin(),
                 [](const go_deflate::Code& code) { return code.length; });
}

std::vector<LengthItem> length_items(const CodeHeader& header, bool apart) {
  const auto literals = std::span(header.literal_lengths).first(header.literals);
  const auto distances = std::span(header.distance_lengths).first(header.distances);
  std::vector<LengthItem> items;
  if (apart) {
    add_runs(items, literals);
    add_runs(items, distances);
    return items;
  }
  std::vector<std::uint8_t> all(literals.begin(), literals.end());
  all.insert(all.end(), distances.begin(), distances.end());
  add_runs(items, all);
  return items;
}

}  // namespace ociferry::recipe
