#pragma once

#include <cerrno>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/system_calls.hpp"

namespace ociferry::testing {

/// For as long as it lives, gives the first `times` calls of one kind the same verdict, and writes down all calls.
class CallVerdict : public calls::Observer {
 public:
  CallVerdict(calls::Kind kind, calls::Verdict verdict, std::size_t times = std::numeric_limits<std::size_t>::max())
      : kind_(kind), verdict_(verdict), left_(times) {
    calls::observe(this);
  }
  CallVerdict(const CallVerdict&) = delete;
  CallVerdict& operator=(const CallVerdict&) = delete;
  ~CallVerdict() override { calls::observe(nullptr); }

  calls::Verdict before(const calls::Call& call) noexcept override {
    if (call.kind != kind_ || left_ == 0) return {};
    --left_;
    return verdict_;
  }
  void after(const calls::Call& call, std::int64_t result) noexcept override {
    made.push_back(call.kind);
    if (call.kind == calls::Kind::Write) written.push_back(result);
    errno = EDOM;  // must not be seen
  }

  std::vector<calls::Kind> made;  ///< those that were not made to fail
  std::vector<std::int64_t> written;

 private:
  calls::Kind kind_;
  calls::Verdict verdict_;
  std::size_t left_;
};

}  // namespace ociferry::testing
