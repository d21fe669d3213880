#include "transfer/progress_meter.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace ociferry;

namespace {

class Recorder : public Progress {
 public:
  void phase(std::string_view name, std::uint64_t total) override { add(name) += std::to_string(total); }
  void advance(std::int64_t bytes) override { add("+") += std::to_string(bytes); }
  void skip(std::int64_t bytes) override { add("=") += std::to_string(bytes); }
  void wait(const Wait& wait) override { add(wait.peer); }
  void event(std::string_view line) override { add(line); }
  void warn(std::string_view line) override { add(line); }
  void debug(std::string_view line) override { add(line); }
  std::string told;

 private:
  std::string& add(std::string_view text) { return told.append(told.empty() ? "" : " ").append(text); }
};

}  // namespace

TEST_CASE("a meter forwards every call") {
  Recorder recorder;
  ProgressMeter meter(recorder);
  meter.phase("phase", 7);
  meter.advance(5);
  meter.advance(-5);
  meter.skip(9);
  meter.wait({.peer = "peer", .reason = "why"});
  meter.event("event");
  meter.warn("warning");
  meter.debug("detail");
  CHECK(recorder.told == "phase7 +5 +-5 =9 peer event warning detail");
}

TEST_CASE("moved bytes count, also of failed attempts, and existing blobs do not") {
  Recorder recorder;
  ProgressMeter meter(recorder);
  meter.advance(256);
  meter.advance(-256);
  meter.advance(256);
  meter.skip(300);
  CHECK(meter.bytes_moved() == 512);
}
