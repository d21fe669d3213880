#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.hpp"
#include "layout/compact/compact_format.hpp"

namespace ociferry::compact {

/// Longer contents are not compared.
inline constexpr std::uint64_t kMostComparedBytes = std::uint64_t{128} * 1024 * 1024;

/// The steps New, Copy and Differ that make `now` of `before`: `from` is an offset in `before`. What moved is found
/// again, also where many single bytes of it have changed, as addresses do when a program is compiled again. Takes
/// memory of the size of `before`, and some for each step, besides both contents. Pure.
[[nodiscard]] std::vector<Step> difference(Bytes before, Bytes now);

/// Appends `step`, or makes the last one longer where it goes on.
void add_step(std::vector<Step>& steps, const Step& step);

}  // namespace ociferry::compact
