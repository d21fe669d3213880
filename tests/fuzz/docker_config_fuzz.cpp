// Any configuration of Docker, and any answer of a credential helper, gives credentials, none, or an error, which shows
// nothing of what may be a secret.

#include <vector>

#include "credentials/docker_config.hpp"
#include "fuzz.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

const RepositoryName kNames[] = {{"r.example", "team/app"}, {"index.docker.io", "library/x"}, {"r.example:5000", "a"}};

void check(const Credential& credential) {
  testing::require(!credential.is_anonymous(), "a credential that is found is one");
}

void find_in(const DockerConfig& config) {
  for (const RepositoryName& name : kNames) {
    std::vector<std::string> asked;
    const auto helper = [&](const std::string& which, const std::string& server) -> std::optional<Credential> {
      testing::require(!which.empty() && !server.empty(), "a helper is asked about something");
      asked.push_back(which);
      if (which.starts_with('k')) return Credential{"user", "password"};
      return std::nullopt;
    };
    try {
      const Finding found = config.find(name, helper);
      if (found.wins()) check(found.credential);
    } catch (const Error& error) {
      testing::require(error.code() == ErrorCode::Usage || error.code() == ErrorCode::Hostile, "a mistake is told");
    }
  }
}

void check_config(std::string_view text, DockerConfig (*parse)(std::string_view, const std::string&)) {
  try {
    find_in(parse(text, "config"));
  } catch (const Error& error) {
    testing::require(error.code() == ErrorCode::Usage, "what is no configuration is the user's mistake");
    testing::require(error.message() == "config: not valid JSON" || error.message() == "config: not a JSON object",
                     "nothing of a broken file is shown");
  }
}

std::string complaint_about(const std::string& auth) {
  const Json entry(Json::Object{{"auth", auth}});
  const Json content(Json::Object{{"auths", Json::Object{{"r.example", entry}}}});
  try {
    const auto none = [](const std::string&, const std::string&) { return std::optional<Credential>(); };
    const Finding found = DockerConfig::parse(content.dump(), "config").find(kNames[0], none);
    if (found.wins()) check(found.credential);
  } catch (const Error& error) {
    return std::string(error.what()) + error.hint_text();
  }
  return "";
}

/// What is told of an entry that cannot be read does not depend on what is in it.
void check_auth(std::string_view text) {
  const std::string told = complaint_about(std::string(text));
  testing::require(told.empty() || told == complaint_about("%"), "nothing of a broken entry is shown");
}

void check_answer(std::string_view text) {
  try {
    const auto credential = parse_helper_answer(text, "docker-credential-x");
    if (credential) check(*credential);
  } catch (const Error& error) {
    testing::require(error.code() == ErrorCode::Unauthorized, "a helper that talks nonsense gives no credentials");
    testing::require(error.message() == "docker-credential-x answered with something that is not JSON",
                     "nothing of an answer is shown");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = testing::fuzz_text(data, size);
  check_config(text, DockerConfig::parse);
  check_config(text, DockerConfig::parse_dockercfg);
  check_auth(text);
  check_answer(text);
  return 0;
}
