#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "support/http_messages.hpp"

namespace ociferry::testing {

/// Which requests a rule is for: those that all of its fields fit. Empty fields fit everything.
struct Match {
  std::string method = {};
  std::string path = {};    ///< a regular expression (ECMAScript), found in the path or the query as sent
  std::string header = {};  ///< the same, found in one of the lines "name: value", the name in lower case
  int listener = 0;         ///< 1: the proxy's first address, 2: its second; 0: either
};

/// How a connection ends.
enum class Cut {
  Reset,  ///< RST, as from a proxy that was killed
  Close,  ///< FIN, as from a server that thinks it is done
  Stall,  ///< not at all: nothing moves any more
};

/// What becomes of a request that a rule fits. What is not set stays as it is.
struct Fault {
  std::optional<HttpReply> answer = {};  ///< given in the registry's place
  /// The same, if it gives one. Called from several threads at once, and may block.
  std::function<std::optional<HttpReply>(const HttpRequest&)> decide = {};
  std::vector<std::string> drop_headers = {};  ///< of the request: the registry does not see them
  bool answer_early = false;                   ///< before the request's body was read; the connection ends behind it
  std::optional<std::size_t> cut_request{};    ///< the connection ends after so many bytes of the request's body
  bool forget_session = false;                 ///< the upload is cancelled at the registry before it gets the request
  std::optional<int> redirect = {};            ///< answered with this status, and the same path at the second address

  bool lose_answer = false;                   ///< the registry does as it is asked; the connection ends unanswered
  std::optional<std::size_t> cut_answer{};    ///< the connection ends after so many bytes of the answer's body
  Cut cut = Cut::Reset;                       ///< for the three above
  std::optional<std::size_t> flip = {};       ///< a bit of this byte of the answer's body is turned
  std::string append = {};                    ///< behind the answer's body
  std::optional<std::int64_t> length_lie{};   ///< added to the true Content-Length
  bool chunked = false;                       ///< the answer does not tell its length
  Headers set_headers = {};                   ///< of the answer; an empty value takes the header away
  std::chrono::milliseconds delay{0};         ///< before the answer
  std::size_t slice = 0;                      ///< the answer's body goes in pieces of so many bytes
  std::chrono::milliseconds slice_pause{20};  ///< between two of them
  std::function<void(const HttpRequest&, HttpReply&)> rewrite = {};  ///< any other change to the answer
};

/// A fault for the requests that `match` fits, less the first `skip`, and `times` of them.
struct Rule {
  static constexpr std::size_t kAlways = std::numeric_limits<std::size_t>::max();
  Match match = {};
  Fault fault = {};
  std::size_t times = kAlways;
  std::size_t skip = 0;
};

/// One request as it passed the proxy.
struct Exchange {
  HttpRequest request = {};
  int listener = 1;
  int status = 0;       ///< of the answer that the client was sent; 0: none, or not yet
  bool faulty = false;  ///< a rule was applied
};

}  // namespace ociferry::testing
