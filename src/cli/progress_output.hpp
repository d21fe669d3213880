#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "cli/progress_view.hpp"

namespace ociferry {

/// How progress is shown on standard error.
enum class ProgressForm {
  None,
  Lines,  ///< one after a second, then one every ten
  Live,   ///< one line of a terminal that is rewritten
  Json,   ///< events, an object a line; see the manual
};

/// Prints the progress at intervals. Not thread-safe.
class ProgressOutput {
 public:
  using Clock = ProgressView::Clock;
  using Time = ProgressView::Time;
  using Write = std::function<void(std::string_view)>;

  /// `terminal` is a file descriptor whose width counts for Live; `write` prints text, newlines included.
  ProgressOutput(ProgressForm form, int terminal, Write write);

  void phase(std::string_view name, std::uint64_t total_bytes, Time now);
  void advance(std::int64_t bytes) { view_.advance(bytes); }
  void skip(std::int64_t bytes) { view_.skip(bytes); }
  void wait(const Wait& wait, Time now);
  /// Call it a few times a second.
  void tick(Time now);
  /// Clears the line for other output.
  void clear();
  /// Ends the output.
  void finish(Time now);
  /// One event as JSON: `members` behind "version" and "event".
  void event(std::string_view name, Json::Object members);

  [[nodiscard]] ProgressForm form() const { return form_; }

 private:
  void show(Time now);
  [[nodiscard]] bool is_due(Time now) const;

  ProgressForm form_;
  int terminal_;
  Write write_;
  ProgressView view_;
  Time last_shown_{};
  bool live_line_shown_ = false;
};

}  // namespace ociferry
