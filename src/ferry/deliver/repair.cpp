#include "ferry/deliver/repair.hpp"

#include <chrono>

#include "base/text.hpp"
#include "http/clock.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

constexpr int kRepairs = 2;
/// Registries notice a lost blob after a short time only. With the default delay this is 2 s.
constexpr int kDelays = 4;

}  // namespace

void run_with_repairs(std::string_view to, const Context& context, const std::function<void(Round)>& work) {
  for (int repairs = 0;; ++repairs) {
    try {
      return work(repairs == 0 ? Round::First : Round::Repair);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::Unstable || repairs == kRepairs) throw;
      context.progress->warn(text::cat(error.message(), "; checking every blob in ", to));
    }
    real_clock().sleep_until(std::chrono::steady_clock::now() + kDelays * context.registry.retry_delay, context.stop);
  }
}

}  // namespace ociferry
