#include "layout/compact/shared_contents.hpp"

#include <algorithm>

#include "layout/compact/difference.hpp"

namespace ociferry::compact {

void SharedContents::count(const std::vector<FoundContent>& contents) {
  for (const FoundContent& found : contents) {
    if (!found.base_steps.empty()) continue;
    const auto [place, is_new] = contents_.try_emplace(found.key, Content{.size = found.size});
    if (!is_new) place->second.is_repeated = true;
  }
}

std::uint64_t SharedContents::kept_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& [key, content] : contents_) {
    if (content.is_repeated) bytes += content.size;
  }
  return bytes;
}

void SharedContents::keep_repeated(std::vector<FoundContent>& contents) const {
  std::erase_if(contents, [&](const FoundContent& found) {
    return found.base_steps.empty() && !contents_.at(found.key).is_repeated;
  });
  contents.shrink_to_fit();
}

std::vector<Step> SharedContents::base_steps(const FoundContent& found, std::uint64_t at, std::uint64_t until) const {
  std::vector<Step> part;
  const std::uint64_t kept_at = base_->kept_at.at(found.base.offset);
  std::uint64_t begin = found.offset;
  for (const Step& step : found.base_steps) {
    const std::uint64_t from = std::max(begin, at);
    const std::uint64_t to = std::min(begin + step.bytes, until);
    if (from < to) {
      const bool takes = step.kind == Step::Kind::Copy || step.kind == Step::Kind::Differ;
      part.push_back({.kind = step.kind, .bytes = to - from, .from = takes ? kept_at + step.from + (from - begin) : 0});
    }
    begin += step.bytes;
  }
  return part;
}

void SharedContents::add_shared(const FoundContent& found, std::uint64_t at, std::uint64_t until,
                                std::vector<Step>& steps) {
  Content& content = contents_.at(found.key);
  if (at == found.offset) is_first_ = !content.kept_at;
  if (!content.kept_at) {
    content.kept_at = kept_;
    kept_ += content.size;
  }
  if (is_first_) {
    add_step(steps, {.kind = Step::Kind::Kept, .bytes = until - at});
  } else {
    add_step(steps, {.kind = Step::Kind::Copy, .bytes = until - at, .from = *content.kept_at + (at - found.offset)});
  }
}

std::vector<Step> SharedContents::steps(const std::vector<FoundContent>& contents, std::size_t& next,
                                        std::uint64_t offset, std::uint64_t size) {
  std::vector<Step> steps;
  std::uint64_t at = offset;
  const std::uint64_t end = offset + size;
  while (at < end) {
    if (next == contents.size() || contents[next].offset >= end) {
      add_step(steps, {.kind = Step::Kind::New, .bytes = end - at});
      break;
    }
    const FoundContent& found = contents[next];
    if (at < found.offset) {
      add_step(steps, {.kind = Step::Kind::New, .bytes = found.offset - at});
      at = found.offset;
    }
    const std::uint64_t until = std::min(end, found.offset + found.size);
    if (found.base_steps.empty()) {
      add_shared(found, at, until, steps);
    } else {
      for (const Step& step : base_steps(found, at, until)) add_step(steps, step);
    }
    at = until;
    if (at == found.offset + found.size) ++next;
  }
  return steps;
}

}  // namespace ociferry::compact
