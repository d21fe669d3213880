#include "call_log.hpp"

#include <stdexcept>

#include "base/text.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

std::vector<LoggedCall> read_call_log(const std::filesystem::path& file, bool with_data) {
  const std::string text = read_text(file);
  std::vector<LoggedCall> log;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    const std::vector<std::string> fields = text::split(text.substr(at, end - at), '\t');
    if (end == std::string::npos || fields.size() != 7) throw std::runtime_error("not a log of calls");
    LoggedCall call{.kind = fields[0],
                    .path = fields[1],
                    .to = fields[2],
                    .flags = std::stoi(fields[3]),
                    .offset = std::stoull(fields[4]),
                    .size = std::stoull(fields[5]),
                    .result = std::stoll(fields[6])};
    at = end + 1;
    if (with_data && call.kind == "write" && call.result > 0) {
      call.data = text.substr(at, static_cast<std::size_t>(call.result));
      at += call.data.size();
    }
    log.push_back(std::move(call));
  }
  return log;
}

}  // namespace ociferry::testing
