#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "support/tls.hpp"

namespace ociferry::testing {

/// One request of the test rig itself, made by libcurl without any code of ociferry's.
struct HttpCall {
  std::string method = "GET";
  std::string url;
  std::vector<std::string> headers = {};             ///< "Name: value"
  std::string body = {};                             ///< sent by PUT, POST and PATCH, with its length
  std::string user = {};                             ///< "name:password" for basic authentication; empty: none
  bool any_certificate = false;                      ///< https with a server whose certificate is wrong
  std::filesystem::path certificate_authority = {};  ///< trusted for https
  ClientIdentity client = {};                        ///< shown to the server; empty: none
};

/// The answer to a HttpCall.
struct HttpAnswer {
  int status = 0;  ///< 0 if there was none: nobody listens, or the connection broke
  std::string body;
  std::string headers;  ///< as received, of the last answer

  /// The value of a header, whatever its case; empty if it is not there.
  [[nodiscard]] std::string header(const std::string& name) const;
};

/// Makes the call, follows no redirect, gives up after a minute. Throws only if libcurl cannot be set up.
[[nodiscard]] HttpAnswer perform(const HttpCall& call);

}  // namespace ociferry::testing
