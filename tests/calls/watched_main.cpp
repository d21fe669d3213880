#include <atomic>
#include <fstream>
#include <memory>
#include <mutex>

#include "call_script.hpp"
#include "cli/command.hpp"
#include "ferry/gather/watched_media.hpp"

// ociferry as it is, with somebody who watches its system calls. OCIFERRY_CALLS_COUNTERS: a file with what the device
// of each medium is said to have done, a line each time that it is asked for: bytes read, bytes written, milliseconds
// of work. Whoever asks for the time finds a second gone then.

namespace {

using ociferry::WatchedMedia;

void count_by(const std::string& file) {
  struct Counters {
    std::mutex mutex;
    std::ifstream lines;
    ociferry::DeviceCounters last;
  };
  auto counters = std::make_shared<Counters>();
  counters->lines.open(file);
  auto seconds = std::make_shared<std::atomic<int>>(0);
  WatchedMedia::usual_sources() = {
      .now = [seconds] { return std::chrono::steady_clock::time_point(std::chrono::seconds(++*seconds)); },
      .counters = [counters](dev_t) -> std::optional<ociferry::DeviceCounters> {
        const std::lock_guard lock(counters->mutex);
        std::int64_t busy = 0;
        if (counters->lines >> counters->last.read_bytes >> counters->last.written_bytes >> busy) {
          counters->last.busy = std::chrono::milliseconds(busy);
        }
        return counters->last;
      }};
}

}  // namespace

int main(int argc, char** argv) {
  ::setenv("OCIFERRY_SANDBOX", "off", 1);  // the script writes files of its own, wherever the command may write
  // Never destroyed: files are closed until the very end.
  static auto* const script = new ociferry::testing::CallScript;
  ociferry::calls::observe(script);
  if (const char* const counters = std::getenv("OCIFERRY_CALLS_COUNTERS")) count_by(counters);
  const std::vector<std::string> words(argv + 1, argv + argc);
  return ociferry::run_program("ociferry", words);
}
