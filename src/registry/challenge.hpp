#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ociferry {

/// One way to authenticate that a server offers in WWW-Authenticate (RFC 9110 section 11.6.1).
struct Challenge {
  std::string scheme;                             ///< lower case: "basic", "bearer"
  std::map<std::string, std::string> parameters;  ///< names in lower case

  [[nodiscard]] std::string parameter(const std::string& name) const;
};

/// Parses all challenges of all WWW-Authenticate fields. Ignores the rest of a field after a syntax error.
[[nodiscard]] std::vector<Challenge> parse_challenges(const std::vector<std::string>& fields);

/// The first Basic challenge, or Bearer challenge with a realm.
[[nodiscard]] std::optional<Challenge> usable_challenge(const std::vector<Challenge>& challenges);
/// The first Bearer challenge with a realm.
[[nodiscard]] std::optional<Challenge> token_challenge(const std::vector<Challenge>& challenges);

}  // namespace ociferry
