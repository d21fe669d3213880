#include "http/flight_limit.hpp"

#include <algorithm>

namespace ociferry {

FlightLimit::Epoch FlightLimit::begin() noexcept {
  ++in_flight_;
  return epoch_;
}

bool FlightLimit::end(Epoch begun, Outcome outcome) noexcept {
  const std::size_t under_way = in_flight_--;
  if (outcome == Outcome::Answered) grow();
  if (outcome != Outcome::TooMuch || begun != epoch_) return false;
  ++epoch_;
  succeeded_ = 0;
  before_ = std::max(before_, under_way);
  const std::size_t halved = std::max(kLeast, std::min(limit_, under_way) / 2);
  const bool is_less = halved < limit_;
  limit_ = std::min(limit_, halved);
  return is_less;
}

void FlightLimit::grow() noexcept {
  if (limit_ == kUnlimited || ++succeeded_ < kStep) return;
  succeeded_ = 0;
  limit_ = limit_ >= before_ ? kUnlimited : limit_ + 1;
}

}  // namespace ociferry
