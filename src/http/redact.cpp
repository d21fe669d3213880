#include "http/redact.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ociferry {

namespace {

constexpr std::string_view kHidden = "[not shown]";

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::any_of(names, [&](std::string_view one) { return text::equals_ignoring_case(one, name); });
}

// Anything not listed may be a secret: servers use headers and parameters of their own.
constexpr std::array<std::string_view, 37> kHarmlessHeaders{"Accept",
                                                            "Accept-Ranges",
                                                            "Age",
                                                            "Allow",
                                                            "Cache-Control",
                                                            "Connection",
                                                            "Content-Encoding",
                                                            "Content-Length",
                                                            "Content-Range",
                                                            "Content-Type",
                                                            "Date",
                                                            "Docker-Content-Digest",
                                                            "Docker-Distribution-Api-Version",
                                                            "Docker-RateLimit-Source",
                                                            "Docker-Upload-UUID",
                                                            "ETag",
                                                            "Expires",
                                                            "If-Range",
                                                            "Last-Modified",
                                                            "Link",
                                                            "Location",
                                                            "OCI-Chunk-Min-Length",
                                                            "OCI-Filters-Applied",
                                                            "OCI-Subject",
                                                            "Range",
                                                            "RateLimit-Limit",
                                                            "RateLimit-Remaining",
                                                            "Retry-After",
                                                            "Server",
                                                            "Transfer-Encoding",
                                                            "User-Agent",
                                                            "Vary",
                                                            "Via",
                                                            "Warning",
                                                            "WWW-Authenticate",
                                                            "X-Content-Type-Options",
                                                            "X-Request-Id"};

constexpr std::array<std::string_view, 14> kHarmlessParameters{
    "account", "artifactType", "client_id", "digest",        "from",  "last",    "mount",
    "n",       "next_page",    "ns",        "offline_token", "scope", "service", "page_size"};

constexpr std::array<std::string_view, 15> kSecretParameters{
    "_state", "access_token", "api_key",       "apikey", "client_secret", "identitytoken", "key",  "password",
    "passwd", "pwd",          "refresh_token", "secret", "sig",           "signature",     "token"};

bool is_secret_parameter(std::string_view name) {
  const std::string lower = text::lower(name);
  return lower.starts_with("x-amz-") || lower.starts_with("x-goog-") || is_one_of(kSecretParameters, lower);
}

bool is_name_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/// The end of a secret that begins at `begin`: what may follow one in a sentence, a header or a URL.
std::size_t end_of_word(std::string_view text, std::size_t begin, std::string_view more_ends = "") {
  const auto ends = [&](char c) {
    return static_cast<unsigned char>(c) <= ' ' || std::string_view("\"'<>&;,)}").find(c) != std::string_view::npos ||
           more_ends.find(c) != std::string_view::npos;
  };
  while (begin < text.size() && !ends(text[begin])) ++begin;
  return begin;
}

/// "https://user:password@host" without user and password.
std::string without_userinfo(std::string_view text) {
  std::string out;
  for (;;) {
    const auto scheme = text.find("://");
    if (scheme == std::string_view::npos) return out.append(text);
    out.append(text.substr(0, scheme + 3));
    text.remove_prefix(scheme + 3);
    const std::string_view authority = text.substr(0, end_of_word(text, 0, "/?#"));
    const auto at = authority.rfind('@');
    if (at == std::string_view::npos) continue;
    out.append(kHidden);
    text.remove_prefix(at);
  }
}

/// "Authorization: Basic abc", "Bearer abc" and "Cookie: a=b; c=d" without their values, up to the end of the line.
std::string without_header_values(std::string_view text) {
  std::string out;
  const std::string lower = text::lower(text);
  std::size_t done = 0;
  while (done < text.size()) {
    std::size_t found = std::string::npos;
    std::size_t length = 0;
    for (const std::string_view name : {"authorization:", "cookie:", "bearer ", "basic "}) {
      const auto at = lower.find(name, done);
      if (at < found) found = at, length = name.size();
    }
    out.append(text.substr(done, found == std::string::npos ? found : found + length - done));
    if (found == std::string::npos) break;
    const std::string_view name = std::string_view(lower).substr(found, length);
    const bool whole_line = name.ends_with(':');
    std::size_t end = found + length;
    if (whole_line) {
      end = std::min(text.find_first_of("\r\n", end), text.size());
    } else {
      end = end_of_word(text, end);
    }
    // "basic authentication" is prose; credentials are longer than words, or contain other characters.
    const std::string_view value = text.substr(found + length, end - found - length);
    const bool prose = !whole_line && value.size() < 24 &&
                       std::ranges::all_of(value, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
    out.append(prose ? value : std::string_view(whole_line ? " [not shown]" : kHidden));
    done = end;
  }
  return out;
}

/// "name=value" without the values of secret parameters, percent-encoded or not.
std::string without_parameters(std::string_view text) {
  std::string out;
  std::size_t done = 0;
  for (auto equals = text.find('='); equals != std::string_view::npos; equals = text.find('=', done)) {
    std::size_t begin = equals;
    while (begin > done && is_name_char(text[begin - 1])) --begin;
    out.append(text.substr(done, equals + 1 - done));
    done = equals + 1;
    if (!is_secret_parameter(text.substr(begin, equals - begin))) continue;
    out.append(kHidden);
    if (done < text.size() && (text[done] == '"' || text[done] == '\'')) ++done;
    done = end_of_word(text, done);
  }
  return out.append(text.substr(done));
}

/// A value that may hold URLs: their queries as shown_query, no user names.
std::string shown_value(std::string_view value) {
  const std::string clean = without_userinfo(value);
  std::string out;
  std::string_view rest = clean;
  for (auto question = rest.find('?'); question != std::string_view::npos; question = rest.find('?')) {
    out.append(rest.substr(0, question + 1));
    rest.remove_prefix(question + 1);
    const auto end = std::min(rest.find_first_of("\"<> "), rest.size());
    out.append(shown_query(rest.substr(0, end)));
    rest.remove_prefix(end);
  }
  return out.append(rest);
}

}  // namespace

std::string shown_query(std::string_view query) {
  std::vector<std::string> shown;
  for (const std::string& parameter : text::split(query, '&')) {
    const auto equals = parameter.find('=');
    const std::string_view name = std::string_view(parameter).substr(0, equals);
    const bool whole = equals != std::string::npos && is_one_of(kHarmlessParameters, name);
    if (whole || parameter.empty()) {
      shown.push_back(parameter);
    } else {
      shown.push_back(equals == std::string::npos ? std::string(kHidden) : text::cat(name, "=", kHidden));
    }
  }
  return text::join(shown, "&");
}

std::string shown_header(std::string_view name, std::string_view value) {
  if (text::equals_ignoring_case(name, "Authorization")) {
    const auto space = value.find(' ');
    return space == std::string_view::npos ? std::string(kHidden) : text::cat(value.substr(0, space + 1), kHidden);
  }
  return is_one_of(kHarmlessHeaders, name) ? shown_value(value) : std::string(kHidden);
}

std::string without_secrets(std::string_view text) {
  return without_parameters(without_header_values(without_userinfo(text)));
}

}  // namespace ociferry
