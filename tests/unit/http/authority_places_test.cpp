#include "http/authority_places.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;
namespace fs = std::filesystem;

namespace {

void put(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << content;
}

}  // namespace

TEST_CASE("authorities are looked for in the usual places of all distributions") {
  const AuthorityPlaces places = authority_places(nullptr, nullptr, nullptr);
  for (const char* path : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                           "/etc/pki/tls/certs/ca-bundle.crt", "/var/lib/ca-certificates/ca-bundle.pem",
                           "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"}) {
    CAPTURE(path);
    CHECK(std::ranges::count(places.files, fs::path(path)) == 1);
  }
  CHECK(places.directories.empty());
  CHECK(places.fallback_directories.front() == "/etc/ssl/certs");
}

TEST_CASE("SSL_CERT_FILE goes before the file of the TLS library, and that before the usual places") {
  const AuthorityPlaces places = authority_places("/a", "/d1::/d2", "/etc/ssl/cert.pem");
  CHECK(places.files[0] == "/a");
  CHECK(places.files[1] == "/etc/ssl/cert.pem");
  CHECK(std::ranges::count(places.files, fs::path("/etc/ssl/cert.pem")) == 1);
  CHECK(places.directories == std::vector<fs::path>{"/d1", "/d2"});
  CHECK(authority_places("", "", "").files.front() == "/etc/ssl/certs/ca-certificates.crt");
}

TEST_CASE("authorities are read from the configured files and directories") {
  const TempDirectory temp = temp_directory();
  const fs::path root = temp.path();
  put(root / "first.pem", "1");
  put(root / "second.pem", "2\n");
  put(root / "d1/b", "b");
  put(root / "d1/a", "a");
  fs::create_directories(root / "d1/inner");
  fs::create_symlink(root / "gone", root / "d1/dangling");
  put(root / "d2/c", "c");
  fs::create_directories(root / "empty");
  struct Row {
    const char* name;
    AuthorityPlaces places;
    std::string pem;
    std::vector<fs::path> read;
  };
  const std::vector<Row> rows = {
      {"the first file",
       {{root / "gone", root / "first.pem", root / "second.pem"}, {}, {root / "d2"}},
       "1\n",
       {root / "first.pem"}},
      {"a directory is no file", {{root / "d1", root / "second.pem"}, {}, {}}, "2\n\n", {root / "second.pem"}},
      {"named directories beside a file",
       {{root / "first.pem"}, {root / "d1", root / "d2"}, {}},
       "1\na\nb\nc\n",
       {root / "first.pem", root / "d1", root / "d2"}},
      {"named directories alone", {{}, {root / "d1"}, {root / "d2"}}, "a\nb\n", {root / "d1"}},
      {"else the first directory with files",
       {{}, {}, {root / "gone", root / "empty", root / "d2", root / "d1"}},
       "c\n",
       {root / "d2"}},
      {"nothing at all", {{root / "gone"}, {}, {root / "empty"}}, "", {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const Authorities found = read_authorities(row.places);
    CHECK(found.pem == row.pem);
    CHECK(found.read == row.read);
  }
}

TEST_CASE("an error names the places where authorities were looked for") {
  const AuthorityPlaces places{{"/a", "/b"}, {"/c"}, {"/d"}};
  CHECK(where_looked(places, {"", {"/b", "/c"}}) == "the authorities that are trusted are those in /b, /c");
  CHECK(where_looked(places, {}) == "no authority is trusted, since none of these exists: /a, /b, /c, /d");
}
