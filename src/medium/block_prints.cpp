#include "medium/block_prints.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "base/text.hpp"

namespace ociferry {

namespace {

constexpr std::uint64_t kMostPrints = std::uint64_t{1} << 20U;
constexpr std::uint64_t kZeros = 1;
constexpr std::uint64_t kOnes = 2;

/// Not 0.
std::uint64_t print_of(Bytes block) {
  std::uint64_t first = 0;
  std::memcpy(&first, block.data(), sizeof first);
  const bool may_be_blank = first == 0 || first == ~std::uint64_t{0};
  std::uint64_t print = 0xcbf29ce484222325U;
  bool is_uniform = may_be_blank;
  for (std::size_t at = 0; at < block.size(); at += sizeof first) {
    std::uint64_t word = 0;
    std::memcpy(&word, block.data() + at, sizeof word);
    is_uniform = is_uniform && word == first;
    print = std::rotl((print ^ word) * 0x9e3779b97f4a7c15U, 29);
  }
  if (is_uniform) return first == 0 ? kZeros : kOnes;
  return print | 4U;
}

std::uint64_t round_up(std::uint64_t offset, std::uint64_t step) { return (offset + step - 1) / step * step; }

}  // namespace

const BlockPrints::File* BlockPrints::find(const std::string& name) const {
  const auto found = std::ranges::find(files_, name, &File::name);
  return found == files_.end() ? nullptr : &*found;
}

std::size_t BlockPrints::add(const std::string& name, std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (files_[i].name == name) return i;
  }
  const std::uint64_t step = std::max<std::uint64_t>(kBlock, std::bit_ceil(size / kMostPrints));
  const auto count = static_cast<std::size_t>(size / step + 1);
  files_.push_back({name, step, count, std::make_unique<std::atomic<std::uint64_t>[]>(count)});
  return files_.size() - 1;
}

void BlockPrints::note(std::size_t file, std::uint64_t offset, Bytes bytes) {
  const File* to = nullptr;
  {
    const std::lock_guard lock(mutex_);
    to = &files_[file];
  }
  for (std::uint64_t at = round_up(offset, to->step); at + kBlock <= offset + bytes.size(); at += to->step) {
    const auto index = static_cast<std::size_t>(at / to->step);
    if (index >= to->count) return;
    const auto print = print_of(bytes.subspan(static_cast<std::size_t>(at - offset), kBlock));
    to->prints[index].store(print, std::memory_order_relaxed);
  }
}

std::unordered_map<std::uint64_t, BlockPrints::Place> BlockPrints::places_outside(
    const File& file, std::uint64_t from, std::uint64_t to, const std::unordered_set<std::uint64_t>& wanted) const {
  std::unordered_map<std::uint64_t, Place> first;
  for (const File& other : files_) {
    for (std::size_t i = 0; i < other.count; ++i) {
      const std::uint64_t at = i * other.step;
      if (&other == &file && at >= from && at + kBlock <= to) continue;
      const std::uint64_t print = other.prints[i].load();
      if (wanted.contains(print)) first.emplace(print, Place{&other, at});
    }
  }
  return first;
}

BlockPrints::Likeness BlockPrints::likeness(const std::string& name, std::uint64_t from, std::uint64_t to) const {
  const std::lock_guard lock(mutex_);
  Likeness found;
  const File* const file = find(name);
  if (file == nullptr) return found;
  found.file = name;
  std::unordered_set<std::uint64_t> wanted;
  const auto each_in_range = [&](const auto& take) {
    for (std::uint64_t at = round_up(from, file->step); at + kBlock <= to; at += file->step) {
      const std::uint64_t print = file->prints[static_cast<std::size_t>(at / file->step)].load();
      if (print != 0) take(at, print);
    }
  };
  each_in_range([&](std::uint64_t, std::uint64_t print) {
    if (print > kOnes) wanted.insert(print);
  });
  // Where each was seen first: outside of the range, or else earlier in it.
  auto first = places_outside(*file, from, to, wanted);
  each_in_range([&](std::uint64_t at, std::uint64_t print) { first.emplace(print, Place{file, at}); });
  each_in_range([&](std::uint64_t at, std::uint64_t print) {
    ++found.blocks;
    const Place& place = first.at(print);
    if (print > kOnes && place.file == file && place.offset == at) return;
    if (found.blank + found.repeated == 0) found.from = at;
    found.to = at + kBlock;
    if (print <= kOnes) {
      ++found.blank;
    } else if (++found.repeated == 1) {
      found.like_file = place.file->name;
      found.like_offset = place.offset;
    }
  });
  return found;
}

std::string tell_likeness(const BlockPrints::Likeness& likeness) {
  const auto range = text::cat("from offset ", likeness.from, " to ", likeness.to, " of ", likeness.file);
  constexpr std::string_view kFalse = "; a stick whose capacity is false, or that lost what it took, answers so";
  if (likeness.repeated > 0) {
    return text::cat("; ", range, ", ", likeness.repeated, " of ", likeness.blocks,
                     " blocks of 4096 bytes repeat what lies elsewhere, from offset ", likeness.like_offset, " of ",
                     likeness.like_file, " on", kFalse);
  }
  if (likeness.blank > 0) {
    // A layer that is not compressed has empty blocks of its own.
    const bool is_most = likeness.blank * 2 >= likeness.blocks;
    return text::cat("; ", range, ", ", likeness.blank, " of ", likeness.blocks,
                     " blocks of 4096 bytes are empty (all zeros or all ones)", is_most ? kFalse : "");
  }
  return {};
}

}  // namespace ociferry
