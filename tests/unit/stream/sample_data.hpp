#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// Inputs for compression tests that are the same on every machine, so their compressed digests can be written down.
namespace ociferry::sample {

/// xorshift64: small, and the same everywhere, unlike the distributions of <random>.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15U + 1) {}
  std::uint64_t below(std::uint64_t end) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return (state_ >> 11) % end;
  }

 private:
  std::uint64_t state_;
};

/// Bytes without any pattern.
inline std::string noise(std::uint64_t seed, std::size_t size) {
  Random random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random.below(256));
  return out;
}

/// Words of a small vocabulary.
inline std::string words(std::uint64_t seed, std::size_t size) {
  Random random(seed);
  std::vector<std::string> vocabulary(400);
  for (std::string& word : vocabulary) {
    word.resize(2 + random.below(8));
    for (char& c : word) c = static_cast<char>('a' + random.below(26));
  }
  std::string out;
  while (out.size() < size) out += vocabulary[random.below(vocabulary.size())] + ' ';
  out.resize(size);
  return out;
}

/// Words, noise, runs and repetitions from near and far, in turn.
inline std::string patchwork(std::uint64_t seed, std::size_t size) {
  Random random(seed);
  std::string out;
  while (out.size() < size) {
    const std::size_t length = 1 + random.below(400);
    switch (out.empty() ? 0 : random.below(4)) {
      case 0: out += words(random.below(50), length); break;
      case 1: out += noise(random.below(1000), length); break;
      case 2: out.append(length, static_cast<char>(random.below(256))); break;
      default: out += out.substr(out.size() - 1 - random.below(std::min<std::size_t>(out.size(), 40'000)), length);
    }
  }
  out.resize(size);
  return out;
}

/// Shuffled bytes whose counts grow like the Fibonacci numbers: the best code would need more than 15 bits.
inline std::string skewed(std::uint64_t seed) {
  Random random(seed);
  std::string out;
  std::size_t count = 1;
  std::size_t next = 1;
  for (char symbol = 0; out.size() + count <= 65'000; ++symbol) {
    out.append(count, symbol);
    count = std::exchange(next, count + next);
  }
  for (std::size_t i = out.size(); i > 1; --i) std::swap(out[i - 1], out[random.below(i)]);
  return out;
}

}  // namespace ociferry::sample
