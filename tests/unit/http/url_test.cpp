#include "http/url.hpp"

#include <doctest/doctest.h>

#include "ociferry/error.hpp"

using namespace ociferry;

TEST_CASE("a URL is split into origin, path and query") {
  const Url url = Url::parse("HTTPS://Reg.Example:8443/v2/a/../b?x=1&y=a%2Bb#part");
  CHECK(url.origin() == Origin{"https", "reg.example", 8443});
  CHECK(url.path() == "/v2/b");
  CHECK(url.query() == "x=1&y=a%2Bb");
  CHECK(url.text() == "https://reg.example:8443/v2/b?x=1&y=a%2Bb");
  CHECK(url.shown() == "https://reg.example:8443/v2/b");
  CHECK(Url::parse("http://h").text() == "http://h/");
  CHECK(Url::parse("https://h:443/").origin() == Url::parse("https://H/").origin());
  CHECK(Url::parse("https://h/").origin() != Url::parse("http://h/").origin());
  CHECK(Url::parse("http://[::1]:5000/x").origin() == Origin{"http", "[::1]", 5000});
}

TEST_CASE("URLs other than http and https are refused") {
  for (const char* bad : {"", "h/x", "ftp://h/", "file:///etc/passwd", "https://", "https://h:0/", "https://h:65536/",
                          "https://h:x/", "https://a%2Fb/", "https://h/ x", "https://h\\@evil/", "https://[::1/",
                          "https://user:secret@h/", "https://h/\r\nX: y", "null://h"}) {
    CAPTURE(bad);
    CHECK_FALSE(Url::try_parse(bad).has_value());
  }
}

TEST_CASE("the message about a bad URL shows neither passwords nor queries") {
  try {
    static_cast<void>(Url::parse("https://user:secret@h/path?sig=topsecret"));
    FAIL("was taken");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Hostile);
    CHECK(error.message().find("secret") == std::string::npos);
    CHECK(error.message().find("@h/path") != std::string::npos);
  }
}

TEST_CASE("relative references are resolved as in RFC 3986, section 5.4") {
  const Url base = Url::parse("http://a/b/c/d;p?q");
  const auto resolved = [&](const char* reference) { return base.resolve(reference).text(); };
  CHECK(resolved("g") == "http://a/b/c/g");
  CHECK(resolved("./g") == "http://a/b/c/g");
  CHECK(resolved("g/") == "http://a/b/c/g/");
  CHECK(resolved("/g") == "http://a/g");
  CHECK(resolved("//g") == "http://g/");
  CHECK(resolved("?y") == "http://a/b/c/d;p?y");
  CHECK(resolved("g?y=/../x") == "http://a/b/c/g?y=/../x");
  CHECK(resolved("") == "http://a/b/c/d;p?q");
  CHECK(resolved(".") == "http://a/b/c/");
  CHECK(resolved("..") == "http://a/b/");
  CHECK(resolved("../g") == "http://a/b/g");
  CHECK(resolved("../../../g") == "http://a/g");
  CHECK(resolved("https://z/x?k=v:w") == "https://z/x?k=v:w");
  CHECK(resolved("/x:y") == "http://a/x:y");
  CHECK_THROWS_AS(resolved("gopher://x/"), Error);
}

TEST_CASE("a parameter is added to an unchanged query") {
  CHECK(Url::parse("https://h/u?_state=a%2B%3D").with_parameter("digest", "sha256:ab").text() ==
        "https://h/u?_state=a%2B%3D&digest=sha256%3Aab");
  CHECK(Url::parse("https://h/u").with_parameter("a", "b c&d").text() == "https://h/u?a=b%20c%26d");
}

TEST_CASE("loopback hosts are recognised, and similar names are not") {
  for (const char* host : {"localhost", "reg.localhost", "127.0.0.1", "127.8.9.10", "[::1]", "[0:0:0:0:0:0:0:1]",
                           "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "[::]", "localhost."}) {
    CAPTURE(host);
    CHECK(is_loopback(host));
  }
  for (const char* host : {"localhost.evil.org", "127.0.0.1.evil.org", "128.0.0.1", "127.1", "10.0.0.1", "[::2]"}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback(host));
  }
}

TEST_CASE("IPv4 addresses in ambiguous forms are refused") {
  for (const char* host : {"127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.0x1", "0x", "127.0.0.1.",
                           "1.2.3.4.5", "256.0.0.1", "reg.1"}) {
    CAPTURE(host);
    CHECK_FALSE(Url::try_parse("https://" + std::string(host) + "/").has_value());
  }
  for (const char* host : {"10.0.0.1", "1.example", "0x7f.example", "0xygen:5000", "reg1", "a.b1"}) {
    CAPTURE(host);
    CHECK(Url::try_parse("https://" + std::string(host) + "/").has_value());
  }
}

TEST_CASE("link-local and metadata addresses are recognised, and private ones are not among them") {
  for (const char* host :
       {"169.254.169.254", "169.254.0.1", "[fe80::1]", "[febf::1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]",
        "[fd00:ec2::254]", "[fd00:0ec2:0:0::0254]", "metadata.google.internal"}) {
    CAPTURE(host);
    CHECK(is_link_local(host));
  }
  for (const char* host :
       {"10.0.0.1", "192.168.1.1", "172.16.0.1", "169.253.1.1", "[fec0::1]", "[fe8::1]", "[fd00::1]", "feb0.example"}) {
    CAPTURE(host);
    CHECK_FALSE(is_link_local(host));
  }
}
