#pragma once

#include <string>
#include <utility>
#include <vector>

#include "stream/base64.hpp"
#include "world.hpp"

namespace ociferry::testing {

/// "user:password" of the registries outside and inside.
inline const std::string kRobot = "robot:out-s3cret";
inline const std::string kClerk = "clerk:in-s3cret";

/// A user's entry in `auths` of a configuration file, under `key`.
inline std::string auth_entry(const std::string& key, const std::string& user) {
  return "\"" + key + R"(": {"auth": ")" + base64_encoded(user) + "\"}";
}

/// A configuration file that logs in each user under its key.
inline std::string auths(const std::vector<std::pair<std::string, std::string>>& users) {
  std::string entries;
  for (const auto& [key, user] : users) entries += (entries.empty() ? "" : ", ") + auth_entry(key, user);
  return R"({"auths": {)" + entries + "}}";
}

inline bool lacks_users() { return lacks({"docker-registry", "htpasswd"}); }

/// Registries that want to know who asks: kRobot outside, kClerk inside. Needs what `lacks_users` asks for.
inline World guarded_world() { return World{RegistryServer({.user = kRobot}), RegistryServer({.user = kClerk})}; }

}  // namespace ociferry::testing
