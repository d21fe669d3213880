#include "cli/medium_option.hpp"

#include <fmt/format.h>

#include <chrono>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

void declare_verify_medium(Arguments& arguments) {
  arguments.flag("verify-medium",
                 "Before the archive gets its name, read all of it back from the medium, past the cache, and compare");
}

bool verifies_medium(const Arguments& arguments, const std::string& output) {
  if (!arguments.on("verify-medium")) return false;
  if (output == "-") throw Error(ErrorCode::Usage, "--verify-medium reads back a file, and standard output is none");
  return true;
}

void print_medium(const std::optional<MediumReading>& reading, Console& console) {
  if (!reading) return;
  std::string line =
      fmt::format("Read back from the medium itself{}", reading->is_past_cache ? "" : ", or from its cache");
  // A shorter time is no measurement of the medium.
  if (reading->busy >= std::chrono::seconds(1)) {
    line += fmt::format(", at {} a second", text::human_bytes(reading->bytes_a_second()));
  }
  console.result(line);
}

void add_medium_member(Json::Object& members, const std::optional<MediumReading>& reading) {
  if (!reading) return;
  members.emplace_back("medium", Json::Object{{"bytes", reading->bytes},
                                              {"milliseconds", reading->busy.count()},
                                              {"bytesPerSecond", reading->bytes_a_second()},
                                              {"pastCache", reading->is_past_cache}});
}

}  // namespace ociferry
