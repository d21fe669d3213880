#include <curl/curl.h>
#include <doctest/doctest.h>

#include "http/curl_failure.hpp"
#include "http/tls_failure.hpp"

using namespace ociferry;
using Kind = TransportError::Kind;

namespace {

Kind kind(const CurlFailure& failure) { return transport_error("GET /: ", failure).kind(); }

std::string hint(const CurlFailure& failure) { return transport_error("GET /: ", failure).hint_text(); }

}  // namespace

TEST_CASE("a peer without TLS, a broken handshake and a TLS alert are distinguished") {
  for (const char* why : {"error:0A00010B:SSL routines::wrong version number",
                          "TLS connect error: error:0A0000C6:SSL routines::packet length too long",
                          "error:0A00009C:SSL routines::http request"}) {
    CAPTURE(why);
    CHECK(kind({.code = CURLE_SSL_CONNECT_ERROR, .why = why}) == Kind::NotTls);
  }
  for (const char* why : {"OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to r.example:443 ",
                          "OpenSSL SSL_connect: Connection reset by peer in connection to r.example:443 ",
                          "error:0A000126:SSL routines::unexpected eof while reading",
                          "error:80000068:system library::Connection reset by peer",
                          "TLS connect error: error:00000000:lib(0)::reason(0)", ""}) {
    CAPTURE(why);
    CHECK(kind({.code = CURLE_SSL_CONNECT_ERROR, .why = why}) == Kind::Handshake);
  }
  for (const char* why : {"error:0A000438:SSL routines::tlsv1 alert internal error",
                          "error:0A000410:SSL routines::sslv3 alert handshake failure",
                          "error:0A000119:SSL routines::decryption failed or bad record mac"}) {
    CAPTURE(why);
    CHECK(kind({.code = CURLE_SSL_CONNECT_ERROR, .why = why}) == Kind::Broken);
  }
}

TEST_CASE("a timeout before the connection is reported as no response") {
  CHECK(kind({.code = CURLE_OPERATION_TIMEDOUT, .why = "Connection timeout after 10001 ms"}) == Kind::Silent);
}

TEST_CASE("a message has no part of a proxy's password, for every text of libcurl") {
  for (const char* why :
       {"Unsupported proxy syntax in 'http://user:s3cr3t@127.0.0.1:99999'",
        "Unsupported proxy syntax in 'user:s3cr3t@127.0.0.1:99999'",
        "Unsupported proxy syntax in 'http://user:x/s3cr3t@proxy'",
        "Unsupported proxy scheme for 'gopher://user:s3cr3t@proxy'",
        "Unsupported proxy 'https://user:it's3cr3t@proxy', libcurl is built without the HTTPS-proxy support.",
        "something with http://user:s3cr3t@proxy:3128 in it"}) {
    CAPTURE(why);
    const TransportError error = transport_error("GET /: ", {.code = CURLE_COULDNT_CONNECT, .why = why});
    CHECK(error.message().find("s3cr3t") == std::string::npos);
    CHECK(error.hint_text().find("s3cr3t") == std::string::npos);
    if (std::string_view(why).starts_with("Unsupported")) {
      CHECK(error.kind() == Kind::Proxy);
      CHECK(error.hint_text().find("HTTPS_PROXY") != std::string::npos);
    }
  }
}

TEST_CASE("a proxy's refusal is final, and its 502 or 504 means that the server does not respond") {
  const auto tunnel = [](int status) {
    return transport_error("GET /: ",
                           {.code = CURLE_RECV_ERROR, .why = "CONNECT tunnel failed", .connect_status = status});
  };
  for (const int status : {400, 401, 403, 404, 405, 407, 501}) {
    CAPTURE(status);
    CHECK(tunnel(status).kind() == Kind::Proxy);
    CHECK_FALSE(tunnel(status).is_transient());
    CHECK_FALSE(tunnel(status).hint_text().empty());
  }
  CHECK(tunnel(407).hint_text().find("USER:PASSWORD") != std::string::npos);
  for (const int status : {500, 502, 503, 504}) CHECK(tunnel(status).kind() == Kind::Connect);
  CHECK(tunnel(429).kind() == Kind::Broken);
  CHECK(tunnel(200).kind() == Kind::Broken);  // the tunnel stood; what broke is behind it
}

TEST_CASE("the hint depends on what is wrong with a certificate") {
  const auto refused = [](long why) { return hint({.code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = why}); };
  for (const long time : {9, 10}) {
    CHECK(refused(time).find("clock") != std::string::npos);
    CHECK(refused(time).find("renewed") != std::string::npos);
  }
  for (const long name : {0, 1, 62, 64}) CHECK(refused(name).find("another name") != std::string::npos);
  for (const long authority : {2, 18, 19, 20, 21}) {
    CHECK(refused(authority).find("--registry-ca-cert-path") != std::string::npos);
  }
  CHECK(refused(23).empty());  // revoked
  CHECK(kind({.code = CURLE_PEER_FAILED_VERIFICATION, .verify_result = 10}) == Kind::Certificate);
}

TEST_CASE("permanent failures have no hint to run the command again") {
  for (const Kind lasting : {Kind::NotTls, Kind::Certificate, Kind::Proxy}) {
    CHECK(TransportError(lasting, "").is_lasting());
    CHECK_FALSE(TransportError(lasting, "").is_transient());
  }
  for (const Kind passing : {Kind::Connect, Kind::Silent, Kind::Handshake, Kind::Broken}) {
    CHECK_FALSE(TransportError(passing, "").is_lasting());
    CHECK(TransportError(passing, "").is_transient());
  }
}

TEST_CASE("the hint for an unknown host names the name servers") {
  CHECK(hint({.code = CURLE_COULDNT_RESOLVE_HOST, .why = "Could not resolve host: r"}).find("name servers") !=
        std::string::npos);
  CHECK(hint({.code = CURLE_COULDNT_CONNECT, .why = "refused"}).empty());
}
