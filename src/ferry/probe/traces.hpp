#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "registry/connection.hpp"

namespace ociferry {

/// What a probe has written to a registry, to be deleted again. Noted before it is written, so that nothing is
/// forgotten if the response is lost. Used by one thread.
class Traces {
 public:
  enum class Kind {
    Upload,
    Blob,
    Manifest,    ///< or a tag
    Repository,  ///< a new one: no request deletes it, so at the end it is only looked for
  };

  explicit Traces(Connection& connection) : connection_(connection) {}

  /// Notes what is about to be at `url`; `what` names it for people. Returns its number.
  std::size_t add(Kind kind, std::string what, Url url, Scope scope);
  /// Its URL has changed.
  void move(std::size_t trace, Url url) { traces_.at(trace).url = std::move(url); }
  /// It was not written: the registry has refused it.
  void forget(std::size_t trace) { traces_.at(trace).is_gone = true; }
  /// Deletes it. False if it may remain. Throws Error{Interrupted}.
  bool remove(std::size_t trace, const std::stop_token& stop);

  /// Deletes everything, the last written first, for at most ten seconds, also after an interruption. Returns what
  /// remains, and why. What was not deleted, but is not there either, does not count: some registries delete a tag with
  /// its manifest only.
  [[nodiscard]] std::vector<std::string> clean_up();

 private:
  struct Trace {
    Kind kind;
    std::string what;
    Url url;
    Scope scope;
    bool is_gone = false;
    std::string refusal = {};
  };
  void try_to_remove(Trace& trace, const std::stop_token& stop);
  [[nodiscard]] bool is_there(const Trace& trace, const std::stop_token& stop);
  void look_for(Trace& trace, const std::stop_token& stop);

  Connection& connection_;
  std::vector<Trace> traces_;
};

}  // namespace ociferry
